"""The spatio-temporal aggregation S (paper eq. 2): a ridge regression that is solved by steepest descent.

Shapes: T frames, B sequences, D features, C encoding channels, h x w grid, K filter size.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from ltr_ext.models.descent import SteepestDescent, apply_filter

__all__ = ["Aggregation", "Reduction", "Solution", "apply_filter", "solve"]

Reduction = Literal["mean", "sum"]


class Solution(NamedTuple):
    """The solution of eq. 2b: the filter and the encodings that it predicts."""

    filter: Tensor
    """[B, C, D, K, K], z."""
    prediction: Tensor
    """[T, B, C, h, w], s_t = x_t * z."""


def solve(
    features: Tensor,
    target: Tensor,
    weight: Tensor,
    regularisation: Tensor,
    *,
    kernel_size: int,
    iterations: int,
    reduction: Reduction = "mean",
    initial: Tensor | None = None,
) -> Solution:
    """Minimise eq. 2b by steepest descent with exact line search.

    The solution is differentiable in features, target, weight, regularisation and initial filter.

    Args:
        features: [T, B, D, h, w], x_t.
        target: [T, B, C, h, w], e_t.
        weight: [T, B, C, h, w], w_t, or a shape that can be broadcast to it.
        regularisation: scalar lambda > 0.
        kernel_size: K, odd.
        iterations: number of steps; 0 returns the initial filter.
        reduction: "mean" over frames as in eq. 2b, or "sum" as in upstream's code.
        initial: [B, C, D, K, K], the filter at the start; None means zero.

    Raises:
        ValueError: kernel_size is even.
    """
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, got {kernel_size}")
    num_frames, num_sequences, dim = features.shape[:3]
    if initial is None:
        initial = features.new_zeros(num_sequences, target.shape[2], dim, kernel_size, kernel_size)
    scale = 1.0 / num_frames if reduction == "mean" else 1.0
    squared_weight = weight.expand_as(target).square() * scale
    return Solution(*SteepestDescent.apply(features, target, squared_weight, regularisation, initial, iterations))


class Aggregation(nn.Module):
    """S with its learned regularisation lambda.

    Args:
        kernel_size: K.
        initial_regularisation: lambda at the start of training.
        reduction: "mean" as in eq. 2b, or "sum" as upstream's weight files need.
        parametrisation: "exp" keeps lambda = exp(r) positive; "square", lambda = r^2, is that of upstream's files.
    """

    def __init__(
        self,
        kernel_size: int = 3,
        initial_regularisation: float = 1e-4,
        reduction: Reduction = "mean",
        parametrisation: Literal["exp", "square"] = "exp",
    ) -> None:
        super().__init__()
        if initial_regularisation <= 0:
            raise ValueError(f"initial_regularisation must be positive, got {initial_regularisation}")
        self.kernel_size = kernel_size
        self.reduction: Reduction = reduction
        self.parametrisation = parametrisation
        raw = math.log(initial_regularisation) if parametrisation == "exp" else math.sqrt(initial_regularisation)
        self.raw_regularisation = nn.Parameter(torch.tensor(raw))

    @property
    def regularisation(self) -> Tensor:
        """The scalar lambda; strictly positive with "exp"."""
        raw = self.raw_regularisation
        return raw.exp() if self.parametrisation == "exp" else raw.square()

    def forward(
        self, features: Tensor, target: Tensor, weight: Tensor, iterations: int, initial: Tensor | None = None
    ) -> Solution:
        """Call `solve`, in float32 even under autocast, since bfloat16 is too imprecise for the step lengths."""
        with torch.autocast(features.device.type, enabled=False):
            precise = features.dtype if features.dtype == torch.float64 else torch.float32
            return solve(
                features.to(precise),
                target.to(precise),
                weight.to(precise),
                self.regularisation.to(precise),
                kernel_size=self.kernel_size,
                iterations=iterations,
                reduction=self.reduction,
                initial=initial,
            )
