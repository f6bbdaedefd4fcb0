"""Safetensors files whose bytes depend on their content alone, and how to tell what kind a file is and if it is whole.

A weight file and a training checkpoint are both safetensors; they differ in the text entries of the header. One more
text entry is the digest of all else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

WEIGHTS_KEY, WEIGHTS_FORMAT = "format", "box2mask-1"
"""Text entry of our weight files, and its value; files of others may have one of that name."""
CHECKPOINT_KEY = "box2mask"
"""Text entry that our training checkpoints have."""
DIGEST_KEY = "sha256"
"""Text entry with the digest of the tensors and of the other text entries."""

_LENGTH_BYTES = 8
_ALIGNMENT = 8


def to_bytes(tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> bytes:
    """Content of a safetensors file, its digest among the text entries; the same for the same tensors and texts.

    The package writes the text entries in random order, so that no two files are alike. Here the JSON header is written
    again with sorted keys; where the data of each tensor lies stays.

    Args:
        tensors: contiguous, on the CPU, without shared memory.
        texts: the text entries of the header.
    """
    content = save(dict(tensors), metadata={**texts, DIGEST_KEY: digest_of(tensors, texts)})
    end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
    header = json.dumps(json.loads(content[_LENGTH_BYTES:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % _ALIGNMENT)
    return len(header).to_bytes(_LENGTH_BYTES, "little") + header + memoryview(content)[end:]


def digest_of(tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> str:
    """SHA-256, in hexadecimal digits, over names, types, shapes and bytes of tensors and over text entries.

    Args:
        tensors: contiguous, on the CPU.
        texts: the text entries; a digest among them does not count.
    """
    facts: list[Any] = [{key: value for key, value in texts.items() if key != DIGEST_KEY}]
    facts += [[name, str(tensor.dtype), list(tensor.shape)] for name, tensor in sorted(tensors.items())]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for _, tensor in sorted(tensors.items()):
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def begins_as_safetensors(path: Path) -> bool:
    """Whether a file begins as safetensors do, whole or not: a length, then a JSON object."""
    with open(path, "rb") as file:
        start = file.read(_LENGTH_BYTES + 1)
    return start[_LENGTH_BYTES:] == b"{"
