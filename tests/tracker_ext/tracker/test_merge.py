"""Objects compete for pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tracker_ext.tracker.merge import drop_small_parts, soft_aggregate


def aggregate(*logits: float) -> tuple[int, list[float]]:
    labels, probabilities = soft_aggregate(torch.tensor(logits).view(-1, 1, 1))
    return int(labels[0, 0]), probabilities[:, 0, 0].tolist()


@pytest.mark.parametrize(
    ("logits", "winner"),
    [
        pytest.param([1.0], 1, id="one object above 0"),
        pytest.param([-1.0], 0, id="one object below 0"),
        pytest.param([2.0, 3.0], 2, id="the higher one"),
        pytest.param([-3.0, -2.0], 0, id="nobody"),
        pytest.param([-100.0, 0.5], 2, id="outside the crop of one"),
        pytest.param([-100.0, -100.0], 0, id="outside all crops"),
        pytest.param([100.0, 99.0], 1, id="both certain"),
        pytest.param([-0.1, -0.1, -0.1], 1, id="three halves make the background unlikely"),
    ],
)
def test_winner(logits: list[float], winner: int) -> None:
    label, probabilities = aggregate(*logits)
    assert label == winner
    assert all(0 <= p <= 1 for p in probabilities)
    assert sum(probabilities) <= 1 + 1e-5


def test_definition() -> None:
    """Against the odds written down directly."""
    logits = torch.randn(3, 4, 5, dtype=torch.float64)
    odds = logits.exp()
    empty = (1 - logits.sigmoid()).prod(dim=0)
    everything = torch.cat(((empty / (1 - empty)).unsqueeze(0), odds))
    labels, probabilities = soft_aggregate(logits)
    torch.testing.assert_close(probabilities, (everything / everything.sum(dim=0))[1:])
    assert torch.equal(labels, everything.argmax(dim=0))


def test_one_object_keeps_its_probability() -> None:
    assert aggregate(0.7)[1] == pytest.approx([torch.tensor(0.7).sigmoid().item()])


@pytest.mark.parametrize(
    ("min_part", "left"),
    [
        pytest.param(0.0, 100 + 9 + 1, id="keep all"),
        pytest.param(0.05, 100 + 9, id="the single pixel goes"),
        pytest.param(0.5, 100, id="only the largest"),
    ],
)
def test_small_parts(min_part: float, left: int) -> None:
    mask = np.zeros((30, 30), dtype=bool)
    mask[0:10, 0:10] = mask[20:23, 20:23] = mask[15, 15] = True
    kept = drop_small_parts(mask, min_part)
    assert kept.sum() == left
    assert not (kept & ~mask).any()


def test_no_parts() -> None:
    assert not drop_small_parts(np.zeros((5, 5), dtype=bool), 0.5).any()
