"""Box checks, boxes of masks, overlap."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ltr_ext.data.boxes import box_iou, check_box, mask_to_box
from ltr_ext.errors import UserError


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((1, 2, 3, 4), id="inside"),
        pytest.param((-5, -5, 6, 6), id="reaches in from the top left"),
        pytest.param((99.5, 79.5, 50, 50), id="half a pixel inside"),
    ],
)
def test_good_boxes_pass_unchanged(box):
    assert check_box(box, height=80, width=100, name="clip").tolist() == list(box)


@pytest.mark.parametrize(
    "box, message",
    [
        pytest.param((1, 2, 3), "not four numbers", id="three numbers"),
        pytest.param("abcd", "not four numbers", id="text"),
        pytest.param((1, 2, math.nan, 4), "not finite", id="nan"),
        pytest.param((1, 2, math.inf, 4), "not finite", id="infinite"),
        pytest.param((1, 2, 0, 4), "no area", id="no width"),
        pytest.param((1, 2, 3, -4), "no area", id="negative height"),
        pytest.param((100, 2, 3, 4), "outside the 100x80 image", id="right of the image"),
        pytest.param((-50, 10, 20, 20), "outside", id="left of the image"),
        pytest.param((10, -20, 20, 20), "outside", id="touches the upper edge from above"),
    ],
)
def test_bad_boxes_are_refused_by_name(box, message):
    with pytest.raises(UserError, match=message) as caught:
        check_box(box, height=80, width=100, name="clip frame 7")
    assert str(caught.value).startswith("clip frame 7: box ")


@pytest.mark.parametrize(
    "pixels, box",
    [
        pytest.param([], None, id="empty"),
        pytest.param([(5, 3)], (3, 5, 1, 1), id="one pixel"),
        pytest.param([(0, 0), (9, 11)], (0, 0, 12, 10), id="opposite corners"),
        pytest.param([(2, 4), (7, 4)], (4, 2, 1, 6), id="a column"),
    ],
)
def test_box_through_the_extreme_points(pixels, box):
    mask = np.zeros((10, 12), bool)
    for row, column in pixels:
        mask[row, column] = True
    found = mask_to_box(mask)
    assert (found is None) if box is None else (found.tolist() == list(box))


@pytest.mark.parametrize(
    "a, b, iou",
    [
        pytest.param((0, 0, 2, 2), (0, 0, 2, 2), 1.0, id="same"),
        pytest.param((0, 0, 2, 2), (1, 0, 2, 2), 1 / 3, id="half shifted"),
        pytest.param((0, 0, 2, 2), (2, 0, 2, 2), 0.0, id="touching"),
        pytest.param((0, 0, 0, 0), (0, 0, 0, 0), 0.0, id="no area at all"),
    ],
)
def test_overlap(a, b, iou):
    assert box_iou(np.array(a), np.array(b)) == pytest.approx(iou)
