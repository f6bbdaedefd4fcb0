"""Trained networks for the trackers; read once per process, however many sequences it tracks."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from ltr_ext.errors import UserError
from ltr_ext.weights import load_network

Network = TypeVar("Network", bound=nn.Module)


def network(path: Path, kind: type[Network], device: str) -> Network:
    """A network from its weight file; the CPU takes denormal numbers for zero from here on.

    Args:
        path: the .safetensors file.
        kind: class the file must hold.
        device: where to put it.

    Raises:
        UserError: the file is missing, corrupt, or holds another network.
    """
    torch.set_flush_denormal(True)  # saturated sigmoids are denormal numbers, which a CPU multiplies slowly
    modified = path.stat().st_mtime_ns if path.is_file() else 0
    net = _read(path, modified, device)
    if not isinstance(net, kind):
        raise UserError(f"weights {path} hold the network {type(net).__name__}, not {kind.__name__}: name another file")
    return net


@lru_cache(maxsize=4)
def _read(path: Path, modified: int, device: str) -> nn.Module:
    """The network; `modified` tells a file that was replaced from the one read before."""
    return load_network(path).to(device)
