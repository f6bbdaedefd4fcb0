"""Crop geometry: there and back without a half-pixel shift."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.crop import MIN_COVER, Crop, crop_around, search_region
from ltr_ext.errors import UserError

IMAGE_HW = (480, 854)


def ellipse(centre: tuple[float, float], axes: tuple[float, float]) -> np.ndarray:
    rows, columns = np.mgrid[: IMAGE_HW[0], : IMAGE_HW[1]] + 0.5
    return ((columns - centre[0]) / axes[0]) ** 2 + ((rows - centre[1]) / axes[1]) ** 2 < 1


def centroid(mask: np.ndarray) -> np.ndarray:
    return np.argwhere(mask).mean(axis=0) + 0.5


@pytest.mark.parametrize("out_hw", [(320, 320), (480, 832), (256, 256)])
@pytest.mark.parametrize(
    "centre, axes",
    [
        pytest.param((400, 240), (30, 22), id="small: the crop enlarges"),
        pytest.param((400, 240), (200, 130), id="large: the crop shrinks"),
        pytest.param((25, 30), (40, 50), id="over the corner"),
        pytest.param((427, 240), (420, 235), id="as large as the image"),
        pytest.param((427, 20), (400, 15), id="flat"),
    ],
)
def test_a_mask_comes_back_where_it_was(centre, axes, out_hw):
    mask = ellipse(centre, axes)
    crop = crop_around(mask_to_box(mask), IMAGE_HW, 2.5, out_hw)
    there = crop.cut_mask(mask.astype(np.uint8))
    back = crop.paste(there.astype(np.float32) - 0.5, IMAGE_HW, outside=-1.0) > 0
    jaccard = (mask & back).sum() / (mask | back).sum()
    pixel = max(1 / crop.zoom.min(), 1.0)
    # A shift by half a crop pixel would show here at once.
    np.testing.assert_allclose(centroid(back), centroid(mask), atol=0.12 * pixel)
    outline = sum(len(c) for c in cv2.findContours(mask.astype(np.uint8), 0, cv2.CHAIN_APPROX_NONE)[0])
    assert 1 - jaccard < 0.45 * pixel * outline / mask.sum()


def test_smooth_values_survive_the_round_trip():
    rows, columns = np.mgrid[: IMAGE_HW[0], : IMAGE_HW[1]].astype(np.float32)
    ramp = 0.3 * columns - 0.2 * rows
    crop = Crop(left=100, top=50, width=400, height=300, out_hw=(320, 320))
    there = cv2.resize(ramp[50:350, 100:500], (320, 320), interpolation=cv2.INTER_LINEAR)
    back = crop.paste(there, IMAGE_HW, outside=0.0)
    inside = (slice(55, 345), slice(105, 495))
    np.testing.assert_allclose(back[inside], ramp[inside], atol=0.02)
    assert not back[:50].any() and not back[:, 500:].any()


def test_boxes_and_pixels_take_the_same_way():
    mask = np.zeros(IMAGE_HW, np.uint8)
    mask[100:180, 300:420] = 1
    crop = crop_around(np.array([300.0, 100, 120, 80]), IMAGE_HW, 2.5, (320, 320))
    in_crop = crop.boxes_to_crop(np.array([300.0, 100, 120, 80]))
    np.testing.assert_allclose(mask_to_box(crop.cut_mask(mask)), in_crop, atol=1.0)


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((300, 200, 60, 40), id="inside"),
        pytest.param((-30, -20, 60, 40), id="over the corner"),
        pytest.param((0, 0, 854, 480), id="whole image"),
        pytest.param((0, 230, 854, 10), id="full width and flat"),
        pytest.param((853.2, 479.1, 50, 50), id="a sliver at the corner"),
        pytest.param((400, 100, 0.4, 0.4), id="less than a pixel"),
    ],
)
@pytest.mark.parametrize("out_hw", [(320, 320), (480, 832)])
def test_the_crop_holds_the_visible_box(box, out_hw):
    crop = crop_around(np.array(box, float), IMAGE_HW, 4.0, out_hw)
    x, y, w, h = box
    assert crop.left <= max(x, 0) and crop.top <= max(y, 0)
    assert crop.left + crop.width >= min(x + w, IMAGE_HW[1]) and crop.top + crop.height >= min(y + h, IMAGE_HW[0])
    assert crop.width / crop.height == pytest.approx(out_hw[1] / out_hw[0], rel=0.25 if crop.height < 9 else 0.02)


def test_the_crop_stays_in_the_image_where_it_can():
    crop = crop_around(np.array([10.0, 10, 50, 50]), IMAGE_HW, 5.0, (320, 320))
    assert (crop.left, crop.top) == (0, 0)
    assert crop.width == crop.height == 250


def test_the_crop_shrinks_to_the_image_but_not_below_the_box():
    wide = crop_around(np.array([200.0, 100, 300, 200]), IMAGE_HW, 5.0, (320, 320))
    assert wide.height == 480
    flat = crop_around(np.array([100.0, 200, 600, 100]), IMAGE_HW, 5.0, (320, 320))
    assert flat.width == round(MIN_COVER * 600)


def test_outside_the_image_the_picture_repeats_its_edge_and_the_mask_is_empty():
    crop = Crop(left=-8, top=-8, width=16, height=16, out_hw=(16, 16))
    image = np.full((10, 10, 3), 7, np.uint8)
    assert (crop.cut(image) == 7).all()
    labels = crop.cut_mask(np.ones((10, 10), np.uint8))
    assert labels[:8].sum() == 0 and labels[8:, 8:].all()


@pytest.mark.parametrize("width", [np.nan, np.inf, 1e308])
def test_a_search_region_needs_a_box_of_a_picture(width):
    with pytest.raises(UserError, match="none of a picture"):
        search_region(np.array([1.9, 83, 87, width]), (593, 960), 2.8, (320, 320))
