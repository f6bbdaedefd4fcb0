"""Boxes and masks in one batch: each sequence is judged by what it has."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from ltr_ext.actors.lwl import LWLActor
from ltr_ext.actors.weak_lwl import WeakLWLActor
from ltr_ext.losses import crf_loss, lovasz_sigmoid_loss, mil_loss


class Painter(nn.Module):
    """Its logits are its parameter, [T2, B, H, W]."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.randn(*shape, generator=torch.Generator().manual_seed(0)))

    def forward(self, *inputs: Tensor, **others: object) -> Tensor:
        return self.logits


def both(logits: Tensor, boxes: Tensor, images: Tensor) -> Tensor:
    return mil_loss(logits, boxes) + crf_loss(logits, images)


def batch(weak: list[int]) -> dict[str, Tensor]:
    count = len(weak)
    masks = torch.zeros(3, count, 16, 16, dtype=torch.uint8)
    masks[:, :, 4:12, 5:10] = 1
    images = torch.randint(0, 255, (3, count, 3, 16, 16), generator=torch.Generator().manual_seed(1)).byte()
    boxes = torch.tensor([5.0, 4.0, 5.0, 8.0]).expand(2, count, 4)
    return {
        "train_images": images[:1], "train_masks": masks[:1], "test_images": images[1:], "test_masks": masks[1:],
        "test_anno": boxes, "weak": torch.tensor(weak),
    }  # fmt: skip


def actor(count: int) -> WeakLWLActor:
    return WeakLWLActor(Painter(2, count, 16, 16), lovasz_sigmoid_loss, both)


def test_the_loss_is_the_sum_of_both():
    one, data = actor(3), batch([0, 1, 0])
    loss, stats = one(data)
    logits = one.net.logits
    strong = lovasz_sigmoid_loss(logits[:, [0, 2]].flatten(0, 1), data["test_masks"][:, [0, 2]].flatten(0, 1))
    weak = both(logits[:, 1], data["test_anno"][:, 1], data["test_images"][:, 1])
    assert loss.item() == pytest.approx((strong + weak).item())
    assert stats["Loss/masks"] == pytest.approx(strong.item()) and stats["Loss/boxes"] == pytest.approx(weak.item())


def test_masks_of_sequences_with_boxes_have_no_say():
    values = []
    for inside in (0, 1):
        one, data = actor(2), batch([1, 0])
        data["test_masks"][:, 0, 5:11, 6:9] = inside  # the box stays
        loss, stats = one(data)
        loss.backward()
        values.append((loss.item(), one.net.logits.grad.clone(), stats["J"]))
    assert values[0][0] == values[1][0] and values[0][2] == values[1][2]
    assert torch.equal(values[0][1], values[1][1])


@pytest.mark.parametrize("weak", [[0, 0], [1, 1]])
def test_a_batch_of_one_kind(weak):
    one, data = actor(2), batch(weak)
    loss, stats = one(data)
    loss.backward()
    assert one.net.logits.grad.any() and ("J" in stats) == (weak == [0, 0])
    if weak == [0, 0]:
        plain, _ = LWLActor(one.net, lovasz_sigmoid_loss, whole_batch=True)(data)
        assert loss.item() == plain.item()


def test_the_mean_over_processes_is_the_mean_over_their_frames(monkeypatch):
    """One process has one sequence with a box, the other three."""
    monkeypatch.setattr("ltr_ext.actors.weak_lwl.processes", lambda: SimpleNamespace(gather=lambda count: [1, 3]))
    one, data = actor(4), batch([1, 1, 1, 1])
    logits, names = one.net.logits, ("test_anno", "test_images")

    def share(columns: slice) -> Tensor:
        part = {name: data[name][:, columns] for name in names}
        return one._box_loss(logits[:, columns], part, data["weak"][columns].bool())

    whole = both(logits.flatten(0, 1), data["test_anno"].flatten(0, 1), data["test_images"].flatten(0, 1))
    assert (share(slice(0, 1)) + share(slice(1, 4))).item() / 2 == pytest.approx(whole.item())
