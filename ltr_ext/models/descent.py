"""Steepest descent on a weighted ridge regression with convolutions, and its derivative in closed form.

A convolution s = x * z is linear in z; its adjoint is the sum over frames and positions of r[n] x[n + tap]. Unlike in
an implementation by matrix products alone, the features are not copied for each filter tap.

Shapes: T frames, B sequences, C encoding channels, D features, K filter size, h x w feature grid. Maps are
[T, B, C, h, w], filters [B, C, D, K, K]; sequences are the groups of grouped convolutions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


def apply_filter(features: Tensor, filters: Tensor) -> Tensor:
    """s_t = x_t * z (paper eq. 2a), with one filter per sequence.

    Args:
        features: [T, B, D, h, w].
        filters: [B, C, D, K, K].

    Returns:
        [T, B, C, h, w].
    """
    sequences, channels = filters.shape[:2]
    maps = F.conv2d(features.flatten(1, 2), filters.flatten(0, 1), padding=filters.shape[-1] // 2, groups=sequences)
    return maps.unflatten(1, (sequences, channels))


def _correlate(features: Tensor, maps: Tensor, kernel_size: int) -> Tensor:
    """The adjoint of `apply_filter` in the filter, from features [T, B, D, h, w] and maps [T, B, C, h, w].

    Frameworks call the result [B, C, D, K, K] the weight gradient. For few channels and many features, their
    implementations reach half of a processor's peak speed. Shifting the C channels of the maps instead of the D
    features, and one matrix product, come close to the peak.
    """
    channels, padding = maps.shape[2], kernel_size // 2
    by_sequence = maps.transpose(0, 1).flatten(0, 1).contiguous(memory_format=torch.channels_last)
    padded = F.pad(by_sequence, (padding,) * 4).unflatten(0, (maps.shape[1], -1))
    windows = padded.unfold(3, kernel_size, 1).unfold(4, kernel_size, 1)
    shifted = windows.permute(0, 1, 3, 4, 5, 6, 2).flatten(4).flatten(1, 3)
    products = torch.bmm(shifted.mT, features.permute(1, 0, 3, 4, 2).flatten(1, 3))
    # A map that is shifted in one direction meets the feature in the opposite direction.
    taps = products.unflatten(1, (kernel_size, kernel_size, channels)).flip(1, 2)
    return _filters(taps.permute(0, 3, 4, 1, 2))


def _spread(maps: Tensor, filters: Tensor) -> Tensor:
    """The adjoint of `apply_filter` in the features: [T, B, D, h, w], from maps [T, B, C, h, w] and the filters."""
    sequences, _, dim = filters.shape[:3]
    features = F.conv_transpose2d(
        maps.flatten(1, 2), filters.flatten(0, 1), padding=filters.shape[-1] // 2, groups=sequences
    )
    return features.unflatten(1, (sequences, dim))


class SteepestDescent(torch.autograd.Function):
    """Minimises sum q (x * z - e)^2 + lambda |z|^2 over z by a fixed number of steps with exact line search.

    With d = x * z - e and the adjoint X^T of the convolution, one step is

        g = X^T (q d) + lambda z,   r = x * g,   alpha = <g, g> / (<q, r^2> + lambda <g, g>),   z <- z - alpha g

    where g is half the gradient and the denominator half the curvature, so that the factors cancel. Since x * z is
    linear in z, d is not computed anew: d <- d - alpha r. In the derivative with respect to x, autograd would use two
    convolutions to D channels per step; here a single one at the end takes their place.
    """

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        target: Tensor,
        weight: Tensor,
        regularisation: Tensor,
        start: Tensor,
        iterations: int,
    ) -> tuple[Tensor, Tensor]:
        """Run the steps.

        Args:
            ctx: the context of autograd.
            features: [T, B, D, h, w], x.
            target: [T, B, C, h, w], e.
            weight: [T, B, C, h, w], q >= 0.
            regularisation: scalar lambda > 0.
            start: [B, C, D, K, K], the initial z.
            iterations: number of steps.

        Returns:
            z [B, C, D, K, K] and x * z [T, B, C, h, w].
        """
        features, target, weight = (_maps(maps) for maps in (features, target, weight))
        kernel_size = start.shape[-1]
        warm = bool(start.any())
        differentiates = any(ctx.needs_input_grad)
        steps: list[Tensor] = []
        with _all_digits(features):
            z = _filters(start)
            residual = apply_filter(features, z) - target if warm else -target
            for _ in range(iterations):
                gradient = torch.addcmul(_correlate(features, weight * residual, kernel_size), regularisation, z)
                response = apply_filter(features, gradient)
                length = gradient.square().sum(dim=(1, 2, 3, 4))
                curvature = (weight * response.square()).sum(dim=(0, 2, 3, 4)) + regularisation * length
                # At the minimum both are 0; the floor makes 0 / 0 equal 0.
                alpha = length / curvature.clamp_min(torch.finfo(curvature.dtype).tiny)
                if differentiates:
                    steps += [z, residual, gradient, response, length, curvature, alpha]
                z = torch.addcmul(z, _per_filter(alpha), gradient, value=-1)
                residual = torch.addcmul(residual, _per_map(alpha), response, value=-1)
        if differentiates:
            ctx.iterations, ctx.warm = iterations, warm
            ctx.save_for_backward(features, target, weight, regularisation, start, *steps)
        return z, residual + target

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Go through the steps in reverse; a name that ends in `_` is the derivative of the loss in that quantity."""
        features, target, weight, regularisation, start, *steps = ctx.saved_tensors
        kernel_size = start.shape[-1]
        z_, predicted_ = grads[0], _maps(grads[1])
        target_, weight_ = torch.zeros_like(target), torch.zeros_like(weight)
        regularisation_ = torch.zeros_like(regularisation)
        left: list[Tensor] = []
        right: list[Tensor] = []
        with _all_digits(features):
            for step in reversed(range(ctx.iterations)):
                z, residual, gradient, response, length, curvature, alpha = steps[7 * step : 7 * step + 7]
                alpha_ = -((z_ * gradient).sum(dim=(1, 2, 3, 4)) + (predicted_ * response).sum(dim=(0, 2, 3, 4)))
                floored = curvature.clamp_min(torch.finfo(curvature.dtype).tiny)
                curvature_ = torch.where(curvature == floored, -alpha_ * (alpha / floored), 0.0)
                length_ = alpha_ / floored + regularisation * curvature_
                response_ = 2 * _per_map(curvature_) * weight * response - _per_map(alpha) * predicted_
                gradient_ = _correlate(features, response_, kernel_size)
                gradient_ = gradient_ + 2 * _per_filter(length_) * gradient - _per_filter(alpha) * z_
                residual_ = apply_filter(features, gradient_)
                left += [gradient, gradient_]
                right += [response_, weight * residual]
                weight_ += _per_map(curvature_) * response.square() + residual_ * residual
                regularisation_ += (curvature_ * length).sum() + (gradient_ * z).sum()
                z_ = z_ + regularisation * gradient_
                target_ -= residual_ * weight
                predicted_ = predicted_ + residual_ * weight
            if ctx.warm:
                left.append(start)
                right.append(predicted_)
            features_ = start_ = None
            if ctx.needs_input_grad[0]:
                features_ = (
                    _spread(_maps(torch.cat(right, dim=2)), torch.cat(left, dim=1))
                    if left
                    else torch.zeros_like(features)
                )
            if ctx.needs_input_grad[4]:
                start_ = z_ + _correlate(features, predicted_, kernel_size)
        return features_, target_, weight_, regularisation_, start_, None


def _maps(maps: Tensor) -> Tensor:
    """Maps [T, B, C, h, w] in a memory layout where all channels of a position are adjacent, as convolutions need."""
    stacked = maps.flatten(1, 2).contiguous(memory_format=torch.channels_last)
    return stacked.unflatten(1, maps.shape[1:3])


def _filters(filters: Tensor) -> Tensor:
    """Filters [B, C, D, K, K] in the memory layout of `_maps`."""
    stacked = filters.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    return stacked.unflatten(0, filters.shape[:2])


def _per_filter(numbers: Tensor) -> Tensor:
    """Numbers [B] in a shape that can be multiplied with filters."""
    return numbers.view(-1, 1, 1, 1, 1)


def _per_map(numbers: Tensor) -> Tensor:
    """Numbers [B] in a shape that can be multiplied with maps."""
    return numbers.view(-1, 1, 1, 1)


@contextmanager
def _all_digits(features: Tensor) -> Iterator[None]:
    """A context in which convolutions use the full precision of their inputs: without autocast and cuDNN's TF32."""
    cudnn = torch.backends.cudnn
    with torch.autocast(features.device.type, enabled=False):
        if not features.is_cuda:
            yield
            return
        with cudnn.flags(cudnn.enabled, cudnn.benchmark, deterministic=cudnn.deterministic, allow_tf32=False):
            yield
