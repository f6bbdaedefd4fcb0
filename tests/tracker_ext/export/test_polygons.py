"""Outlines along the edges of pixels: what they enclose is the mask, to the last pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tracker_ext.export.polygons import filled, joined, outlines, simplified
from tracker_ext.video.regions import decode_region


def inside(rings: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """The pixels whose centre lies in one of the polygons, by another implementation."""
    found = np.zeros(shape, bool)
    for ring in rings:
        found |= decode_region(",".join(map(str, ring.ravel().tolist())), *shape)
    return found


def blobs(seed: int, smooth: bool) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.random(rng.integers(1, 40, 2)).astype(np.float32)
    return (cv2.GaussianBlur(noise, (0, 0), 2) if smooth else noise) > 0.5


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("seed", range(15))
def test_outlines_enclose_the_mask_with_its_holes_filled(seed, smooth):
    mask = blobs(seed, smooth)
    rings, holes = outlines(mask)
    np.testing.assert_array_equal(inside(rings, mask.shape), filled(mask))
    assert (holes > 0) == (filled(mask) != mask).any()
    if rings:
        np.testing.assert_array_equal(inside([joined(rings)], mask.shape), filled(mask))


@pytest.mark.parametrize("seed", range(10))
def test_pycocotools_fills_the_same_pixels(seed):
    coco = pytest.importorskip("pycocotools.mask", reason="extra coco is not installed")
    mask = blobs(seed, smooth=True)
    rings, _ = outlines(mask)
    for some in ([*rings], [joined(rings)]):
        found = coco.decode(coco.merge(coco.frPyObjects([ring.ravel().tolist() for ring in some], *mask.shape)))
        np.testing.assert_array_equal(found, filled(mask))


@pytest.mark.parametrize(
    "rows, polygons, holes",
    [
        pytest.param(["..", ".."], [], 0, id="empty"),
        pytest.param([".#", ".."], [[(2, 0), (2, 1), (1, 1), (1, 0)]], 0, id="a pixel"),
        pytest.param(["##", "##"], [[(2, 0), (2, 2), (0, 2), (0, 0)]], 0, id="the whole frame"),
        pytest.param(
            ["#.", ".#"], [[(1, 0), (1, 1), (0, 1), (0, 0)], [(2, 1), (2, 2), (1, 2), (1, 1)]], 0, id="touching corners"
        ),
        pytest.param(["###", "#.#", "###"], [[(3, 0), (3, 3), (0, 3), (0, 0)]], 1, id="a hole"),
    ],
)
def test_corners(rows, polygons, holes):
    found = outlines(np.array([[char == "#" for char in row] for row in rows]))
    assert ([[tuple(corner) for corner in ring] for ring in found[0]], found[1]) == (polygons, holes)


def test_what_lies_in_a_hole_is_part_of_what_is_filled():
    mask = np.ones((9, 9), bool)
    mask[2:7, 2:7] = False
    mask[4, 4] = True
    rings, holes = outlines(mask)
    assert len(rings) == 1 and holes == 1 and inside(rings, (9, 9)).all()


def test_fewer_corners_stay_near():
    disc = np.zeros((80, 80), np.uint8)
    cv2.circle(disc, (40, 40), 30, 1, -1)
    (ring,), _ = outlines(disc > 0)
    fewer = simplified(ring, 1.0)
    assert len(fewer) < len(ring) / 3
    same = inside([fewer], disc.shape)
    assert (same & (disc > 0)).sum() / (same | (disc > 0)).sum() > 0.95
    assert simplified(ring, 0) is ring
    assert len(simplified(ring, 500)) >= 3  # nothing vanishes
