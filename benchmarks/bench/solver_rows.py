"""The solver alone, with the sizes of the paper: D = 512 features, C = 16 channels, a grid of 30 x 52."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from benchmarks.bench.measure import Pair, Row, Work
from benchmarks.bench.upstream import networks
from ltr_ext.models.aggregation import solve

SIZE = (512, 30, 52)
CHANNELS, KERNEL_SIZE = 16, 3


def _inputs(num_frames: int) -> tuple[Tensor, Tensor, Tensor]:
    """Random x, e and w with leading dimensions [T, 1]."""
    dim, height, width = SIZE
    torch.manual_seed(0)
    grid = (num_frames, 1, CHANNELS, height, width)
    features = torch.randn(num_frames, 1, dim, height, width) / (dim * KERNEL_SIZE**2) ** 0.5
    return features, torch.randn(grid).relu(), torch.rand(grid)


def _ours(inputs: tuple[Tensor, ...], steps: int, start: Tensor | None = None) -> Any:
    return solve(*inputs, torch.tensor(1e-3), kernel_size=KERNEL_SIZE, iterations=steps, reduction="sum", initial=start)


def _inference(num_frames: int, steps: int) -> Pair:
    model, inputs = networks("box2mask")[1].target_model, _inputs(num_frames)
    ours = torch.inference_mode()(lambda: _ours(inputs, steps))

    @torch.no_grad()  # it uses autograd internally, which inference mode forbids
    def theirs() -> Any:
        *_, last = model.get_filter(*inputs, num_iter=steps)[1]
        return model.apply_target_model(last, inputs[0])

    return Pair(ours, theirs)


def _forward_and_backward() -> Pair:
    model = networks("box2mask")[1].target_model
    inputs = [tensor.requires_grad_() for tensor in _inputs(3)]

    def derived(scores: Tensor) -> Any:
        return torch.autograd.grad(scores.square().sum(), inputs)

    def theirs() -> Any:
        *_, last = model.get_filter(*inputs, num_iter=5)[1]
        return derived(model.apply_target_model(last, inputs[0]))

    return Pair(lambda: derived(_ours(tuple(inputs), 5).prediction), theirs)


def _update() -> Pair:
    model, inputs = networks("lwl")[1].target_model, _inputs(32)
    start = torch.randn(1, CHANNELS, SIZE[0], KERNEL_SIZE, KERNEL_SIZE) * 1e-2
    from pytracking import TensorList

    ours: Work = torch.inference_mode()(lambda: _ours(inputs, 3, start))

    @torch.no_grad()  # it uses autograd internally, which inference mode forbids
    def theirs() -> Any:
        features, labels, weights = inputs
        return model.filter_optimizer(
            TensorList([start]), num_iter=3, feat=features, label=labels, sample_weight=weights
        )

    return Pair(ours, theirs)


ROWS = [
    *(
        Row(
            f"solver, T = {frames}, {steps} steps", "solve", "upstream", 2.0, lambda t=frames, n=steps: _inference(t, n)
        )
        for frames in (3, 9)
        for steps in (5, 15)
    ),
    Row("solver, forward and backward, T = 3, 5 steps", "solve", "upstream", 2.0, _forward_and_backward),
    Row("lwl update, memory 32, 3 steps", "update", "upstream", 3.8, _update),
]
