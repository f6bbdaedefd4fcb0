"""Masks and boxes to TraX and back: nothing is lost on the way, whatever the memory layout and the place."""

from __future__ import annotations

import numpy as np
import pytest

from ltr_ext.errors import UserError
from tracker_ext.vot import protocol

trax = pytest.importorskip("trax")
SIZE = (12, 20)


def blob() -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[3:7, 5:14] = True
    mask[4, 6] = False
    return mask


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda mask: mask, id="bool"),
        pytest.param(lambda mask: mask.astype(np.uint8) * 255, id="255 for object"),
        pytest.param(lambda mask: mask.astype(np.float32), id="float"),
        pytest.param(lambda mask: np.asfortranarray(mask), id="columns first"),
        pytest.param(lambda mask: mask.T.copy().T, id="transposed view"),
        pytest.param(lambda mask: np.pad(mask, 3)[3:-3, 3:-3], id="slice"),
        pytest.param(lambda mask: np.repeat(mask, 2, axis=1)[:, ::2], id="every second column"),
        pytest.param(lambda mask: mask[::-1, ::-1].copy()[::-1, ::-1], id="negative strides"),
        pytest.param(lambda mask: np.zeros_like(mask), id="empty"),
    ],
)
def test_a_mask_survives_the_wire(make):
    mask = make(blob())
    region = protocol.mask_region(mask)
    assert region.offset() == (0, 0)
    assert np.array_equal(protocol.region_mask(region, SIZE), mask != 0)


@pytest.mark.parametrize("x, y", [(0, 0), (7, 4), (16, 10), (-3, -2), (19, 11), (40, 40), (-9, 0)])
def test_a_mask_with_an_offset_is_padded_on_all_sides_and_cut_at_the_border(x, y):
    """The toolkit sends the content of the mask's box, not the whole picture."""
    content = np.array([[1, 1, 0, 1], [0, 1, 1, 1], [1, 0, 0, 1]], np.uint8)
    around = np.zeros((100, 100), bool)
    around[50 + y : 53 + y, 50 + x : 54 + x] = content
    region = trax.Mask.create(content, x=x, y=y)
    assert np.array_equal(protocol.region_mask(region, SIZE), around[50:62, 50:70])


def test_a_rectangle_is_filled_and_its_box_is_itself():
    region = trax.Rectangle.create(5, 3, 9, 4)
    expected = np.zeros(SIZE, bool)
    expected[3:7, 5:14] = True
    assert np.array_equal(protocol.region_mask(region, SIZE), expected)
    outside = trax.Rectangle.create(-4.5, 2.25, 9, 40)
    assert protocol.region_box(outside, SIZE).tolist() == [-4.5, 2.25, 9, 40]


def test_a_polygon_is_filled_where_it_is():
    """vot-trax itself makes an empty mask of it, in another place."""
    region = trax.Polygon.create([(2, 1), (12, 1), (12, 9), (2, 9)])
    expected = np.zeros(SIZE, bool)
    expected[1:9, 2:12] = True
    assert np.array_equal(protocol.region_mask(region, SIZE), expected)
    assert protocol.region_box(region, SIZE).tolist() == [2, 1, 10, 8]


def test_the_box_of_a_mask_is_tight_in_the_picture():
    region = trax.Mask.create(np.pad(np.ones((3, 6), np.uint8), 1), x=15, y=4)
    assert protocol.region_box(region, SIZE).tolist() == [16, 5, 4, 3]


def test_an_empty_mask_is_no_start():
    with pytest.raises(UserError, match="empty mask"):
        protocol.region_box(trax.Mask.create(np.zeros((3, 3), np.uint8)), SIZE)


def test_a_code_is_no_start():
    with pytest.raises(UserError, match="special"):
        protocol.region_mask(trax.region.Special.create(1), SIZE)


def test_a_box_survives_the_wire():
    assert protocol.rectangle_region(np.array([1.5, -2, 30.25, 4])).bounds() == (1.5, -2, 30.25, 4)


def test_missing_vot_trax_is_said_in_one_line(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "trax", None)
    with pytest.raises(UserError, match="pip install 'vot-trax"):
        protocol.load_trax()
