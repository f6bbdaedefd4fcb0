"""COCO's run lengths, there and back, and as pycocotools writes them."""

from __future__ import annotations

import numpy as np
import pytest

from tracker_ext.export.run_lengths import coco_rle, mask_of_rle, packed, run_lengths, unpacked


def some_masks() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    noise = [rng.random((h, w)) < p for h, w, p in ((1, 1, 0.5), (7, 5, 0.5), (40, 31, 0.02), (300, 2, 0.9))]
    big = np.zeros((700, 900), bool)
    big[100:650, 3:890] = True
    return [*noise, np.zeros((3, 4), bool), np.ones((3, 4), bool), big]


@pytest.mark.parametrize("mask", some_masks())
def test_there_and_back(mask):
    np.testing.assert_array_equal(mask_of_rle(coco_rle(mask)), mask)


@pytest.mark.parametrize("mask", some_masks())
def test_pycocotools_agrees(mask):
    coco = pytest.importorskip("pycocotools.mask", reason="extra coco is not installed")
    assert coco_rle(mask)["counts"] == coco.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()
    np.testing.assert_array_equal(coco.decode(coco_rle(mask)), mask)


def test_runs_begin_with_zeros():
    assert run_lengths(np.array([1, 1, 0], bool)) == [0, 2, 1]
    assert run_lengths(np.array([0, 1, 1], bool)) == [1, 2]
    assert run_lengths(np.zeros(0, bool)) == [0]


@pytest.mark.parametrize("text, reason", [("P", "cut off"), ("1\x01", "no character"), ("1é", "no character")])
def test_what_is_no_text_of_run_lengths(text, reason):
    with pytest.raises(ValueError, match=reason):
        unpacked(text)


def test_runs_that_do_not_fill_the_mask():
    with pytest.raises(ValueError, match="for a mask of 12"):
        mask_of_rle({"size": [3, 4], "counts": packed([5, 6])})
