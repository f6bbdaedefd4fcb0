"""The Lovasz loss against its definition, spelt out."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from ltr_ext.data.mask_io import IGNORE_LABEL
from ltr_ext.losses import bce_loss, lovasz_bce_loss, lovasz_loss, lovasz_sigmoid_loss
from ltr_ext.losses.masks import IGNORE


def test_undecided_is_the_same_value_in_losses_and_in_mask_files():
    assert IGNORE == IGNORE_LABEL


def lovasz_by_definition(logits: list[float], mask: list[int]) -> float:
    """Lovasz extension of 1 - Jaccard at the hinge errors: pixels become wrong one by one, worst first."""
    pixels = [(1 - (x if m == 1 else -x), m) for x, m in zip(logits, mask, strict=True) if m != 255]
    pixels.sort(key=lambda pixel: -pixel[0])
    num_objects = sum(m for _, m in pixels)
    total, before, missed, false = 0.0, 0.0, 0, 0
    for error, m in pixels:
        missed, false = missed + (m == 1), false + (m == 0)
        loss = 1 - (num_objects - missed) / (num_objects + false)
        total += max(error, 0.0) * (loss - before)
        before = loss
    return total


@pytest.mark.parametrize("seed", range(6))
def test_lovasz_equals_its_definition(seed):
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(3, 4, 5, generator=generator, dtype=torch.float64)
    masks = torch.randint(0, 2, (3, 4, 5), generator=generator)
    masks[torch.rand(3, 4, 5, generator=generator) < 0.15] = 255
    expected = [
        lovasz_by_definition(x.flatten().tolist(), m.flatten().tolist()) for x, m in zip(logits, masks, strict=True)
    ]
    assert lovasz_loss(logits, masks).item() == pytest.approx(sum(expected) / 3)


def lovasz_sigmoid_by_definition(logits: list[float], mask: list[int]) -> float:
    """As above at the errors |mask - probability|, by the integral over thresholds of the set function."""
    pixels = [(abs(m - 1 / (1 + math.exp(-x))), m) for x, m in zip(logits, mask, strict=True) if m != 255]
    levels = sorted({0.0, *(error for error, _ in pixels)})
    total = 0.0
    for low, high in pairwise(levels):
        wrong = [m for error, m in pixels if error >= high]
        union = sum(m for _, m in pixels) + wrong.count(0)
        total += (high - low) * len(wrong) / union
    return total


@pytest.mark.parametrize("seed", range(4))
def test_lovasz_sigmoid_equals_its_definition(seed):
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(3, 4, 5, generator=generator, dtype=torch.float64)
    masks = torch.randint(0, 2, (3, 4, 5), generator=generator)
    masks[torch.rand(3, 4, 5, generator=generator) < 0.15] = 255
    expected = lovasz_sigmoid_by_definition(logits.flatten().tolist(), masks.flatten().tolist())
    assert lovasz_sigmoid_loss(logits, masks).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", [lovasz_loss, lovasz_sigmoid_loss])
def test_a_weight_is_a_factor(loss):
    logits, masks = torch.linspace(-2, 2, 12).view(1, 3, 4), torch.arange(12).view(1, 3, 4) % 2
    torch.testing.assert_close(loss(logits, masks, weight=100.0), 100 * loss(logits, masks))


def test_lovasz_sigmoid_of_nothing():
    assert lovasz_sigmoid_loss(torch.ones(1, 2, 2), torch.full((1, 2, 2), 255)).item() == 0.0


@pytest.mark.parametrize("loss", [lovasz_loss, lovasz_sigmoid_loss, bce_loss, lovasz_bce_loss])
def test_gradients_are_exact(loss):
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 3, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    masks = torch.randint(0, 2, (2, 3, 4), generator=generator)
    masks[0, 0, 0] = 255
    assert torch.autograd.gradcheck(lambda x: loss(x, masks), logits)


@pytest.mark.parametrize(
    "logit_object, logit_background, expected",
    [
        pytest.param(2.0, -2.0, 0.0, id="right with margin"),
        pytest.param(-1.0, -2.0, 2.0, id="object missed: whole union wrong by 2"),
        pytest.param(2.0, 1.0, 2.0 * 0.5, id="background taken for object: half the union wrong by 2"),
    ],
)
def test_lovasz_of_plain_cases(logit_object, logit_background, expected):
    masks = torch.tensor([[[1, 1, 0, 0]]])
    logits = torch.where(masks == 1, logit_object, logit_background)
    assert lovasz_loss(logits, masks).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", [lovasz_loss, bce_loss])
def test_undecided_pixels_have_no_say(loss):
    masks = torch.tensor([[[1, 0, 255, 255]]])
    logits = torch.tensor([[[0.5, 0.5, 9.0, -9.0]]], requires_grad=True)
    value = loss(logits, masks)
    value.backward()
    assert not logits.grad[0, 0, 2:].any()
    assert logits.grad[0, 0, :2].all()
    assert value.item() == pytest.approx(loss(logits[..., :2].detach(), masks[..., :2]).item())


def test_a_frame_without_object_or_decision_is_finite():
    empty, unknown = torch.zeros(1, 2, 2, dtype=torch.long), torch.full((1, 2, 2), 255)
    assert lovasz_loss(torch.ones(1, 2, 2), empty).item() == pytest.approx(2.0)
    assert lovasz_bce_loss(torch.ones(1, 2, 2), unknown).item() == 0.0
