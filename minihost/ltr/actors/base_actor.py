"""From a batch to a loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class BaseActor:
    """Holds a network and an objective; subclasses define what a batch means.

    Args:
        net: the network.
        objective: the loss function, or whatever the subclass makes of it.
    """

    def __init__(self, net: nn.Module, objective: Any) -> None:
        self.net = net
        self.objective = objective

    def __call__(self, data: Any) -> tuple[Tensor, dict[str, float]]:
        """Loss and statistics of a batch."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")

    def to(self, device: torch.device | str) -> None:
        """Move the network."""
        self.net.to(device)

    def train(self, mode: bool = True) -> None:
        """Training mode, or evaluation mode."""
        self.net.train(mode)

    def eval(self) -> None:
        """Evaluation mode."""
        self.train(False)
