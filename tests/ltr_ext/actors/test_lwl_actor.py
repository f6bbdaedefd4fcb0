"""What the LWL actor makes up for the network: last masks, and frames without the object."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ltr_ext.actors.lwl import LWLActor
from ltr_ext.data.previous_masks import PreviousMaskConfig


class Recorder(nn.Module):
    """Predicts one learnt value everywhere, and keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(1.0))

    def forward(self, train_images: Tensor, test_images: Tensor, train_masks: Tensor, **others: object) -> Tensor:
        self.images, self.previous = test_images, others["previous_masks"]
        return self.value.expand(*test_images.shape[:2], *test_images.shape[-2:])


class Objective:
    def __call__(self, logits: Tensor, masks: Tensor) -> Tensor:
        self.masks = masks
        return logits.mean()


def batch(sequences: int = 4) -> dict[str, Tensor]:
    """Images of sequence b are all b; the object is in the middle."""
    images = torch.arange(sequences, dtype=torch.uint8).view(1, -1, 1, 1, 1).expand(3, -1, 3, 32, 32)
    masks = torch.zeros(3, sequences, 32, 32, dtype=torch.uint8)
    masks[:, :, 8:24, 10:20] = 1
    return {"train_images": images[:1], "train_masks": masks[:1], "test_images": images[1:], "test_masks": masks[1:]}


def run(actor: LWLActor, training: bool, data: dict[str, Tensor]) -> Recorder:
    torch.manual_seed(1)
    actor.train(training)
    actor(data)
    return actor.net


def test_last_masks_are_like_the_true_ones() -> None:
    config = PreviousMaskConfig(empty=0, far=0)
    net = run(LWLActor(Recorder(), Objective(), previous=config), True, batch())
    assert net.previous.shape == (2, 4, 32, 32)
    inside = net.previous[:, :, 12:20, 12:18].mean()
    assert inside > 0.7 and net.previous[:, :, :4].mean() < 0.1


def test_no_last_masks_unless_asked_for() -> None:
    assert run(LWLActor(Recorder(), Objective()), True, batch()).previous is None


def test_validation_makes_up_the_same_masks_every_time() -> None:
    actor = LWLActor(Recorder(), Objective(), previous=PreviousMaskConfig())
    once = run(actor, False, batch()).previous
    torch.manual_seed(77)
    actor(batch())
    assert torch.equal(once, actor.net.previous)
    actor.train(True)
    actor(batch())
    assert not torch.equal(once, actor.net.previous)


def test_absences() -> None:
    """A frame is exchanged for the neighbour's exactly where its mask becomes empty."""
    objective = Objective()
    net = run(LWLActor(Recorder(), objective, absent_share=0.5), True, batch())
    exchanged = net.images[:, :, 0, 0, 0] != torch.arange(4)
    empty = objective.masks.unflatten(0, (2, 4)).flatten(2).sum(dim=2) == 0
    assert torch.equal(exchanged, empty)
    assert exchanged.any() and not exchanged.all()


@pytest.mark.parametrize(("training", "sequences"), [(False, 4), (True, 1)], ids=["validation", "no neighbour"])
def test_no_absences(training: bool, sequences: int) -> None:
    objective = Objective()
    run(LWLActor(Recorder(), objective, absent_share=1.0), training, batch(sequences))
    assert objective.masks.flatten(1).any(dim=1).all()
