"""Which frame goes with which mask."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from miniatures.mask_results import SIZE, davis_result, drawn_labels, frame_pictures, write_masks
from miniatures.shapes import write_picture
from miniatures.videos import level, write_video
from PIL import Image

from ltr_ext.errors import UserError
from tracker_ext.export.clips import find_masks
from tracker_ext.export.frames import frames_of
from tracker_ext.export.masks import look_through

LABELS = drawn_labels()


def frames(result, given=None, at=0):
    found = find_masks(result)
    return frames_of(found[at], look_through(found[at]), given, alone=len(found) == 1)


def test_not_known(tmp_path):
    assert frames(write_masks(tmp_path / "walk", LABELS)) is None


def test_pictures_of_the_layout(tmp_path):
    found = frames(davis_result(tmp_path))
    assert found.numbers == (0, 1, 2, 3)
    assert found.picture(2) == tmp_path / "JPEGImages/480p/walk/00002.jpg"
    assert found.frame(2, SIZE).shape == (*SIZE, 3)


def test_pictures_by_name_of_which_more_are_there(tmp_path):
    result = write_masks(tmp_path / "walk", LABELS)
    for index, picture in enumerate(frame_pictures(6)):
        write_picture(tmp_path / "frames" / f"{index:05d}.jpg", picture)
    (result / "00001.png").unlink()
    found = frames(result, tmp_path / "frames")
    assert found.numbers == (0, 2, 3)
    np.testing.assert_array_equal(found.frame(1, SIZE), cv2.imread(str(tmp_path / "frames/00002.jpg"))[..., ::-1])


@pytest.mark.parametrize("where", ["", "img", "video/clip"])
def test_as_many_by_position(tmp_path, where):
    result = write_masks(tmp_path / "walk", LABELS)
    if where == "video/clip":
        (tmp_path / "given/video").mkdir(parents=True)
        write_video(tmp_path / "given/video/clip.mp4", 4, SIZE)
    else:
        for index, picture in enumerate(frame_pictures(4)):
            write_picture(tmp_path / "given" / where / f"f{index + 7}.jpg", picture)
    assert frames(result, tmp_path / "given").numbers == (0, 1, 2, 3)


def test_some_frames_of_a_video_by_number(tmp_path):
    result = write_masks(tmp_path / "walk", LABELS, "{:08d}")
    (result / "00000001.png").unlink()
    found = frames(result, write_video(tmp_path / "clip.mp4", 9, SIZE))
    assert found.numbers == (0, 2, 3)
    assert found.picture(0) is None and found.source.fps == 25


def test_the_video_of_a_data_set_s_run(tmp_path):
    """Every second frame from the third on."""
    write_masks(tmp_path / "job/davis/Annotations/480p/walk", LABELS)
    (tmp_path / "job/sequences").mkdir()
    (tmp_path / "job/settings.json").write_text('{"dataset": "folder", "formats": [], "weights_hash": "x"}')
    video = {"path": str(write_video(tmp_path / "clip.mp4", 12, SIZE)), "first": 2, "step": 2}
    (tmp_path / "job/sequences/walk.json").write_text(json.dumps({"objects": {"1": "car"}, "video": video}))
    found = frames(tmp_path / "job")
    assert [level(found.frame(index, SIZE)) for index in range(4)] == [2, 4, 6, 8]


def test_of_several_clips_by_their_names(tmp_path):
    for name in ("x/a", "x/b"):
        write_masks(tmp_path / "result" / name, LABELS)
    (tmp_path / "given").mkdir()
    write_video(tmp_path / "given/a.mp4", 4, SIZE)
    for index, picture in enumerate(frame_pictures(4)):
        write_picture(tmp_path / "given/b/img" / f"{index}.jpg", picture)
    assert frames(tmp_path / "result", tmp_path / "given", 0).picture(0) is None
    assert frames(tmp_path / "result", tmp_path / "given", 1).picture(0).name == "0.jpg"


@pytest.mark.parametrize(
    "make, message",
    [
        pytest.param(lambda at: at / "nowhere", "does not exist", id="nothing"),
        pytest.param(lambda at: write_video(at / "c.mp4", 3, SIZE), "4 masks .* and 3 frames that are not", id="fewer"),
        pytest.param(
            lambda at: write_video(at / "c.mp4", 4, (40, 62)),
            r"00000.png is 64x40, but frame 00000000 .* 62x40",
            id="size",
        ),
        pytest.param(lambda at: (at / "empty").mkdir() or at / "empty", "has no pictures", id="empty"),
    ],
)
def test_refused(tmp_path, make, message):
    result = write_masks(tmp_path / "walk", LABELS)
    with pytest.raises(UserError, match=message):
        frames(result, make(tmp_path))


def test_refused_of_several(tmp_path):
    for name in ("a", "b"):
        write_masks(tmp_path / "result" / name, LABELS)
    with pytest.raises(UserError, match="is one file for several clips"):
        frames(tmp_path / "result", write_video(tmp_path / "c.mp4", 4, SIZE))
    with pytest.raises(UserError, match="neither a folder nor a video named a;"):
        frames(tmp_path / "result", tmp_path)


@pytest.mark.parametrize("turned", [True, False])
def test_masks_of_turned_pictures_and_of_those_as_stored(tmp_path, turned):
    tall = [np.ascontiguousarray(np.rot90(one)) for one in LABELS[:1]]
    result = write_masks(tmp_path / "walk", tall if turned else LABELS[:1])
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "frames").mkdir()
    Image.fromarray(frame_pictures(1)[0]).save(tmp_path / "frames/0.jpg", exif=exif)
    found = frames(result, tmp_path / "frames")
    assert found.source.upright == turned
    assert found.frame(0, SIZE).shape[:2] == (tall[0].shape if turned else SIZE)


def test_a_frame_that_cannot_be_read_is_the_one_before(tmp_path):
    found = frames(davis_result(tmp_path))
    path = tmp_path / "JPEGImages/480p/walk/00001.jpg"
    path.write_bytes(path.read_bytes()[:-200])
    before = found.frame(0, SIZE)
    np.testing.assert_array_equal(found.frame(1, SIZE), before)
    assert list(found.unreadable) == [1]
