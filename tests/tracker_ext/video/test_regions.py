"""VOT's text for masks, rectangles and polygons."""

from __future__ import annotations

import numpy as np
import pytest

from tracker_ext.video.regions import EMPTY, MAX_PIXELS, decode_region, encode_mask, region_box


@pytest.mark.parametrize("seed", range(20))
def test_any_mask_comes_back(seed):
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 30, 2)
    mask = random.random((height, width)) < random.random()
    np.testing.assert_array_equal(decode_region(encode_mask(mask), height, width), mask)


@pytest.mark.parametrize(
    ("mask", "line"),
    [
        pytest.param(np.ones((2, 3)), "m0,0,3,2,0,6", id="full: a run of no zeros first"),
        pytest.param(np.zeros((2, 3)), "m0,0,1,1,1", id="empty"),
        pytest.param(np.pad([[1, 0], [1, 1]], 2), "m2,2,2,2,0,1,1,2", id="box is tight"),
        pytest.param(np.array([[0, 255], [7, 0]], np.uint8), "m0,0,2,2,1,2,1", id="what is not 0 is object"),
    ],
)
def test_known_lines(mask, line):
    assert encode_mask(mask) == line


def test_a_mask_of_another_memory_layout_is_the_same():
    mask = np.arange(12).reshape(3, 4) % 5 > 1
    assert encode_mask(mask.T) == encode_mask(np.ascontiguousarray(mask.T))


def test_masks_are_cut_at_the_border_of_the_picture():
    mask = decode_region("m-1,-1,3,3,0,9", 4, 5)
    assert np.argwhere(mask).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert np.argwhere(decode_region("m4,3,3,3,0,9", 4, 5)).tolist() == [[3, 4]]
    for line in ("m9,9,3,3,0,9", "m-9,0,3,3,0,9", "m0,-9,3,3,0,9"):
        assert not decode_region(line, 4, 5).any(), line


def test_zeros_at_the_end_may_be_left_out():
    assert decode_region("m0,0,2,2,0,1", 2, 2).tolist() == [[True, False], [False, False]]


def test_a_rectangle_holds_the_pixels_whose_centres_it_holds():
    assert np.argwhere(decode_region("1,0,2,1", 3, 4)).tolist() == [[0, 1], [0, 2]]
    assert np.argwhere(decode_region("0.6,0.4,1,1", 3, 4)).tolist() == [[0, 1]]


def test_a_polygon_of_four_right_angles_is_the_rectangle():
    rectangle = decode_region("2,1,5,3", 8, 9)
    np.testing.assert_array_equal(decode_region("2,1,7,1,7,4,2,4", 8, 9), rectangle)
    np.testing.assert_array_equal(decode_region("2,4,7,4,7,1,2,1", 8, 9), rectangle)


def test_a_triangle_has_half_the_area():
    area = np.count_nonzero(decode_region("0,0,100,0,0,60", 60, 100))
    assert area == pytest.approx(3000, rel=0.02)


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("m3,2,4,3,1,1,10", [4, 2, 1, 1]),
        ("1.5,2,3,4", [1.5, 2, 3, 4]),
        ("1,2,5,2,5,9", [1, 2, 4, 7]),
        (EMPTY, [np.nan] * 4),
        ("0", [np.nan] * 4),
        ("nan,nan,nan,nan", [np.nan] * 4),
    ],
)
def test_boxes(line, box):
    np.testing.assert_array_equal(region_box(line), box)


@pytest.mark.parametrize("line", ["0", "2", "nan,nan,nan,nan", EMPTY])
def test_no_region_is_an_empty_mask(line):
    assert not decode_region(line, 3, 3).any()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "is not numbers"),
        ("m1,2", "whole numbers"),
        ("m1,2,3,x,4", "whole numbers"),
        ("m0,0,2,2,5", "5 pixels, its box 4"),
        ("m0,0,2,2,-1,5", "pixels, its box"),
        ("m0,0,0,2", "is none"),
        (f"m0,0,{MAX_PIXELS},2,0,1", "is none"),
        ("1,2,3", "3 numbers"),
        ("1,2,3,4,5,6,7", "7 numbers"),
        ("1,2,3,inf", "not finite"),
    ],
)
def test_broken_lines_are_refused(line, reason):
    for read in (lambda: decode_region(line, 4, 4), lambda: region_box(line)):
        with pytest.raises(ValueError, match=reason):
            read()
