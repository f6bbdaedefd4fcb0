"""Losses for boxes against their definitions, spelt out pixel by pixel."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ltr_ext.losses import crf_loss, mil_loss
from ltr_ext.losses.mil import bag_loss, smoothness

HEIGHT, WIDTH = 6, 8
BOXES = {
    "inside": (2.0, 1.0, 3.0, 4.0),
    "fractional": (1.6, 0.4, 3.3, 2.5),
    "over the left side": (-2.0, 1.0, 5.0, 3.0),
    "over the bottom": (2.0, 3.0, 3.0, 9.0),
    "the whole crop": (0.0, 0.0, 8.0, 6.0),
    "no object": (0.0, 0.0, 0.0, 0.0),
}


def noise(*shape: int, seed: int = 0) -> Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def bags_by_definition(logits: Tensor, box: tuple[float, ...]) -> float:
    x, y, w, h = box

    def inside(row: int, column: int) -> bool:
        return y <= row + 0.5 < y + h and x <= column + 0.5 < x + w

    lines = [[(r, c) for c in range(WIDTH)] for r in range(HEIGHT)]
    lines += [[(r, c) for r in range(HEIGHT)] for c in range(WIDTH)]
    across = [x >= -0.5 and x + w <= WIDTH + 0.5] * HEIGHT + [y >= -0.5 and y + h <= HEIGHT + 0.5] * WIDTH
    terms = []
    for line, whole in zip(lines, across, strict=True):
        probabilities = {inside: [] for inside in (True, False)}
        for row, column in line:
            probabilities[inside(row, column)].append(sigmoid(logits[row, column].item()))
        if probabilities[True] and whole:
            terms.append(-math.log(max(probabilities[True])))
        if probabilities[False]:
            terms.append(-math.log(1 - max(probabilities[False])))
    return sum(terms) / max(len(terms), 1)


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES.keys())
def test_bags_equal_their_definition(box):
    logits = noise(HEIGHT, WIDTH)
    found = bag_loss(logits[None], torch.tensor([box])).item()
    assert found == pytest.approx(bags_by_definition(logits, box))


def test_frames_are_averaged():
    logits, boxes = noise(len(BOXES), HEIGHT, WIDTH), torch.tensor(list(BOXES.values()))
    expected = [bags_by_definition(frame, box) for frame, box in zip(logits, BOXES.values(), strict=True)]
    assert bag_loss(logits, boxes).item() == pytest.approx(sum(expected) / len(expected))


def test_smoothness_equals_its_definition():
    logits = noise(2, HEIGHT, WIDTH)
    differences = []
    for frame in logits:
        for r in range(HEIGHT):
            for c in range(WIDTH):
                for other_r in range(max(r - 1, 0), min(r + 2, HEIGHT)):
                    for other_c in range(max(c - 1, 0), min(c + 2, WIDTH)):
                        if (other_r, other_c) != (r, c):
                            one, other = (sigmoid(frame[i].item()) for i in ((r, c), (other_r, other_c)))
                            differences.append((one - other) ** 2)
    assert smoothness(logits).item() == pytest.approx(sum(differences) / len(differences))


def test_the_parts_are_added():
    logits, boxes = noise(1, HEIGHT, WIDTH), torch.tensor([BOXES["inside"]])
    expected = bag_loss(logits, boxes) + 0.05 * smoothness(logits)
    assert mil_loss(logits, boxes).item() == pytest.approx(expected.item())


def test_a_mask_that_touches_all_sides_is_as_good_as_the_filled_box():
    box = torch.tensor([BOXES["inside"]])
    cross, filled, part = (torch.full((1, HEIGHT, WIDTH), -20.0) for _ in range(3))
    filled[:, 1:5, 2:5] = 20
    cross[:, 2, 2:5] = cross[:, 1:5, 3] = 20
    part[:, 2, 2:5] = 20
    assert bag_loss(filled, box) < 1e-3 and bag_loss(cross, box) < 1e-3
    assert bag_loss(part, box) > 1


def test_gradients_of_the_box_loss_are_exact():
    boxes = torch.tensor(list(BOXES.values()))
    logits = noise(len(BOXES), HEIGHT, WIDTH).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: mil_loss(x, boxes), logits)


def crf_by_definition(logits: Tensor, image: Tensor, sigma_rgb: float, sigma_xy: float, step: float = 1.0) -> float:
    """Two loops over the pixels; `step` is their distance."""
    height, width = logits.shape
    pixels = [(r, c) for r in range(height) for c in range(width)]
    disagreement = total = 0.0
    for r, c in pixels:
        for other_r, other_c in pixels:
            colour = sum(
                (a - b) ** 2 for a, b in zip(image[:, r, c].tolist(), image[:, other_r, other_c].tolist(), strict=True)
            )
            place = step**2 * ((r - other_r) ** 2 + (c - other_c) ** 2)
            weight = math.exp(-colour / (2 * sigma_rgb**2) - place / (2 * sigma_xy**2))
            one, other = logits[r, c].item(), logits[other_r, other_c].item()
            for sign in (1, -1):
                disagreement += weight * sigmoid(sign * one) * (1 - sigmoid(sign * other))
            total += weight
    return disagreement / total


def picture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Tensor:
    return 40 * torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("sigma_rgb", "sigma_xy"), [(15.0, 100.0), (15.0, 2.0), (100.0, 3.0)])
def test_crf_equals_its_definition(sigma_rgb, sigma_xy):
    logits, images = noise(2, HEIGHT, WIDTH), torch.stack((picture(1), picture(2)))
    frames = zip(logits, images, strict=True)
    expected = [crf_by_definition(frame, image, sigma_rgb, sigma_xy) for frame, image in frames]
    assert crf_loss(logits, images, sigma_rgb, sigma_xy).item() == pytest.approx(sum(expected) / 2)


def test_crf_on_a_coarse_grid():
    """Equal cells of 2 x 2 pixels, twice as far apart."""
    logits, image = noise(3, 4), picture(3, 3, 4)
    large, large_image = (tensor.repeat_interleave(2, -1).repeat_interleave(2, -2) for tensor in (logits, image))
    found = crf_loss(large[None], large_image[None], 15.0, 5.0, grid=4).item()
    assert found == pytest.approx(crf_by_definition(logits, image, 15.0, 5.0, step=2.0))


def test_crf_in_blocks(monkeypatch):
    logits, images = noise(1, HEIGHT, WIDTH), picture(4)[None]
    whole = crf_loss(logits, images).item()
    monkeypatch.setattr("ltr_ext.losses.crf.BLOCK", 7)
    assert crf_loss(logits, images).item() == pytest.approx(whole)


def test_crf_gradients_are_exact():
    images = picture(5)[None]
    logits = noise(1, HEIGHT, WIDTH, seed=5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: crf_loss(x, images, 15.0, 3.0), logits)


def test_crf_prefers_borders_where_colours_change():
    image = torch.zeros(1, 3, HEIGHT, WIDTH)
    image[..., 4:] = 200
    good, bad = (torch.full((1, HEIGHT, WIDTH), -20.0) for _ in range(2))
    good[..., 4:], bad[:, 3:] = 20, 20
    assert crf_loss(good, image) < 1e-3 < 0.1 < crf_loss(bad, image)
