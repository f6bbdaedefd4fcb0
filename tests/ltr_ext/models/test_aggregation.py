"""The solver against a dense least-squares solution, and its invariants."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ltr_ext.models.aggregation import Aggregation, apply_filter, solve


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


def patches(features: Tensor, kernel_size: int) -> Tensor:
    """The matrix of the least-squares problem: features [T, B, D, h, w] -> [B, D K K, T h w]."""
    unfolded = F.unfold(features.flatten(0, 1), kernel_size, padding=kernel_size // 2)
    return unfolded.unflatten(0, features.shape[:2]).permute(1, 2, 0, 3).flatten(2)


def dense_descent(
    features: Tensor, target: Tensor, weight: Tensor, regularisation: Tensor, initial: Tensor, iterations: int
) -> tuple[Tensor, Tensor]:
    """The steps by matrix products on unfolded features, each differentiated by autograd; the sum over frames.

    Returns:
        Filter [B, C, D, K, K] and prediction [T, B, C, h, w].
    """
    matrix = patches(features, initial.shape[-1])
    e, w = (maps.permute(1, 2, 0, 3, 4).flatten(2) for maps in (target, weight.expand_as(target)))
    z = initial.flatten(2)
    for _ in range(iterations):
        gradient = (w.square() * (z @ matrix - e)) @ matrix.mT + regularisation * z
        length = gradient.square().sum((1, 2), keepdim=True)
        curvature = (w * (gradient @ matrix)).square().sum((1, 2), keepdim=True) + regularisation * length
        z = z - length / curvature * gradient
    frames, sequences, channels, *grid = target.shape
    prediction = (z @ matrix).view(sequences, channels, frames, *grid).permute(2, 0, 1, 3, 4)
    return z.view(initial.shape), prediction


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


def objective(features: Tensor, target: Tensor, weight: Tensor, regularisation: Tensor, filters: Tensor) -> Tensor:
    """The value [B] of eq. 2b."""
    residual = weight * (apply_filter(features, filters) - target)
    data_term = residual.square().sum(dim=(0, 2, 3, 4)) / features.shape[0]
    return data_term + regularisation * filters.square().sum(dim=(1, 2, 3, 4))


def test_every_step_lowers_the_objective():
    data = problem(2)
    values = [objective(**data, filters=solve(**data, kernel_size=3, iterations=k).filter) for k in range(8)]
    assert all(bool((later < earlier).all()) for earlier, later in pairwise(values))


def test_first_step_length_is_the_best_along_the_gradient():
    data = problem(3, sequences=1)
    step = solve(**data, kernel_size=3, iterations=1).filter
    best = objective(**data, filters=step)
    for factor in (0.9, 0.99, 1.01, 1.1):
        assert objective(**data, filters=factor * step) > best


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


# What is left of a derivative after steps that nearly converged is a small difference of large numbers.
@pytest.mark.parametrize(
    ("dtype", "accuracy", "of_derivatives"), [(torch.float32, 1e-5, 1e-3), (torch.float64, 1e-10, 1e-10)]
)
@pytest.mark.parametrize("iterations", [0, 1, 5])
@pytest.mark.parametrize("warm", [False, True], ids=["from zero", "warm"])
@pytest.mark.parametrize("kernel_size", [1, 3])
@pytest.mark.parametrize(("frames", "sequences"), [(1, 1), (1, 3), (3, 1), (4, 2)])
def test_steps_and_derivatives_are_those_of_matrix_products(
    frames, sequences, kernel_size, warm, iterations, dtype, accuracy, of_derivatives
):
    data = problem(12, frames=frames, sequences=sequences, dim=6, channels=3, side=6)
    data["weight"] = data["weight"][:, :, :1]
    generator = torch.Generator().manual_seed(1)
    shape = (sequences, 3, 6, kernel_size, kernel_size)
    data["initial"] = torch.randn(shape, generator=generator, dtype=torch.float64) * float(warm)
    inputs = {name: tensor.to(dtype).requires_grad_() for name, tensor in data.items()}
    found = solve(**inputs, kernel_size=kernel_size, iterations=iterations, reduction="sum")
    exact = {name: tensor.detach().double().requires_grad_() for name, tensor in inputs.items()}
    wanted = dense_descent(**exact, iterations=iterations)
    sides = [torch.randn(maps.shape, generator=generator, dtype=torch.float64) for maps in wanted]

    def derivatives(outputs, of):
        total = sum((maps.double() * side).sum() for maps, side in zip(outputs, sides, strict=True))
        return torch.autograd.grad(total, list(of.values()), materialize_grads=True)

    for pairs, allowed in (
        (zip(found, wanted, strict=True), accuracy),
        (zip(derivatives(found, inputs), derivatives(wanted, exact), strict=True), of_derivatives),
    ):
        for ours, theirs in pairs:
            assert ours.dtype == dtype
            assert (ours - theirs).norm() <= allowed * theirs.norm()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_layout_of_the_features_does_not_matter(layout):
    data = problem(13)
    laid_out = data["features"].flatten(0, 1).contiguous(memory_format=layout).unflatten(0, (3, 2))
    torch.testing.assert_close(
        solve(**{**data, "features": laid_out}, kernel_size=3, iterations=4).filter,
        solve(**data, kernel_size=3, iterations=4).filter,
    )


def test_autocast_does_not_reach_the_steps_or_their_derivative():
    data = {name: tensor.float().requires_grad_() for name, tensor in problem(14).items()}

    def run():
        prediction = solve(**data, kernel_size=3, iterations=5).prediction
        return prediction, torch.autograd.grad(prediction.square().sum(), data["features"])[0]

    plain = run()
    with torch.autocast("cpu", torch.bfloat16):
        for ours, theirs in zip(run(), plain, strict=True):
            assert ours.dtype == torch.float32
            assert torch.equal(ours, theirs)


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
