"""The few pictures of a sequence."""

from __future__ import annotations

import numpy as np
import pytest

from ltr_ext.data.image_io import read_image
from tracker_ext.annotation.review.preview import (
    HEIGHT,
    WIDTH,
    PreviewCollector,
    draw_preview,
    shown_region,
    write_preview,
)

FRAME = np.full((120, 160, 3), 90, np.uint8)
BOX = np.array([100.0, 20, 30, 40])


def collect(confidences: list[float]) -> PreviewCollector:
    collector = PreviewCollector(len(confidences))
    labels = np.zeros((120, 160), np.uint8)
    labels[20:60, 100:130] = 1
    for index, value in enumerate(confidences):
        collector.add(index, f"{index:04d}", FRAME, labels, {1: BOX}, {1: value})
    return collector


def test_the_worst_frames_of_different_stretches_and_the_middle():
    confidences = [0.9] * 50
    confidences[3], confidences[4], confidences[31], confidences[44] = 0.1, 0.15, 0.3, 0.2
    assert [picture.index for picture in collect(confidences).pictures()] == [3, 44, 31, 25]


@pytest.mark.parametrize(
    "confidences, indices",
    [
        pytest.param([0.5], [0], id="one frame"),
        pytest.param([np.nan] * 5, [2], id="nothing known: the middle"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_short_sequences(confidences, indices):
    assert [picture.index for picture in collect(confidences).pictures()] == indices


def test_files_are_ranked_small_and_replace_older_ones(tmp_path):
    folder = tmp_path / "preview" / "seq"
    write_preview(folder, collect([0.9, 0.1, 0.8, 0.7, 0.2, 0.9]))
    files = write_preview(folder, collect([0.1, 0.9, 0.9, 0.9, 0.9, 0.2]))
    assert files[0].name == "1_0000.jpg"
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in files)
    for path in files:
        assert path.stat().st_size < 40_000
        height, width = read_image(path).shape[:2]
        assert height <= HEIGHT and width <= WIDTH and (height == HEIGHT or width == WIDTH)


@pytest.mark.parametrize(
    "box, image_hw",
    [
        pytest.param((100, 20, 30, 40), (120, 160), id="inside"),
        pytest.param((-10, -10, 20, 20), (120, 160), id="over the corner"),
        pytest.param((0, 0, 160, 120), (120, 160), id="the whole image"),
        pytest.param((5, 5, 1, 1), (120, 160), id="one pixel"),
        pytest.param((3, 900, 10, 90), (1000, 20), id="a narrow image"),
    ],
)
def test_what_is_shown_holds_the_box_and_stays_inside(box, image_hw):
    rows, columns = shown_region([np.array(box, float)], image_hw)
    x, y, w, h = box
    assert 0 <= rows.start <= max(y, 0) and min(y + h, image_hw[0]) <= rows.stop <= image_hw[0]
    assert 0 <= columns.start <= max(x, 0) and min(x + w, image_hw[1]) <= columns.stop <= image_hw[1]


def test_mask_and_box_are_where_the_object_is():
    labels = np.zeros((120, 160), np.uint8)
    labels[20:60, 100:130] = 1
    drawn = draw_preview(FRAME, labels, {1: BOX, 2: None, 3: np.full(4, np.nan)})
    changed = (drawn != 90).any(axis=2)
    rows, columns = shown_region([BOX], (120, 160))
    factor = drawn.shape[1] / (columns.stop - columns.start)
    expected = np.array([(100 - columns.start), (20 - rows.start), 30, 40]) * factor
    ys, xs = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    found = np.array([xs[0], ys[0], xs[-1] - xs[0] + 1, ys[-1] - ys[0] + 1])
    assert np.abs(found - expected).max() <= 3
