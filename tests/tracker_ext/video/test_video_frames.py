"""Videos that are cut short, damaged, turned or uneven: frames keep their numbers, and what is wrong is said."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from miniatures.videos import SIZE, cut_file, damage_frames, grey, level, write_video
from PIL import Image

from ltr_ext.data import picture_files
from ltr_ext.errors import UserError
from tracker_ext.video.file_ends import is_cut_short
from tracker_ext.video.frames import VideoFrames, open_frames
from tracker_ext.video.patient import PatientFrames
from tracker_ext.video.video_scan import number_frames, scan_video

ALL_KEY = {"g": "1", "bf": "0"}
"""Every frame stands by itself, so that exactly the damaged ones are lost."""
FAST_START = {"movflags": "+faststart"}


@pytest.fixture
def damaged(tmp_path):
    """Frames 11 and 12 of 30 are damaged."""
    return damage_frames(write_video(tmp_path / "clip.mp4", options=ALL_KEY), (11, 12))


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("A.MP4", "libx264"),
        ("a.mkv", "libx264"),
        ("a.webm", "libvpx-vp9"),
        ("a.webm", "libvpx"),
        ("a.ts", "libx264"),
        ("a.avi", "mpeg4"),
        ("a.mpg", "mpeg2video"),
    ],
)
def test_whole_videos_of_many_kinds(tmp_path, name, codec):
    source = open_frames(write_video(tmp_path / name, codec=codec))
    assert (len(source), source.size, source.fps, source.remarks()) == (30, SIZE, 25, [])
    assert [level(frame) for frame in source] == list(range(30))


def test_a_damaged_video_keeps_the_numbers_of_its_frames(damaged):
    source = open_frames(damaged)
    assert len(source) == 30
    assert source.remarks() == ["clip.mp4 announces 30 frames, 28 can be decoded: frames 11, 12 are damaged"]
    assert [level(source.frame(index)) for index in (10, 13, 29, 0)] == [10, 13, 29, 0]
    with pytest.raises(UserError, match="frame 12 is damaged"):
        source.frame(12)
    with pytest.raises(UserError, match="frame 11 is damaged"):
        list(source)


def test_going_on_past_damage(damaged):
    frames = PatientFrames(open_frames(damaged))
    assert list(frames.unreadable) == [11, 12], "known before the first frame is read"
    assert [level(frame) for frame in frames] == [*range(11), 10, 10, *range(13, 30)]
    assert frames.report().endswith("frames 11, 12 are damaged; their masks are empty")


def test_a_part_of_a_damaged_video(damaged):
    frames = PatientFrames(VideoFrames(damaged, first=3, count=5, step=4))
    assert [level(frame) for frame in frames] == [3, 7, 7, 15, 19] and list(frames.unreadable) == [2]


def test_the_first_frames_may_be_the_damaged_ones(tmp_path):
    path = damage_frames(write_video(tmp_path / "a.mp4", options=ALL_KEY), (0, 1))
    source = open_frames(path)
    assert (len(source), source.scan.damaged, level(source.frame(2))) == (30, (0, 1), 2)
    assert next(iter(PatientFrames(source))).max() == 0


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [
        ("a.mp4", "libx264", FAST_START),
        ("a.mkv", "libx264", {}),
        ("a.webm", "libvpx-vp9", {}),
        ("a.avi", "mpeg4", {}),
    ],
)
def test_a_cut_video_says_how_much_is_missing(tmp_path, name, codec, container):
    source = open_frames(cut_file(write_video(tmp_path / name, codec=codec, noise=30, container=container), 0.6))
    (remark,) = source.remarks()
    assert remark.startswith(f"{name} announces 30 frames, {len(source)} can be decoded: the file is cut short after ")
    assert 0 < len(source) < 30 and [level(frame) for frame in source] == list(range(len(source)))
    assert PatientFrames(source).report() == remark, "no mask is empty: those frames do not exist"


def test_a_cut_video_that_does_not_say_how_long_it_was(tmp_path):
    path = write_video(tmp_path / "a.mkv", noise=30)
    data = path.read_bytes().replace(b"\x44\x89\x88", b"\xec\x89\x00", 1)  # its duration becomes a void
    path.write_bytes(data.replace(b"DURATION", b"NONSENSE"))
    source = open_frames(cut_file(path, 0.6))
    count = len(source)
    assert source.remarks() == [
        f"a.mkv announces more frames, {count} can be decoded: the file is cut short after frame {count - 1}"
    ]


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_a_last_frame_that_stays_is_no_missing_end(tmp_path, name):
    source = open_frames(write_video(tmp_path / name, times=[*range(29), 400]))
    assert len(source) == 30 and source.remarks() == []


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.avi"])
def test_ends_of_files(tmp_path, name):
    codec = {"a.avi": "mpeg4", "a.webm": "libvpx-vp9"}.get(name, "libx264")
    path = write_video(tmp_path / name, codec=codec)
    assert not is_cut_short(path)
    path.write_bytes(path.read_bytes() + b"more")
    assert not is_cut_short(path)
    path.write_bytes(path.read_bytes()[:-6])
    assert is_cut_short(path)
    for length in range(0, 60, 5):
        (tmp_path / "short").write_bytes(path.read_bytes()[:length])
        assert is_cut_short(tmp_path / "short") in (True, False)


def test_a_turned_video_is_as_people_see_it(tmp_path):
    plain = open_frames(write_video(tmp_path / "plain.mp4")).frame(3)
    for degrees, turns in ((90, 1), (-90, 3), (180, 2)):
        source = open_frames(write_video(tmp_path / f"{degrees}.mp4", turned=degrees))
        np.testing.assert_array_equal(source.frame(3), np.rot90(plain, turns))
        assert source.size == source.frame(0).shape[:2] and source.sizes() == [source.size] * 30


def test_uneven_times_make_no_frames(tmp_path):
    source = open_frames(write_video(tmp_path / "a.mp4", times=[index * index for index in range(30)]))
    assert [level(frame) for frame in source] == list(range(30)) and source.remarks() == []


def test_one_frame(tmp_path):
    source = open_frames(write_video(tmp_path / "a.mp4", count=1))
    assert (len(source), level(source.frame(0)), len(list(source))) == (1, 0, 1)


@pytest.mark.parametrize("name", ["12:30.mp4", "a%03d.mp4", "grüße.mp4", "-x.mp4", "h\udcff.mp4"])
def test_names_that_are_addresses_or_patterns_to_ffmpeg(tmp_path, name):
    write_video(tmp_path / "a.mp4", count=2).rename(tmp_path / name)
    assert len(list(open_frames(tmp_path / name))) == 2


def test_a_source_is_a_small_value(damaged):
    source = VideoFrames(damaged, 0, 30)
    list(source.thinned(slice(0, 4)))
    source.frame(3)
    again = pickle.loads(pickle.dumps(source))
    assert again == source and set(vars(again)) == {"path", "first", "count", "step", "name", "cache_frames"}


def test_a_changed_file_is_looked_at_again(tmp_path):
    path = write_video(tmp_path / "a.mp4", count=3)
    assert scan_video(path).count == 3
    write_video(path, count=4)
    assert scan_video(path).count == 4


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_files, "MAX_PIXELS", 100)
    with pytest.raises(UserError, match=r"a\.mp4 is 64x48, 0 megapixels; at most 0 are read"):
        open_frames(write_video(tmp_path / "a.mp4", count=1))


def sound(path):
    import av

    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=8000)
        stream.layout = "mono"
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 8000
        file.mux(stream.encode(silence))
        file.mux(stream.encode())


def picture_named_mp4(path):
    Image.fromarray(grey(9)).save(path, format="PNG")


def unknown_codec(path):
    data = write_video(path, count=2).read_bytes()
    path.write_bytes(data.replace(b"avc1", b"zzzz"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(unknown_codec, "its codec is unknown", id="unknown codec"),
        pytest.param(lambda path: path.write_bytes(b""), r"is empty \(0 bytes\)", id="empty"),
        pytest.param(lambda path: path.write_bytes(b"text" * 99), "it is a text file, not a video", id="text"),
        pytest.param(sound, "only sound", id="sound"),
        pytest.param(picture_named_mp4, "is a PNG picture, not a video", id="picture"),
        pytest.param(
            lambda path: cut_file(write_video(path), 0.5),
            "its index cannot be read: it is cut short",
            id="index is missing",
        ),
        pytest.param(
            lambda path: damage_frames(write_video(path, count=3), (0, 1, 2)), "no frame that can be decoded", id="all"
        ),
    ],
)
def test_what_is_no_video_is_refused_in_one_line(tmp_path, make, message):
    make(tmp_path / "a.mp4")
    with pytest.raises(UserError, match=message) as caught:
        open_frames(tmp_path / "a.mp4")
    assert "\n" not in str(caught.value) and "a.mp4" in str(caught.value)


@pytest.mark.parametrize(
    ("shown", "stored", "step", "numbers"),
    [
        pytest.param([0, 1, 2], [0, 1, 2], 1, None, id="nothing is lost"),
        pytest.param([0, 30, 40], [0, 10, 20, 30, 40], 10, [0, 3, 4], id="two are damaged"),
        pytest.param([0, 30, 40], [0, 10, 30, 40], 10, [0, 3, 4], id="of one nothing is left"),
        pytest.param([0, 33, 100], [0, 33, 67, 100], 33.367, [0, 1, 3], id="rounded stamps"),
        pytest.param([0, 5, 70], [0, 5, 21, 70], 10, [0, 1, 3], id="uneven: by their order"),
        pytest.param([0, 10**9], [0, 10, 10**9], 10, [0, 2], id="a jump of the clock is no million of frames"),
        pytest.param([0, None], [0, 10], 10, None, id="no stamps: they can only be counted"),
        pytest.param([10, 30], [10, 20, 30], None, [0, 2], id="no rate"),
    ],
)
def test_numbers_of_frames(shown, stored, step, numbers):
    found = number_frames(shown, stored, step)
    assert (None if found is None else [found[time] for time in shown]) == numbers


@pytest.mark.parametrize(
    "text", ["1,2,3,4\n" * 20, "ffconcat version 1.0\nfile other.mp4\n", "#EXTM3U\n#EXT-X-ENDLIST\n", "short"]
)
def test_a_text_file_is_no_video(tmp_path, text):
    """FFmpeg would draw its letters, or follow it to other files."""
    write_video(tmp_path / "other.mp4")
    (tmp_path / "boxes.txt").write_text(text)
    with pytest.raises(UserError, match="cannot be opened: it is a text file, not a video"):
        open_frames(tmp_path / "boxes.txt")
