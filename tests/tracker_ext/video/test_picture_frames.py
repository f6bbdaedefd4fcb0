"""Clips of pictures: 16 bits, orientation, names, sizes, and frames that are no files."""

from __future__ import annotations

import os
import pickle

import cv2
import numpy as np
import pytest
from miniatures.videos import SIZE, grey
from PIL import Image

from ltr_ext.errors import UserError
from tracker_ext.video.frames import Pictures, list_pictures, natural_key, open_frames
from tracker_ext.video.patient import PatientFrames


def deep_clip(folder, levels):
    """16-bit pictures, half of level 1000, half of the given one."""
    folder.mkdir(exist_ok=True)
    for number, level in enumerate(levels):
        picture = np.full(SIZE, 1000, np.uint16)
        picture[:, SIZE[1] // 2 :] = level
        cv2.imwrite(str(folder / f"{number:03d}.png"), picture)
    return folder


def test_sixteen_bits_are_stretched_by_one_range_of_the_clip(tmp_path):
    source = open_frames(deep_clip(tmp_path / "deep", [2000, 3000, 5000]))
    frames = list(source)
    assert [frame[0, 0, 0] for frame in frames] == [0, 0, 0], "the same value is the same grey in every frame"
    assert [frame[0, -1, 0] for frame in frames] == [64, 128, 255]
    (remark,) = source.remarks()
    assert "16 bits, 1000 is shown as black and 5000 as white in all of them" in remark
    again = pickle.loads(pickle.dumps(source))
    np.testing.assert_array_equal(again.frame(1), frames[1])
    np.testing.assert_array_equal(source.frame(1), frames[1])


def test_a_hot_pixel_does_not_darken_a_clip(tmp_path):
    folder = deep_clip(tmp_path / "deep", [5000, 5000])
    picture = cv2.imread(str(folder / "000.png"), cv2.IMREAD_UNCHANGED)
    picture[4, 4] = 65535
    cv2.imwrite(str(folder / "000.png"), picture)
    assert open_frames(folder).frame(0)[0, -1].tolist() == [255] * 3


def test_a_clip_of_one_deep_value_is_not_stretched(tmp_path):
    assert open_frames(deep_clip(tmp_path / "deep", [1000])).frame(0).max() == round(1000 / 257)


def turned_clip(folder, orientations):
    folder.mkdir()
    for number, orientation in enumerate(orientations):
        exif = Image.Exif()
        exif[0x112] = orientation
        Image.fromarray(grey(9)).save(folder / f"{number}.jpg", exif=exif)
    return folder


def test_turned_pictures(tmp_path):
    folder = turned_clip(tmp_path / "clip", [6, 6])
    for upright, size in ((False, SIZE), (True, SIZE[::-1])):
        source = open_frames(folder, upright=upright)
        assert source.size == size and source.sizes() == [size] * 2 and source.frame(1).shape[:2] == size
        assert Pictures(tuple(folder.iterdir()), upright=upright).sizes() == [size] * 2
    assert source.remarks() == [
        "clip: 2 of 2 pictures are turned as their EXIF orientation says; boxes and masks are of the turned ones"
    ]
    assert source.thinned(slice(0, 1)).upright and source.thinned(slice(0, 1)).one_size


def test_sides_that_change_with_the_orientation_are_refused_before_anything_is_done(tmp_path):
    with pytest.raises(UserError, match=r"frame 1\.jpg is 48x64 but the first frame is 64x48"):
        open_frames(turned_clip(tmp_path / "clip", [1, 6]), upright=True)
    assert len(open_frames(tmp_path / "clip")) == 2


def test_another_size_late_in_a_clip_is_refused_before_anything_is_done(tmp_path):
    for number in range(30):
        Image.fromarray(grey(9, (20, 20) if number == 28 else SIZE)).save(tmp_path / f"{number}.png")
    with pytest.raises(UserError, match=r"frame 28\.png is 20x20 but the first frame is 64x48"):
        open_frames(tmp_path)
    assert open_frames(tmp_path, one_size=False).sizes()[28] == (20, 20)


def test_going_on_past_pictures_that_cannot_be_read(tmp_path):
    for number in range(6):
        Image.fromarray(grey(40 * number)).save(tmp_path / f"{number}.png")
    (tmp_path / "0.png").write_bytes(b"")
    (tmp_path / "3.png").unlink()
    os.mkfifo(tmp_path / "3.png")
    (tmp_path / "5.png").unlink()
    (tmp_path / "5.png").symlink_to("nothing.png")
    frames = PatientFrames(open_frames(tmp_path))
    assert [int(frame.max()) for frame in frames] == [0, 40, 80, 80, 160, 160]
    assert list(frames.unreadable) == [0, 3, 5]
    report = frames.report()
    assert "3 frames of 6 cannot be read (0, 3, 5, from 0); their masks are empty: image" in report
    assert "\n" not in report and "0.png" in report


def test_what_has_a_pictures_name_is_listed_whatever_it_is(tmp_path):
    (tmp_path / "1.jpg").touch()
    os.mkfifo(tmp_path / "2.jpg")
    (tmp_path / "3.JPG").symlink_to("nothing")
    (tmp_path / "4.jpg").mkdir()
    (tmp_path / ".5.jpg").touch()
    (tmp_path / "notes.txt").touch()
    assert [path.name for path in list_pictures(tmp_path)] == ["1.jpg", "2.jpg", "3.JPG", "4.jpg"]


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["1²2.jpg", "1²10.jpg"], ["1²2.jpg", "1²10.jpg"]),
        (["٣.jpg", "10.jpg", "9.jpg", "①.jpg"], ["9.jpg", "10.jpg", "٣.jpg", "①.jpg"]),
        (["IMG_10.JPG", "IMG_9.jpg"], ["IMG_9.jpg", "IMG_10.JPG"]),
        (["b.png", "A.png", "1" * 200 + ".png"], ["1" * 200 + ".png", "A.png", "b.png"]),
    ],
)
def test_natural_order_of_unnatural_names(tmp_path, names, ordered):
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in list_pictures(tmp_path)] == ordered
    assert sorted((tmp_path / name for name in reversed(names)), key=natural_key) == list_pictures(tmp_path)


def test_pictures_of_a_kind_that_is_not_read_are_not_left_out_without_a_word(tmp_path):
    Image.fromarray(grey(9)).save(tmp_path / "a.png")
    (tmp_path / "b.HEIC").touch()
    with pytest.raises(UserError, match=r"b\.HEIC is a picture of a kind that is not read; convert such files to JPEG"):
        open_frames(tmp_path)
    (tmp_path / "b.HEIC").rename(tmp_path / "a.HEIC")
    assert len(open_frames(tmp_path)) == 1, "the original of a converted picture"


@pytest.mark.parametrize("name", ["a.heic", "a.avif"])
def test_one_picture_of_a_kind_that_is_not_read(tmp_path, name):
    (tmp_path / name).write_bytes(b"\0\0\0\x18ftyp" + (b"heic" if name == "a.heic" else b"avif") + b"\0" * 50)
    with pytest.raises(UserError, match="which is not read: convert it to JPEG or PNG"):
        open_frames(tmp_path / name)
