"""How samples become batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ltr.data import LTRLoader
from ltr.data.loader import collate
from pytracking import TensorDict, TensorList


@pytest.mark.parametrize(
    ("stack_dim", "shape"),
    [pytest.param(0, (2, 3, 4), id="sequences first"), pytest.param(1, (3, 2, 4), id="frames first")],
)
def test_tensors_are_stacked(stack_dim: int, shape: tuple[int, ...]) -> None:
    batch = collate([TensorDict(a=torch.full((3, 4), float(i))) for i in range(2)], stack_dim)
    assert isinstance(batch, TensorDict) and batch["a"].shape == shape
    assert torch.equal(batch["a"].select(stack_dim, 1), torch.ones(3, 4))


@pytest.mark.parametrize(
    ("samples", "batch"),
    [
        pytest.param([1, 2], torch.tensor([1, 2]), id="ints"),
        pytest.param([1.5, 2.0], torch.tensor([1.5, 2.0], dtype=torch.float64), id="floats"),
        pytest.param([np.float32(1.5)] * 2, torch.tensor([1.5, 1.5], dtype=torch.float64), id="numpy scalars"),
        pytest.param([np.ones(2)] * 2, torch.ones(2, 2, dtype=torch.float64), id="arrays"),
    ],
)
def test_numbers_become_tensors(samples: list, batch: torch.Tensor) -> None:
    assert torch.equal(collate(samples), batch) and collate(samples).dtype == batch.dtype


def test_strings_none_and_containers_keep_their_kind() -> None:
    assert collate(["a", "b"]) == ["a", "b"]
    assert collate([None, None]) == [None, None]
    assert collate([{"n": "a"}, {"n": "b"}]) == {"n": ["a", "b"]}
    joined = collate([TensorList([torch.zeros(2)]), TensorList([torch.ones(2)])])
    assert isinstance(joined, TensorList) and joined[0].shape == (2, 2)


def test_what_makes_no_batch_is_refused() -> None:
    with pytest.raises(TypeError, match="set"):
        collate([{1}, {2}])
    with pytest.raises(ValueError, match="stack_dim"):
        LTRLoader("train", [1, 2], stack_dim=2)


def test_loader_with_workers() -> None:
    loader = LTRLoader("train", list(range(4)), batch_size=2, num_workers=1, epoch_interval=3)
    assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3]]
    assert (loader.name, loader.training, loader.epoch_interval) == ("train", True, 3)
