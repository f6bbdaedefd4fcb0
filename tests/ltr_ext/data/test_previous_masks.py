"""Spoilt masks."""

from __future__ import annotations

import pytest
import torch

from ltr_ext.data.previous_masks import PreviousMaskConfig, simulate_previous_masks

EXACT = PreviousMaskConfig(
    shift=0, scale=0, bend=0, far_shift=0, far=0, part_missing=0, part_added=0, box=0, empty=0
)  # fmt: skip


def disc() -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    return (((rows - 30) ** 2 + (columns - 34) ** 2) < 12**2).float()[None]


def spoil(masks: torch.Tensor, seed: int = 0, **changes: float) -> torch.Tensor:
    config = PreviousMaskConfig(**{**EXACT.__dict__, **changes})
    return simulate_previous_masks(masks, config, torch.Generator().manual_seed(seed))


def jaccard(a: torch.Tensor, b: torch.Tensor) -> float:
    a, b = a > 0.5, b > 0.5
    return ((a & b).sum() / (a | b).sum()).item()


def test_nothing_spoilt() -> None:
    torch.testing.assert_close(spoil(disc()), disc(), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("changes", "low", "high"),
    [
        pytest.param({"shift": 0.1, "scale": 0.08, "bend": 0.08}, 0.6, 0.99, id="a little"),
        pytest.param({"box": 1}, 0.7, 0.85, id="a disc fills pi / 4 of its box"),
        pytest.param({"part_missing": 1}, 0.05, 0.95, id="cut"),
        pytest.param({"part_added": 1}, 0.3, 0.95, id="with a copy"),
    ],
)
def test_how_much(changes: dict[str, float], low: float, high: float) -> None:
    for seed in range(5):
        assert low < jaccard(spoil(disc(), seed, **changes), disc()) < high


def test_far_away() -> None:
    assert min(jaccard(spoil(disc(), seed, far=1, far_shift=2.0), disc()) for seed in range(8)) < 0.2


def test_empty() -> None:
    assert not spoil(disc(), empty=1).any()
    assert not simulate_previous_masks(torch.zeros(2, 32, 32), PreviousMaskConfig()).any(), "nothing to spoil"


def test_each_mask_its_own_and_reproducible() -> None:
    masks = disc().expand(6, -1, -1)
    config = PreviousMaskConfig()
    once, again = (simulate_previous_masks(masks, config, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(once, again)
    assert not torch.equal(once[0], once[1])
    assert once.min() >= 0 and once.max() <= 1
