"""Safetensors files whose bytes depend only on their contents, and checks of a file's kind and integrity.

A weight file and a training checkpoint are both safetensors; they differ in the text entries of the header. Another
text entry is the digest of everything else.
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
"""A text entry of our weight files, and its value; files of other programs may have an entry with this name, too."""
CHECKPOINT_KEY = "box2mask"
"""A text entry of our training checkpoints."""
DIGEST_KEY = "sha256"
"""The text entry with the digest of the tensors and of the other text entries."""

_LENGTH_BYTES = 8
_ALIGNMENT = 8


def to_bytes(tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> bytes:
    """The contents of a safetensors file with a digest; equal tensors and texts give equal bytes.

    The safetensors package writes the text entries in random order, so that equal contents would give different files.
    Therefore the JSON header is written again with sorted keys; the offsets of the tensors do not change.

    Args:
        tensors: contiguous tensors on the CPU that share no memory.
        texts: the text entries of the header.
    """
    content = save(dict(tensors), metadata={**texts, DIGEST_KEY: digest_of(tensors, texts)})
    end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
    header = json.dumps(json.loads(content[_LENGTH_BYTES:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % _ALIGNMENT)
    return len(header).to_bytes(_LENGTH_BYTES, "little") + header + memoryview(content)[end:]


def digest_of(tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> str:
    """The hexadecimal SHA-256 of the names, types, shapes and bytes of tensors and of text entries.

    Args:
        tensors: contiguous tensors on the CPU.
        texts: the text entries; a digest among them is left out.
    """
    facts: list[Any] = [{key: value for key, value in texts.items() if key != DIGEST_KEY}]
    facts += [[name, str(tensor.dtype), list(tensor.shape)] for name, tensor in sorted(tensors.items())]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for _, tensor in sorted(tensors.items()):
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def begins_as_safetensors(path: Path) -> bool:
    """Whether a file, complete or not, begins as safetensors do: with a length and a JSON object."""
    with open(path, "rb") as file:
        start = file.read(_LENGTH_BYTES + 1)
    return start[_LENGTH_BYTES:] == b"{"
