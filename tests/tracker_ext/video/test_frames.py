"""Frame sources: folders, lists and videos give the same frames, and say what is wrong with bad ones."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from ltr_ext.errors import UserError
from tracker_ext.video.frames import VideoFrames, natural_key, open_frames

HEIGHT, WIDTH = 36, 48


def grey_frame(value: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def value_of(frame: np.ndarray) -> int:
    """The grey level a frame was made of, told apart in steps of 20 in spite of the codec."""
    return round(float(frame.mean()) / 20) * 20


@pytest.fixture
def folder(tmp_path):
    """Frames 1.png ... 11.png, whose order by name differs from the natural one."""
    clip = tmp_path / "clip"
    clip.mkdir()
    for index in range(1, 12):
        Image.fromarray(grey_frame(20 * index)).save(clip / f"{index}.png")
    return clip


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.5, (WIDTH, HEIGHT))
    for index in range(12):
        writer.write(grey_frame(20 * index))
    writer.release()
    return path


def test_folder_in_natural_order(folder):
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no frame")
    source = open_frames(folder)
    assert source.name == "clip"
    assert (len(source), source.size) == (11, (HEIGHT, WIDTH))
    assert [source.stem(index) for index in range(11)] == [str(number) for number in range(1, 12)]
    assert [value_of(frame) for frame in source] == [20 * number for number in range(1, 12)]
    assert value_of(source.frame(4)) == 100
    with pytest.raises(IndexError):
        source.frame(11)


def test_frames_are_rgb(tmp_path):
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    Image.fromarray(red).save(tmp_path / "a.png")
    assert open_frames(tmp_path).frame(0)[0, 0].tolist() == [255, 0, 0]


def test_list_keeps_its_order(folder):
    source = open_frames([folder / "3.png", folder / "1.png"])
    assert [value_of(frame) for frame in source] == [60, 20]
    assert source.name == "clip"


def test_one_picture_is_a_clip_of_one_frame(folder):
    assert [value_of(frame) for frame in open_frames(folder / "1.png")] == [20]


def test_video(video):
    source = open_frames(video)
    assert (source.name, source.size, source.fps) == ("clip", (HEIGHT, WIDTH), 12.5)
    assert len(source) == 12
    assert source.stem(7) == "00000007"
    assert [value_of(frame) for frame in source] == [20 * index for index in range(12)]


def test_video_counts_itself_by_being_read(video):
    source = VideoFrames(video)
    assert len(list(source)) == len(source) == 12


@pytest.mark.parametrize("cache_frames", [1, 4])
def test_video_in_any_order_and_small_memory(video, cache_frames):
    source = VideoFrames(video, cache_frames=cache_frames)
    for index in (9, 8, 0, 11, 3, 3, 4):
        assert value_of(source.frame(index)) == 20 * index
        assert len(source._reader._cache) <= cache_frames
    with pytest.raises(IndexError, match="frame 12 of 12"):
        source.frame(12)
    with pytest.raises(IndexError):
        source.frame(-1)


def test_two_passes_over_a_video_do_not_disturb_each_other(video):
    source = VideoFrames(video, cache_frames=1)
    pairs = [(value_of(a), value_of(b)) for a, b in zip(source, source, strict=True)]
    assert pairs == [(20 * index, 20 * index) for index in range(12)]


def test_size_change_names_frame_and_both_sizes(folder):
    Image.fromarray(grey_frame(0, 20, 30)).save(folder / "5.png")
    with pytest.raises(UserError, match=r"frame 5\.png is 30x20 but the first frame is 48x36"):
        list(open_frames(folder))


def test_pictures_may_be_allowed_to_differ(folder):
    Image.fromarray(grey_frame(0, 20, 30)).save(folder / "5.png")
    source = open_frames(folder, one_size=False)
    assert {frame.shape[:2] for frame in source} == {(36, 48), (20, 30)}
    assert source.size == (36, 48), "that of the first"


def test_damaged_frame_is_named(folder):
    (folder / "5.png").write_bytes(b"not a picture")
    with pytest.raises(UserError, match=r"5\.png cannot be decoded"):
        list(open_frames(folder))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda path: path / "absent", "does not exist", id="missing"),
        pytest.param(lambda path: path, "has no pictures", id="empty folder"),
        pytest.param(lambda path: [], "no pictures", id="empty list"),
        pytest.param(lambda path: _file(path / "clip.mp4", b""), "cannot be opened", id="empty video"),
        pytest.param(lambda path: _file(path / "clip.mp4", b"text"), "cannot be opened", id="no video"),
        pytest.param(lambda path: _file(path / "a.png", b"text"), "cannot be decoded", id="no picture"),
    ],
)
def test_bad_sources(tmp_path, make, message):
    with pytest.raises(UserError, match=message):
        open_frames(make(tmp_path))


def test_equal_stems_are_refused(folder):
    Image.fromarray(grey_frame(0)).save(folder / "5.jpg")
    with pytest.raises(UserError, match="same stem"):
        open_frames(folder)


def test_natural_key(tmp_path):
    names = ["frame10.png", "frame2.png", "2.png", "a.png", "010.png"]
    ordered = sorted((tmp_path / name for name in names), key=natural_key)
    assert [path.name for path in ordered] == ["2.png", "010.png", "a.png", "frame2.png", "frame10.png"]


def _file(path, content: bytes):
    path.write_bytes(content)
    return path
