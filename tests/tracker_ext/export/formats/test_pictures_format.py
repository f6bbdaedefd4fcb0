"""Black and white masks, cut-out objects, GIF."""

from __future__ import annotations

import numpy as np
import pytest
from miniatures.mask_results import SIZE, davis_result, drawn_labels, write_masks
from miniatures.videos import write_video
from PIL import Image

from ltr_ext.data.image_io import read_image

LABELS = drawn_labels()


def test_binary_has_a_file_for_every_object_and_frame(tmp_path, run):
    out = run(write_masks(tmp_path / "walk", LABELS), "binary") / "binary/walk"
    for object_id in (1, 3):
        for index, labels in enumerate(LABELS):
            with Image.open(out / f"{object_id}/0000{index}.png") as picture:
                assert picture.mode == "L"
                np.testing.assert_array_equal(np.array(picture), (labels == object_id) * np.uint8(255))


def test_cutout_is_the_frame_inside_and_nothing_outside(tmp_path, run):
    result = davis_result(tmp_path / "result")
    out = run(result, "cutout") / "cutout/walk"
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png")) == [
        "1/00000.png", "1/00003.png", "3/00000.png", "3/00001.png", "3/00003.png"
    ]  # fmt: skip
    frame = read_image(result / "JPEGImages/480p/walk/00000.jpg")
    with Image.open(out / "1/00000.png") as picture:
        assert picture.mode == "RGBA"
        cut = np.array(picture)
    rows, columns = np.nonzero(LABELS[0] == 1)
    place = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    inside = (LABELS[0] == 1)[place]
    np.testing.assert_array_equal(cut[..., 3], inside * np.uint8(255))
    np.testing.assert_array_equal(cut[inside, :3], frame[place][inside])
    assert not cut[~inside].any()


@pytest.mark.parametrize("fps, count, shown, duration", [(10, 6, 6, 100), (25, 6, 3, 80), (40, 7, 3, 75)])
def test_gif_keeps_the_speed(tmp_path, run, fps, count, shown, duration):
    result = write_masks(tmp_path / "walk", (LABELS * 2)[:count])
    video = write_video(tmp_path / "clip.mp4", count, SIZE, fps=fps)
    out = run(result, "gif", "--frames", video, "--gif-width", "32")
    with Image.open(out / "gif/walk.gif") as picture:
        assert (picture.size, picture.n_frames, picture.info["loop"]) == ((32, 20), shown, 0)
        durations = []
        for index in range(shown):
            picture.seek(index)
            durations.append(picture.info["duration"])
        assert abs(np.mean(durations[:-1]) - duration) <= 10


def test_gif_shows_masks_over_frames(tmp_path, run):
    out = run(davis_result(tmp_path / "result"), "gif")
    with Image.open(out / "gif/walk.gif") as picture:
        picture.seek(1)  # of 25 a second, every second one: the empty frame
        shown = np.array(picture.convert("RGB")).astype(int)
    frame = read_image(tmp_path / "result/JPEGImages/480p/walk/00002.jpg").astype(int)
    assert np.abs(shown - frame).mean() < 12
