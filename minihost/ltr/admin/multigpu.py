"""Training on several GPUs in one process."""

from __future__ import annotations

from typing import Any

from torch import nn


class MultiGPU(nn.DataParallel):
    """`DataParallel` along dimension `dim` (frames come first in batches), with the attributes of the network."""

    def __init__(self, module: nn.Module, device_ids: list[int] | None = None, dim: int = 1) -> None:
        super().__init__(module, device_ids=device_ids, dim=dim)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("module"), name)


def is_multi_gpu(net: nn.Module) -> bool:
    """Whether the network is wrapped, so that the network itself is `net.module`."""
    return isinstance(net, nn.DataParallel)
