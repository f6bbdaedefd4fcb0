"""Overlays, overlay videos and contact sheets."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tracker_ext.video.frames import open_frames
from tracker_ext.video.overlay import (
    FILL_OPACITY,
    OverlayVideo,
    Tile,
    contact_sheet,
    draw_overlay,
    evenly_spaced,
    object_colour,
)

GREY = np.full((40, 60, 3), 100, np.uint8)


def labels_with(value: int) -> np.ndarray:
    labels = np.zeros((40, 60), np.uint8)
    labels[10:30, 20:40] = value
    return labels


def test_fill_is_half_transparent_and_only_inside():
    drawn = draw_overlay(GREY, labels_with(2))
    expected = 100 * (1 - FILL_OPACITY) + np.array(object_colour(2)) * FILL_OPACITY
    assert np.abs(drawn[20, 30] - expected).max() <= 1
    assert (drawn[5, 5] == 100).all()
    assert (drawn[10, 30] == object_colour(2)).all(), "contour"
    assert (GREY == 100).all(), "the frame itself stays"


@pytest.mark.parametrize("value", [0, 255])
def test_background_and_undecided_are_not_drawn(value):
    assert (draw_overlay(GREY, labels_with(value)) == GREY).all()


def test_box_edges_are_the_outermost_covered_pixels():
    drawn = draw_overlay(GREY, None, {1: np.array([20.0, 10.0, 20.0, 20.0])})
    assert (drawn[29, 39] == object_colour(1)).all()
    assert (drawn[30, 40] == 100).all()


@pytest.mark.parametrize("box", [None, np.full(4, np.nan)])
def test_absent_objects_have_no_box(box):
    assert (draw_overlay(GREY, None, {1: box}) == GREY).all()


@pytest.mark.parametrize("size", [(40, 60), (41, 61), (1, 1), (3, 200)], ids=str)
@pytest.mark.parametrize("fps", [10, 29.97, None])
def test_video_plays_in_a_browser_and_has_every_frame(tmp_path, size, fps):
    path = tmp_path / "overlay.mp4"
    with OverlayVideo(path, size, fps) as video:
        for value in (40, 120, 200):
            video.add(np.full((*size, 3), value, np.uint8))
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt, stream.frames) == ("h264", "yuv420p", 3)
        assert (stream.height, stream.width) == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "a page plays it before it is loaded"
    source = open_frames(path)
    assert source.fps == pytest.approx(fps or 25, rel=1e-3)
    assert [round(float(frame.mean()) / 40) * 40 for frame in source] == [40, 120, 200]


def test_colours_come_back(tmp_path):
    frame = np.zeros((40, 60, 3), np.uint8)
    frame[:, :20], frame[:, 20:40], frame[:, 40:] = (230, 60, 60), (60, 190, 75), (40, 130, 235)
    with OverlayVideo(tmp_path / "a.mp4", (40, 60)) as video:
        video.add(frame)
    back = open_frames(tmp_path / "a.mp4").frame(0)
    for column in (10, 30, 50):
        assert np.abs(back[20, column].astype(int) - frame[20, column]).max() <= 6


@pytest.mark.parametrize("name", ["a:b", "h\udcff", "%d"])
def test_a_folder_may_have_any_name(tmp_path, name, monkeypatch):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    with OverlayVideo(Path(name) / "overlay.mp4", (4, 4)) as video:
        video.add(np.zeros((4, 4, 3), np.uint8))
    assert (tmp_path / name / "overlay.mp4").stat().st_size > 500


def test_contact_sheet_shows_prediction_and_truth():
    tile = Tile(frame=GREY, predicted=labels_with(1), truth=np.roll(labels_with(1), 10, axis=1), caption="00000")
    sheet = contact_sheet({"first": [tile, tile], "second": [tile]}, "run", tile_width=120)
    assert sheet.shape == (44 + 80 + 80, 240, 3)
    tile_rows = sheet[44:124, :120]
    assert (tile_rows == 255).all(axis=-1).sum() > 50, "white outline of the truth"
    assert (tile_rows == object_colour(1)).all(axis=-1).sum() > 50, "contour of the prediction"


@pytest.mark.parametrize(
    ("num_frames", "count", "expected"),
    [
        pytest.param(10, 3, [0, 4, 9], id="first and last included"),
        pytest.param(2, 5, [0, 1], id="no more than there are"),
        pytest.param(1, 5, [0], id="one frame"),
        pytest.param(5, 1, [0], id="one wanted"),
    ],
)
def test_evenly_spaced(num_frames, count, expected):
    assert evenly_spaced(num_frames, count) == expected
