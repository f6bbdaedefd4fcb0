"""The solver against a dense least-squares solution, and its invariants."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from ltr_ext.models.aggregation import Aggregation, apply_filter, objective, patches, solve


def problem(
    seed: int, frames: int = 3, sequences: int = 2, dim: int = 4, channels: int = 2, side: int = 5
) -> dict[str, Tensor]:
    """A small random instance of eq. 2b in float64."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return {
        "features": normal(frames, sequences, dim, side, side),
        "target": normal(frames, sequences, channels, side, side),
        "weight": 1 + 0.5 * normal(frames, sequences, channels, side, side),
        "regularisation": torch.tensor(0.3, dtype=torch.float64),
    }


def dense_solution(data: dict[str, Tensor], kernel_size: int, reduction: str) -> Tensor:
    """Solve the normal equations of every sequence and channel one by one."""
    unfolded = patches(data["features"], kernel_size)
    scale = 1 / data["features"].shape[0] if reduction == "mean" else 1.0
    sequences, num_channels = data["target"].shape[1], data["target"].shape[2]
    filters = []
    for b in range(sequences):
        for c in range(num_channels):
            e, w = data["target"][:, b, c].flatten(), data["weight"][:, b, c].flatten()
            design = unfolded[b] * w * scale**0.5
            normal = design @ design.T + data["regularisation"] * torch.eye(len(design), dtype=torch.float64)
            filters.append(torch.linalg.solve(normal, design @ (w * e * scale**0.5)))
    dim = data["features"].shape[2]
    return torch.stack(filters).view(sequences, num_channels, dim, kernel_size, kernel_size)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("kernel_size", [1, 3])
def test_many_steps_reach_the_dense_solution(kernel_size, reduction):
    data = problem(0)
    found = solve(**data, kernel_size=kernel_size, iterations=3000, reduction=reduction)
    torch.testing.assert_close(found.filter, dense_solution(data, kernel_size, reduction), atol=1e-8, rtol=1e-6)


def test_carried_prediction_equals_applying_the_filter():
    data = problem(1)
    for iterations in (1, 5, 15):
        found = solve(**data, kernel_size=3, iterations=iterations)
        torch.testing.assert_close(
            found.prediction, apply_filter(data["features"], found.filter), atol=1e-11, rtol=1e-11
        )


def test_every_step_lowers_the_objective():
    data = problem(2)
    values = [
        objective(**data, filters=solve(**data, kernel_size=3, iterations=k).filter, reduction="mean") for k in range(8)
    ]
    assert all(bool((later < earlier).all()) for earlier, later in pairwise(values))


def test_first_step_length_is_the_best_along_the_gradient():
    data = problem(3, sequences=1)
    step = solve(**data, kernel_size=3, iterations=1).filter
    best = objective(**data, filters=step, reduction="mean")
    for factor in (0.9, 0.99, 1.01, 1.1):
        assert objective(**data, filters=factor * step, reduction="mean") > best


def test_warm_start_goes_on_where_the_first_solve_stopped():
    data = problem(4)
    first = solve(**data, kernel_size=3, iterations=4)
    more = solve(**data, kernel_size=3, iterations=3, initial=first.filter)
    torch.testing.assert_close(more.filter, solve(**data, kernel_size=3, iterations=7).filter)


@pytest.mark.parametrize("iterations", [0, 1, 3])
@pytest.mark.parametrize("warm", [False, True], ids=["from zero", "warm"])
def test_gradients_are_exact(iterations, warm):
    data = problem(5, frames=2, sequences=2, dim=2, channels=1, side=3)
    inputs = [tensor.clone().requires_grad_() for tensor in data.values()]
    if warm:
        inputs.append(torch.randn(2, 1, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
        inputs[-1].requires_grad_()

    def run(features, target, weight, regularisation, initial=None):
        return solve(features, target, weight, regularisation, kernel_size=3, iterations=iterations, initial=initial)

    assert torch.autograd.gradcheck(run, inputs)


def test_one_weight_for_all_channels_is_broadcast():
    data = problem(10)
    data["weight"] = data["weight"][:, :, :1]
    spread = {**data, "weight": data["weight"].expand_as(data["target"])}
    torch.testing.assert_close(
        solve(**data, kernel_size=3, iterations=3).filter, solve(**spread, kernel_size=3, iterations=3).filter
    )


def test_frame_order_does_not_matter():
    data = problem(6)
    order = torch.tensor([2, 0, 1])
    shuffled = {name: maps if maps.ndim == 0 else maps[order] for name, maps in data.items()}
    torch.testing.assert_close(
        solve(**shuffled, kernel_size=3, iterations=5).prediction,
        solve(**data, kernel_size=3, iterations=5).prediction[order],
    )


def test_sequences_do_not_mix():
    data = problem(7)
    alone = {name: maps if maps.ndim == 0 else maps[:, 1:] for name, maps in data.items()}
    torch.testing.assert_close(
        solve(**data, kernel_size=3, iterations=5).filter[1:], solve(**alone, kernel_size=3, iterations=5).filter
    )


def test_repeating_a_frame_changes_nothing_in_the_mean():
    data = problem(8, frames=1)
    twice = {name: maps if maps.ndim == 0 else maps.repeat(2, 1, 1, 1, 1) for name, maps in data.items()}
    torch.testing.assert_close(
        solve(**twice, kernel_size=3, iterations=5).filter, solve(**data, kernel_size=3, iterations=5).filter
    )


def test_zero_features_give_a_zero_filter_and_finite_gradients():
    data = problem(9)
    features = torch.zeros_like(data["features"]).requires_grad_()
    found = solve(**{**data, "features": features}, kernel_size=3, iterations=5)
    assert not found.filter.any()
    found.prediction.sum().backward()
    assert features.grad.isfinite().all()


@pytest.mark.parametrize("raw", [-30.0, -1.0, 0.0, 3.0])
def test_lambda_stays_positive(raw):
    aggregation = Aggregation()
    with torch.no_grad():
        aggregation.raw_regularisation.fill_(raw)
    assert aggregation.regularisation > 0


def test_even_filters_are_refused():
    with pytest.raises(ValueError, match="kernel_size must be odd, got 2"):
        solve(**problem(0), kernel_size=2, iterations=1)
