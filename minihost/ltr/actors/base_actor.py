"""The base class of actors, which turn a batch into a loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class BaseActor:
    """Holds a network and an objective; subclasses define how a batch becomes a loss.

    Args:
        net: the network.
        objective: the loss function, or another object that the subclass uses.
    """

    def __init__(self, net: nn.Module, objective: Any) -> None:
        self.net = net
        self.objective = objective

    def __call__(self, data: Any) -> tuple[Tensor, dict[str, float]]:
        """Compute the loss and the statistics of a batch."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")

    def to(self, device: torch.device | str) -> None:
        """Move the network to a device."""
        self.net.to(device)

    def train(self, mode: bool = True) -> None:
        """Switch the network to training mode, or to evaluation mode."""
        self.net.train(mode)

    def eval(self) -> None:
        """Switch the network to evaluation mode."""
        self.train(False)
