"""Seeds, captures and restores the global random generators.

NumPy's old global generator is among them since other people's code may draw from it; ours never does.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ltr_ext.distributed import processes


def seed_all(seed: int) -> None:
    """Seed the generators of Python, NumPy and PyTorch (on all devices)."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)


def capture_rng() -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state of every global generator.

    Returns:
        uint8 tensors by name, and JSON values.
    """
    tensors = {"torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors |= {f"cuda.{i}": state for i, state in enumerate(torch.cuda.get_rng_state_all())}
    version, internal, gauss = random.getstate()
    numpy_state: Any = np.random.get_state()  # noqa: NPY002
    name, keys, position, has_gauss, cached = numpy_state
    values = {
        "python": [version, list(internal), gauss],
        "numpy": [name, keys.tolist(), position, has_gauss, cached],
    }
    return tensors, values


def restore_rng(tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
    """Restore the states that `capture_rng` returned, except those of GPUs that this machine does not have."""
    torch.set_rng_state(tensors["torch"])
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            if (state := tensors.get(f"cuda.{i}")) is not None:
                torch.cuda.set_rng_state(state, i)
    version, internal, gauss = values["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, position, has_gauss, cached = values["numpy"]
    np.random.set_state((name, np.asarray(keys, dtype=np.uint32), position, has_gauss, cached))  # noqa: NPY002


def gather_rng() -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The states of the generators of all processes, as tensors and header fields of a checkpoint."""
    tensors: dict[str, Tensor] = {}
    headers = []
    for rank, (states, header) in enumerate(processes().gather(capture_rng())):
        tensors |= {f"{_prefix(rank)}{name}": state for name, state in states.items()}
        headers.append(header)
    return tensors, {"rng": headers[0], **({"rng_others": headers[1:]} if len(headers) > 1 else {})}


def rng_of(tensors: dict[str, Tensor], header: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The states of this process from the result of `gather_rng`; None if that had fewer processes."""
    rank = processes().rank
    headers = [header["rng"], *header.get("rng_others", [])]
    if rank >= len(headers):
        return None
    prefix = _prefix(rank)
    states = {name.removeprefix(prefix): state for name, state in tensors.items() if name.startswith(prefix)}
    return states, headers[rank]


def _prefix(rank: int) -> str:
    return "rng." if rank == 0 else f"rng{rank}."
