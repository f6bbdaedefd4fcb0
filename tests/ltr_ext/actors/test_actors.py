"""Losses and statistics of a batch (paper eq. 4)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from pytracking import TensorDict
from torch import Tensor, nn

from ltr_ext.actors import common
from ltr_ext.actors.box2mask import Box2MaskActor
from ltr_ext.actors.common import mean_jaccard
from ltr_ext.actors.lwl import LWLActor


def _masks(*rows: list[int]) -> Tensor:
    """[T, 1, 1, W] from one row of pixels per frame."""
    return torch.tensor(rows, dtype=torch.uint8)[:, None, None]


@pytest.mark.parametrize(
    ("predicted", "masks", "jaccard"),
    [
        pytest.param([[1, 1, 0, 0]], [[1, 1, 0, 0]], 1.0, id="equal"),
        pytest.param([[1, 1, 0, 0]], [[0, 1, 1, 0]], 1 / 3, id="overlap"),
        pytest.param([[0, 0, 0, 0]], [[0, 0, 0, 0]], 1.0, id="both empty"),
        pytest.param([[1, 0, 0, 0]], [[0, 0, 0, 0]], 0.0, id="object where there is none"),
        pytest.param([[1, 1, 0, 0]], [[255, 1, 255, 0]], 1.0, id="undecided pixels do not count"),
        pytest.param([[1, 1, 0, 0], [0, 0, 0, 0]], [[1, 1, 0, 0], [1, 0, 0, 0]], 0.5, id="mean over frames"),
    ],
)
def test_mean_jaccard(predicted: list[list[int]], masks: list[list[int]], jaccard: float) -> None:
    logits = _masks(*predicted).float() * 2 - 1
    assert mean_jaccard(logits, _masks(*masks)) == pytest.approx(jaccard)


class Fixed(nn.Module):
    """Answers with learned constants and notes what it was given."""

    def __init__(self, refines: bool) -> None:
        super().__init__()
        self.frozen = nn.Sequential(nn.Conv2d(3, 1, 1), nn.BatchNorm2d(1)).requires_grad_(False)
        self.free = nn.BatchNorm2d(1)
        self.coarse = nn.Parameter(torch.tensor(0.5))
        self.refined = nn.Parameter(torch.tensor(2.0)) if refines else None
        self.seen: tuple[Tensor, ...] = ()

    def forward(self, images: Tensor, boxes: Tensor) -> SimpleNamespace:
        self.seen = images, boxes
        self.autocast = torch.is_autocast_enabled("cpu")
        shape = (*images.shape[:2], *images.shape[-2:])
        coarse = self.coarse.expand(shape)
        refined = None if self.refined is None else self.refined.expand(shape)
        return SimpleNamespace(coarse=coarse, refined=refined, final=coarse if refined is None else refined)


def mean_error(logits: Tensor, masks: Tensor) -> Tensor:
    """Mean absolute difference over the decided pixels."""
    assert logits.ndim == masks.ndim == 3 and logits.dtype == torch.float32
    return (logits - masks.float())[masks != 255].abs().mean()


def _batch() -> TensorDict:
    masks = torch.ones(2, 3, 4, 5, dtype=torch.uint8)
    masks[..., 0] = 255
    images = torch.full((2, 3, 3, 4, 5), 200, dtype=torch.uint8)
    return TensorDict(train_images=images, train_anno=torch.ones(2, 3, 4), train_masks=masks)


def test_box2mask_loss_is_coarse_plus_refined() -> None:
    net = Fixed(refines=True)
    loss, stats = Box2MaskActor(net, mean_error)(_batch())
    assert stats == pytest.approx({"Loss/total": 1.5, "Loss/coarse": 0.5, "Loss/refined": 1.0, "J": 1.0})
    assert all(isinstance(value, float) for value in stats.values())
    loss.backward()
    assert net.coarse.grad == -1 and net.refined.grad == 1
    images, boxes = net.seen
    assert images.dtype == torch.float32 and images.max() == 200 and boxes.shape == (2, 3, 4)


def test_box2mask_loss_without_refinement() -> None:
    _, stats = Box2MaskActor(Fixed(refines=False), mean_error)(_batch())
    assert stats == pytest.approx({"Loss/total": 0.5, "Loss/coarse": 0.5, "Loss/refined": 0.0, "J": 1.0})


@pytest.mark.parametrize("autocast", [False, True])
def test_autocast_is_for_the_network_only(autocast: bool) -> None:
    net = Fixed(refines=True)
    Box2MaskActor(net, mean_error, autocast=autocast)(_batch())  # mean_error wants float32
    assert net.autocast is autocast


def test_frozen_parts_stay_in_evaluation_mode() -> None:
    net = Fixed(refines=True)
    actor = Box2MaskActor(net, mean_error)
    actor.train()
    assert net.training and net.free.training and not net.frozen.training and not net.frozen[1].training
    actor.eval()
    assert not net.training and not net.free.training


@pytest.mark.parametrize("fixed", [False, True])
def test_batch_statistics_may_stay_fixed_while_their_scales_are_trained(fixed: bool) -> None:
    net = Fixed(refines=True)
    actor = Box2MaskActor(net, mean_error, fixed_statistics=fixed)
    actor.train()
    assert net.training and net.free.training is not fixed
    net.free(torch.randn(2, 1, 3, 3) + 5).sum().backward()
    assert bool(net.free.running_mean.any()) is not fixed and net.free.weight.grad is not None


def test_a_loss_over_all_frames_is_computed_on_the_batch_of_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    gathered = []
    monkeypatch.setattr(
        common, "gather_batch", lambda local, dim: gathered.append(dim) or torch.cat((local, local), dim)
    )
    net = Fixed(refines=True)

    def count(logits: Tensor, masks: Tensor) -> Tensor:
        return logits.mean() * 0 + len(logits)

    for whole, frames in ((False, 6), (True, 12)):
        _, stats = Box2MaskActor(net, count, whole_batch=whole)(_batch())
        assert stats["Loss/coarse"] == stats["Loss/refined"] == frames
    assert gathered == [1, 1, 1, 1]


class FixedLearner(nn.Module):
    """Finds the object everywhere, and notes what it was given."""

    def forward(self, train_images: Tensor, test_images: Tensor, train_masks: Tensor, **others: object) -> Tensor:
        self.seen = train_masks, others
        assert train_images.is_floating_point() and test_images.is_floating_point()
        return torch.full((*test_images.shape[:2], *test_images.shape[-2:]), 3.0)


def test_lwl_learns_from_the_first_masks() -> None:
    batch = _batch()
    batch["test_images"], batch["test_masks"] = batch["train_images"], batch["train_masks"]
    net = FixedLearner()
    loss, stats = LWLActor(net, mean_error, num_refinement_iter=3)(batch)
    assert loss.item() == 2 and stats["Loss/total"] == 2 and stats["J"] == 1
    masks, others = net.seen
    assert others["num_refinement_iter"] == 3 and masks.dtype == torch.float32
    assert torch.equal(masks, (batch["train_masks"] == 1).float()), "undecided pixels are background"
