"""Alpha from the mask and the picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tracker_ext.segmentation.soft_edges import alphas_of, edge_band, edge_radius, guided_filter, soft_edges

HEIGHT, WIDTH = 96, 128


def scene(blur: float = 2.0, centre: tuple[int, int] = (64, 48)) -> tuple[np.ndarray, np.ndarray]:
    """A blurred disc over grey that is not quite even: the picture, and its true alpha."""
    sharp = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.circle(sharp, centre, 24, 1.0, -1)
    alpha = cv2.GaussianBlur(sharp, (0, 0), blur)
    rng = np.random.default_rng(0)
    behind = np.full((HEIGHT, WIDTH, 3), (60, 70, 80), np.float32) + rng.normal(0, 1, (HEIGHT, WIDTH, 1))
    picture = alpha[..., None] * np.array([200, 160, 40], np.float32) + (1 - alpha[..., None]) * behind
    return picture.clip(0, 255).astype(np.uint8), alpha


def test_the_filter_is_the_regression_that_it_is_said_to_be():
    rng = np.random.default_rng(0)
    guide = rng.random((14, 15, 3), dtype=np.float32)
    values = rng.random((14, 15), dtype=np.float32)
    radius, epsilon = 2, 1e-2
    slopes, offsets = {}, {}
    for y in range(2, 12):
        for x in range(2, 13):
            colours = guide[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).astype(np.float64)
            wanted = values[y - 2 : y + 3, x - 2 : x + 3].reshape(-1).astype(np.float64)
            centred = colours - colours.mean(axis=0)
            left = centred.T @ centred / 25 + epsilon * np.eye(3)
            slopes[y, x] = np.linalg.solve(left, centred.T @ (wanted - wanted.mean()) / 25)
            offsets[y, x] = wanted.mean() - slopes[y, x] @ colours.mean(axis=0)
    near = [(y, x) for y in range(5, 10) for x in range(4, 9)]
    expected = np.mean([slopes[at] for at in near], axis=0) @ guide[7, 6] + np.mean([offsets[at] for at in near])
    assert guided_filter(guide, values, radius, epsilon)[7, 6] == pytest.approx(expected, abs=1e-5)


def test_a_constant_stays_and_a_function_of_the_colours_is_kept():
    guide, alpha = scene()
    colours = guide.astype(np.float32) / 255
    np.testing.assert_allclose(
        guided_filter(colours, np.full((HEIGHT, WIDTH), 0.3, np.float32), 4, 1e-4), 0.3, atol=1e-5
    )
    found = guided_filter(colours, alpha, 4, 1e-6)
    assert np.abs(found - alpha).max() < 0.05


@pytest.mark.parametrize("shift", [0, 2])
def test_edges_move_onto_those_of_the_picture_and_are_as_soft(shift):
    picture, alpha = scene()
    moved = np.roll(alpha >= 0.5, shift, axis=1)
    found = soft_edges(picture, moved, radius=6) / 255
    near = edge_band(alpha >= 0.5, 6)
    hard, soft = np.abs(moved - alpha)[near].mean(), np.abs(found - alpha)[near].mean()
    assert soft < 0.6 * hard
    between = (found > 0.1) & (found < 0.9)
    assert between.sum() > 100, "an edge that is blurred in the picture"


def test_far_from_the_edge_nothing_is_between():
    picture, alpha = scene()
    picture[5:9, 5:9] = (200, 160, 40)  # another thing of the object's colour
    mask = alpha >= 0.5
    found = soft_edges(picture, mask, radius=3)
    far = ~edge_band(mask, 6)
    np.testing.assert_array_equal(found[far], mask[far] * 255)
    assert found.dtype == np.uint8 and not found[5:9, 5:9].any()


def test_an_object_at_the_border_and_an_empty_mask():
    picture, alpha = scene(centre=(2, 48))
    mask = alpha >= 0.5
    assert (soft_edges(picture, mask, radius=4)[48, :8] > 200).all(), "the border of the image is no edge"
    assert not soft_edges(picture, np.zeros_like(mask)).any()


def test_objects_share_their_pixels():
    picture, alpha = scene()
    labels = np.where(alpha >= 0.5, 1, 0).astype(np.uint8)
    labels[:, 70:][labels[:, 70:] == 1] = 2
    found = alphas_of(picture, labels, [1, 2, 3])
    assert set(found) == {1, 2}, "an object that is not there has none"
    assert found[1][48, 60] == 255 and found[1][48, 85] == 0 and found[2][48, 85] > 200


def test_the_radius_grows_with_the_frame():
    assert edge_radius((1080, 1920)) > edge_radius((480, 854)) >= 2
