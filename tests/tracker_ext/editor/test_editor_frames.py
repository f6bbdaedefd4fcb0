"""Any frame by its number, in any order, the same as in a row."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest
from miniatures.editor import settle
from miniatures.videos import cut_file, damage_frames, level, write_video

from ltr_ext.errors import UserError
from tracker_ext.editor.frames import MOST_SIDE, ClipFrames, Kept, encoded
from tracker_ext.video.frames import open_frames

ORDERS = {
    "backwards": list(range(29, -1, -1)),
    "jumping": [0, 29, 3, 28, 4, 4, 15, 14, 16, 0],
    "at random": np.random.default_rng(0).permutation(30).tolist(),
}
VIDEOS = {
    "one key frame": {"options": {"g": "250"}},
    "key frames": {"options": {"g": "7"}},
    "open groups": {"options": {"g": "10", "x264-params": "open-gop=1:bframes=3"}},
    "variable rate": {"times": [i * 2 + (i % 3 == 0) for i in range(30)]},
    "turned": {"turned": 90},
    "mpeg4": {"codec": "mpeg4"},
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", VIDEOS)
def test_every_frame_of_a_video_in_any_order(tmp_path, kind, order):
    source = open_frames(write_video(tmp_path / "clip.mp4", 30, **VIDEOS[kind]), upright=True)
    in_a_row = list(source)
    frames = ClipFrames(source, picture_bytes=1)  # keeps one
    for number in ORDERS[order]:
        assert np.array_equal(frames.picture(number), in_a_row[number]), number
    assert frames._seeker.works


@pytest.mark.parametrize("suffix", ["avi", "mkv", "webm", "gif", "ts"])
def test_other_containers(tmp_path, suffix):
    codec = {"webm": "libvpx", "gif": "gif"}.get(suffix, "libx264")
    if codec == "gif":
        pytest.importorskip("PIL")
        from PIL import Image

        pictures = [Image.fromarray(np.full((48, 64), 7 * i, np.uint8)) for i in range(30)]
        pictures[0].save(tmp_path / "clip.gif", save_all=True, append_images=pictures[1:], duration=40)
    else:
        write_video(tmp_path / f"clip.{suffix}", 30, codec=codec)
    source = open_frames(tmp_path / f"clip.{suffix}", upright=True)
    in_a_row = list(source)
    frames = ClipFrames(source, picture_bytes=1)
    for number in ORDERS["jumping"]:
        assert np.array_equal(frames.picture(number), in_a_row[number]), number


def test_a_damaged_video(tmp_path):
    path = damage_frames(write_video(tmp_path / "clip.mp4", 30, options={"g": "1"}), [5])
    frames = ClipFrames(open_frames(path, upright=True))
    with pytest.raises(UserError, match="frame 5 is damaged"):
        frames.picture(5)
    assert level(frames.picture(20)) == 20 and level(frames.picture(6)) == 6


def test_a_damaged_frame_has_no_mask_and_the_others_do(start, tmp_path):
    path = damage_frames(write_video(tmp_path / "clip.mp4", 12, options={"g": "1"}), [5])
    opened = start(path)
    opened.act({"do": "box", "frame": 0, "box": [5, 5, 20, 20]})
    opened.act({"do": "box", "object": 1, "frame": 11, "box": [5, 5, 20, 20]})
    opened.act({"do": "live", "on": True})
    settle(opened)
    assert sorted(frame for _, frame in opened.session.results.made) == [*range(5), *range(6, 12)]


def test_a_picture_that_turns_out_to_be_damaged(start, tmp_path):
    folder = tmp_path / "walk"
    folder.mkdir()
    for number in range(8):
        cv2.imwrite(str(folder / f"{number:05d}.png"), np.full((48, 64, 3), 20 * number, np.uint8))
    cut_file(folder / "00003.png", 0.6)
    opened = start(folder)
    opened.act({"do": "box", "frame": 0, "box": [5, 5, 20, 20]})
    opened.act({"do": "box", "object": 1, "frame": 7, "box": [5, 5, 20, 20]})
    opened.act({"do": "live", "on": True})
    settle(opened)
    assert opened.session.unreadable == {3}
    assert sorted(frame for _, frame in opened.session.results.made) == [0, 1, 2, 4, 5, 6, 7]


def test_several_at_once(tmp_path):
    frames = ClipFrames(open_frames(write_video(tmp_path / "clip.mp4", 30), upright=True), picture_bytes=1)
    wrong = []

    def look(seed: int) -> None:
        for number in np.random.default_rng(seed).permutation(30).tolist():
            if level(frames.picture(number)) != number:
                wrong.append(number)

    threads = [threading.Thread(target=look, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_there_is_no_such_frame(clip):
    frames = ClipFrames(open_frames(clip))
    for number in (-1, 30):
        with pytest.raises(IndexError):
            frames.picture(number)


def test_large_pictures_are_sent_smaller():
    data = encoded(np.zeros((2160, 3840, 3), np.uint8))
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (1080, MOST_SIDE, 3)


def test_what_is_kept_stays_within_its_bytes():
    kept = Kept(10, len)
    for key in range(5):
        kept.put(key, b"1234")
    assert kept.get(4) == b"1234" and kept.get(3) == b"1234" and kept.get(2) is None
    kept.put(9, b"x" * 50)
    assert kept.get(9) is not None and kept.get(4) is None
