"""Objects compete for pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tracker_ext.segmentation.merge import merge_labels, soft_aggregate


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


@pytest.mark.parametrize("num_objects", [1, 2, 5])
def test_label_maps(num_objects: int) -> None:
    """Beside the definition; what soft aggregation adds is what no object has alone but all of them together."""
    rng = np.random.default_rng(num_objects)
    logits = {3 * i + 1: rng.normal(-0.5, 2, (20, 30)).astype(np.float32) for i in range(num_objects)}
    ids = np.array([0, *logits])
    highest, soft = (merge_labels(logits, (20, 30), merge, np.uint8) for merge in ("max", "soft"))
    stacked = np.stack(list(logits.values()))
    np.testing.assert_array_equal(highest, np.where(stacked.max(0) > 0, ids[1 + stacked.argmax(0)], 0))
    np.testing.assert_array_equal(soft, ids[soft_aggregate(torch.from_numpy(stacked))[0].numpy()])
    np.testing.assert_array_equal(soft[highest > 0], highest[highest > 0])
    assert (np.count_nonzero(soft) > np.count_nonzero(highest)) == (num_objects > 1)


def test_label_map_of_far_pixels_and_of_nobody() -> None:
    """Outside all crops, where everybody is certain, and without objects: as the highest logit has it."""
    logits = {1: np.array([[-100, 100, -100]], np.float32), 2: np.array([[-100, 99, 0.5]], np.float32)}
    for merge in ("max", "soft"):
        assert merge_labels(logits, (1, 3), merge, np.uint8).tolist() == [[0, 1, 2]]
        assert merge_labels({}, (1, 3), merge, np.uint16).tolist() == [[0, 0, 0]]
