"""Deformed masks, and the samples made of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import write_mask
from ltr_ext.data.mask_deformation import DeformConfig, deform_mask
from ltr_ext.data.optical_flow import dense_flow, flow_picture
from ltr_ext.data.processing import CropConfig
from ltr_ext.data.synthetic.clips import SyntheticConfig
from ltr_ext.data.synthetic.stills import collect_stills
from ltr_ext.data.tracks import StillSampler, TrackSampler
from ltr_ext.models.cues.frame import moved

CROPS = CropConfig(crop_hw=(64, 64), scale=(1.6, 2.8), flip=False)


def disc(x: float, y: float, radius: float, hw: tuple[int, int] = (80, 100)) -> np.ndarray:
    rows, columns = np.mgrid[: hw[0], : hw[1]]
    return (np.hypot(columns + 0.5 - x, rows + 0.5 - y) < radius).astype(np.uint8)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float(((one > 0) & (other > 0)).sum() / ((one > 0) | (other > 0)).sum())


@pytest.mark.parametrize("mask", [disc(50, 40, 20), disc(5, 75, 18)], ids=["in the middle", "over the corner"])
def test_nothing_happens_where_nothing_is_asked_for(mask: np.ndarray) -> None:
    same = deform_mask(np.random.default_rng(0), mask, DeformConfig(scale=0, shift=0, bend=0))
    assert iou(same, mask) > 0.97


def test_deformed_masks_stay_near_the_object_and_differ() -> None:
    mask = disc(50, 40, 20)
    found = [deform_mask(np.random.default_rng(seed), mask, DeformConfig()) for seed in range(30)]
    overlaps = [iou(one, mask) for one in found]
    assert all(one.dtype == np.uint8 and set(np.unique(one)) == {0, 1} for one in found)
    assert min(overlaps) > 0.5 and max(overlaps) < 1 and len({one.tobytes() for one in found}) == 30
    centres = np.array([np.mean(np.nonzero(one), axis=1) for one in found])
    assert np.abs(centres - centres.mean(axis=0)).max() > 1, "they are shifted"
    again = deform_mask(np.random.default_rng(3), mask, DeformConfig())
    assert np.array_equal(again, found[3])


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_a_shift_moves_as_far_as_it_says(share: float) -> None:
    mask = disc(50, 40, 15)
    for seed in range(10):
        box = mask_to_box(deform_mask(np.random.default_rng(seed), mask, DeformConfig(scale=0, shift=share, bend=0)))
        assert box is not None
        assert np.abs(box - mask_to_box(mask)).max() <= share * 30 + 1


def test_an_empty_mask_stays_empty() -> None:
    assert not deform_mask(np.random.default_rng(0), np.zeros((9, 9), np.uint8), DeformConfig()).any()


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stills")
    rng = np.random.default_rng(0)
    for number in range(12):
        image = cv2.GaussianBlur(rng.integers(0, 255, (90, 120, 3), dtype=np.uint8), (0, 0), 2)
        mask = disc(60, 45, 20, (90, 120))
        image[mask > 0] = rng.integers(0, 255, 3)
        cv2.imwrite(str(folder / f"{number}.jpg"), image)
        write_mask(folder / f"{number}.png", mask)
    return folder


def test_a_still_gives_two_samples_with_two_guesses(photographs: Path) -> None:
    stills = collect_stills(photographs, held_out=False)
    sampler = StillSampler(stills, CROPS, DeformConfig(), (0.004, 0.7), samples_per_epoch=4, seed=0)
    one, two, other = (sampler[i] for i in range(3))
    assert torch.equal(one["test_images"], two["test_images"]) and torch.equal(one["test_masks"], two["test_masks"])
    assert not torch.equal(one["train_masks"], two["train_masks"])
    assert not torch.equal(one["test_images"], other["test_images"])
    assert one["train_images"].shape == (1, 3, 64, 64) and one["test_regions"].shape == (1, 4)
    assert iou(one["train_masks"].numpy(), (one["test_masks"] == 1).numpy()) > 0.4
    again = StillSampler(stills, CROPS, DeformConfig(), (0.004, 0.7), samples_per_epoch=4, seed=0)[1]
    assert all(torch.equal(again[name], two[name]) for name in two if isinstance(two[name], torch.Tensor))


def test_regions_carry_a_mask_from_frame_to_frame(photographs: Path) -> None:
    """In a clip where nothing moves, a mask that is moved by the regions is the mask of the next crop."""
    stills = collect_stills(photographs, held_out=False)
    still = SyntheticConfig(
        canvas_side=120, whole_share=0.0, max_distractors=0, speed=1e-6, part_share=0, line_share=0, shadow_share=0
    )
    sampler = TrackSampler(
        stills, (), still, CROPS, CropConfig(crop_hw=(64, 64), scale=(1.6, 2.8), shift=0.2, flip=False),
        flow=True, num_frames=3, samples_per_epoch=4, seed=1,
    )  # fmt: skip
    for index in range(4):
        sample = sampler[index]
        assert sample["test_flow"].shape == (2, 2, 64, 64) and sample["test_flow"].dtype == torch.float32
        first = (sample["train_masks"] == 1).float()[:, None]
        carried = moved(first, sample["train_regions"], sample["test_regions"][:1])[0, 0]
        assert iou((carried > 0.5).numpy(), (sample["test_masks"][0] == 1).numpy()) > 0.6


def test_flow_says_where_a_pixel_was() -> None:
    rng = np.random.default_rng(0)
    wide = cv2.GaussianBlur(rng.integers(0, 255, (96, 110, 3), dtype=np.uint8), (0, 0), 2)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    before, now = np.ascontiguousarray(wide[:, 6:102]), np.ascontiguousarray(wide[:, :96])  # moves six to the right
    flow = dense_flow(now, before)
    assert flow.shape == (96, 96, 2) and flow.dtype == np.float32
    assert np.median(flow[20:-20, 20:-20], axis=(0, 1)) == pytest.approx([-6, 0], abs=0.5)


def test_the_picture_of_the_flow_shows_what_moves_against_the_rest() -> None:
    flow = np.full((40, 40, 2), 3.0, np.float32)
    flow[10:20, 10:20] = (-4, 3)
    picture = flow_picture(flow)
    assert picture.dtype == np.uint8 and picture.shape == (40, 40, 3)
    assert (picture[10:20, 10:20] == 255).all() and picture.sum() == 255 * 300
    assert not flow_picture(np.full((40, 40, 2), 3.0, np.float32)).any()
