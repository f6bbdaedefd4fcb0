"""Spatio-temporal aggregation S (paper eq. 2): a ridge regression solved by steepest descent.

The objective is quadratic in the filter z, so x * z never has to be recomputed: it moves along a line with z
(x * (z - alpha g) = x * z - alpha (x * g)). One iteration costs one forward and one transposed convolution.

Shapes: T frames, B sequences, D features, C encoding channels, h w grid, K filter size, N = T h w samples, P = D K K.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from ltr_ext.models.descent import SteepestDescent, apply_filter

__all__ = ["Aggregation", "Reduction", "Solution", "apply_filter", "objective", "solve"]

Reduction = Literal["mean", "sum"]


class Solution(NamedTuple):
    """What a solve returns: the filter and the encodings it predicts."""

    filter: Tensor
    """[B, C, D, K, K] z."""
    prediction: Tensor
    """[T, B, C, h, w] s_t = x_t * z, carried along with z."""


def objective(
    features: Tensor, target: Tensor, weight: Tensor, filters: Tensor, regularisation: Tensor, reduction: Reduction
) -> Tensor:
    """The value of eq. 2b, per sequence.

    Args:
        features: [T, B, D, h, w] x_t.
        target: [T, B, C, h, w] e_t.
        weight: [T, B, C, h, w] w_t, or broadcastable to it.
        filters: [B, C, D, K, K] z.
        regularisation: scalar lambda.
        reduction: "mean" over frames as in eq. 2b, or "sum" as in upstream's code.

    Returns:
        [B].
    """
    residual = weight * (apply_filter(features, filters) - target)
    data_term = residual.square().sum(dim=(0, 2, 3, 4))
    if reduction == "mean":
        data_term = data_term / features.shape[0]
    return data_term + regularisation * filters.square().sum(dim=(1, 2, 3, 4))


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

    Differentiable in features, target, weight, regularisation and initial filter.

    Args:
        features: [T, B, D, h, w] x_t.
        target: [T, B, C, h, w] e_t.
        weight: [T, B, C, h, w] w_t, or broadcastable to it.
        regularisation: scalar lambda > 0.
        kernel_size: K, odd.
        iterations: number of steps; 0 returns the initial filter.
        reduction: "mean" over frames (eq. 2b) or "sum" (upstream's code).
        initial: [B, C, D, K, K] to start from; zero if None.

    Returns:
        Filter and prediction.
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
    """S with its learned lambda.

    Args:
        kernel_size: K.
        initial_regularisation: lambda at the start of training.
        reduction: "mean" as in eq. 2b; "sum" for upstream's weight files.
        parametrisation: "exp" keeps lambda = exp(r) positive; "square" (lambda = r^2) is that of upstream's files.
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
        """Scalar lambda; strictly positive with "exp"."""
        raw = self.raw_regularisation
        return raw.exp() if self.parametrisation == "exp" else raw.square()

    def forward(
        self, features: Tensor, target: Tensor, weight: Tensor, iterations: int, initial: Tensor | None = None
    ) -> Solution:
        """Solve in float32 whatever the autocast state: the step lengths do not survive bfloat16. Shapes as `solve`."""
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
