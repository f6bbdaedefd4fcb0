"""Steepest descent on a weighted ridge regression, with its derivative in closed form.

Shapes: B sequences, C encoding channels, P = D K K filter taps, N = T h w samples.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class SteepestDescent(torch.autograd.Function):
    """Minimise sum q (z X - e)^2 + lambda |z|^2 over z, a fixed number of steps of exact line search.

    With d = z X - e (carried along, since the objective is quadratic), one step is

        g = (q d) X^T + lambda z,   h = g X,   alpha = <g, g> / (<q, h^2> + lambda <g, g>),   z <- z - alpha g

    (half gradient and half Hessian: the factors cancel). Autograd would add one product the size of X per step to the
    derivative in X, twice; here all of them are gathered in one matrix product at the end.
    """

    @staticmethod
    def forward(
        ctx: Any,
        samples: Tensor,
        target: Tensor,
        weight: Tensor,
        regularisation: Tensor,
        start: Tensor,
        iterations: int,
    ) -> tuple[Tensor, Tensor]:
        """Run the steps.

        Args:
            ctx: of autograd.
            samples: [B, P, N] X.
            target: [B, C, N] e.
            weight: [B, C, N] q >= 0.
            regularisation: scalar lambda > 0.
            start: [B, C, P] first z.
            iterations: number of steps.

        Returns:
            z [B, C, P] and z X [B, C, N].
        """
        transposed = samples.transpose(1, 2)
        z = start.clone()
        predicted = start @ samples if start.any() else torch.zeros_like(target)
        steps: list[Tensor] = []
        for _ in range(iterations):
            gradient = (weight * (predicted - target)) @ transposed + regularisation * z
            response = gradient @ samples
            length = gradient.square().sum(dim=(1, 2), keepdim=True)
            curvature = (weight * response.square()).sum(dim=(1, 2), keepdim=True) + regularisation * length
            # At the minimum both vanish; the floor keeps 0 / 0 at 0.
            alpha = length / curvature.clamp_min(torch.finfo(curvature.dtype).tiny)
            steps += [z, predicted, gradient, response, length, curvature, alpha]
            z = z - alpha * gradient
            predicted = predicted - alpha * response
        ctx.iterations = iterations
        ctx.save_for_backward(samples, target, weight, regularisation, start, *steps)
        return z, predicted

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Reverse the steps; a name with `_` behind it is the derivative of the loss by that quantity."""
        samples, target, weight, regularisation, start, *steps = ctx.saved_tensors
        transposed = samples.transpose(1, 2)
        z_, predicted_ = grads
        target_, weight_ = torch.zeros_like(target), torch.zeros_like(weight)
        regularisation_ = torch.zeros_like(regularisation)
        left: list[Tensor] = []
        right: list[Tensor] = []
        for step in reversed(range(ctx.iterations)):
            z, predicted, gradient, response, length, curvature, alpha = steps[7 * step : 7 * step + 7]
            residual = predicted - target
            alpha_ = -(
                (z_ * gradient).sum(dim=(1, 2), keepdim=True) + (predicted_ * response).sum(dim=(1, 2), keepdim=True)
            )
            floored = curvature.clamp_min(torch.finfo(curvature.dtype).tiny)
            curvature_ = torch.where(curvature == floored, -alpha_ * (alpha / floored), 0.0)
            length_ = alpha_ / floored + regularisation * curvature_
            response_ = -alpha * predicted_ + 2 * curvature_ * weight * response
            gradient_ = -alpha * z_ + 2 * length_ * gradient + response_ @ transposed
            residual_ = gradient_ @ samples
            left += [gradient, gradient_]
            right += [response_, weight * residual]
            weight_ += curvature_ * response.square() + residual_ * residual
            regularisation_ += (curvature_ * length).sum() + (gradient_ * z).sum()
            z_ = z_ + regularisation * gradient_
            target_ -= residual_ * weight
            predicted_ = predicted_ + residual_ * weight
        if start.any():
            left.append(start)
            right.append(predicted_)
        samples_ = start_ = None
        if ctx.needs_input_grad[0]:
            samples_ = (
                torch.cat(left, dim=1).transpose(1, 2) @ torch.cat(right, dim=1) if left else torch.zeros_like(samples)
            )
        if ctx.needs_input_grad[4]:
            start_ = z_ + predicted_ @ transposed
        return samples_, target_, weight_, regularisation_, start_, None
