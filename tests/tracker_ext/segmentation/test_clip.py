"""A clip and its boxes: the same sequence from every door."""

from __future__ import annotations

import numpy as np
import pytest
from miniatures.job_files import boxed, wandering_boxes, write_boxes, write_frames

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.folder import open_folder
from tracker_ext.segmentation.boxed_sequence import frame_numbers, mask_stems
from tracker_ext.segmentation.clip import load_clip
from tracker_ext.video.frames import Pictures


def test_lines_in_a_folder_called_gt(tmp_path):
    write_frames(tmp_path / "bear", [f"{i:05d}.jpg" for i in range(3)])
    (tmp_path / "gt").mkdir()
    write_boxes(tmp_path / "gt/bear.txt", wandering_boxes(3))
    for sequence in (
        load_clip(tmp_path / "bear", [tmp_path / "gt/bear.txt"]),
        open_folder(tmp_path / "bear", tmp_path / "gt/bear.txt").load("bear"),
        open_folder(tmp_path, None).load("bear"),
    ):
        np.testing.assert_array_equal(sequence.boxes[1], wandering_boxes(3))


def test_targets_in_files_of_their_own(tmp_path):
    write_frames(tmp_path / "s/img", ["0001.jpg", "0002.jpg"])
    for number in (1, 3):
        write_boxes(tmp_path / f"s/groundtruth_rect.{number}.txt", wandering_boxes(2) + number)
    sequence = open_folder(tmp_path, None).load("s")
    assert list(sequence.boxes) == [1, 3] and sequence.boxes[3][0, 0] == 11
    (tmp_path / "s/groundtruth_rect.3.txt").write_text("frame,object,x,y,w,h\n0,1,1,1,9,9\n0,2,1,1,9,9\n")
    with pytest.raises(UserError, match=r"groundtruth_rect\.3\.txt: 2 objects"):
        open_folder(tmp_path, None).load("s")


def test_flags_of_a_data_set_in_a_folder(tmp_path):
    write_frames(tmp_path / "s", [f"{i}.jpg" for i in range(4)])
    write_boxes(tmp_path / "s/groundtruth.txt", wandering_boxes(4))
    (tmp_path / "s/absence.label").write_text("0\n1\n0\n0\n")
    (tmp_path / "s/full_occlusion.txt").write_text("0,0,1,0")
    assert boxed(open_folder(tmp_path, None).load("s")) == [0, 3]


def test_a_picture_left_out_is_the_reason_for_counts_that_differ(tmp_path):
    write_frames(tmp_path / "s", [f"{i:03d}.jpg" for i in range(12) if i != 5])
    write_boxes(tmp_path / "s/groundtruth.txt", wandering_boxes(12))
    with pytest.raises(UserError, match=r"missing between 004\.jpg and 006\.jpg"):
        open_folder(tmp_path, None).load("s")


@pytest.mark.parametrize("frame", ["{:d}", "{:03d}.jpg"])
def test_a_table_may_name_pictures_where_one_is_left_out(tmp_path, frame):
    write_frames(tmp_path / "s", [f"{i:03d}.jpg" for i in range(12) if i != 5])
    rows = "".join(f"{frame.format(i)},1,{i},6,20,16\n" for i in (4, 6))
    (tmp_path / "s/boxes.csv").write_text("frame,object,x,y,w,h\n" + rows)
    if frame == "{:d}":
        with pytest.raises(UserError, match="a picture is missing"):
            open_folder(tmp_path, None).load("s")
    else:
        assert boxed(open_folder(tmp_path, None).load("s")) == [4, 5]


@pytest.mark.parametrize("content", ["", "\n\n", "frame,object,x,y,w,h\n"])
def test_an_empty_box_file_is_refused(tmp_path, content):
    write_frames(tmp_path / "s", ["1.jpg"])
    (tmp_path / "s/groundtruth.txt").write_text(content)
    with pytest.raises(UserError, match=r"groundtruth\.txt:? (is empty|has a header and no boxes|has no boxes)"):
        open_folder(tmp_path, None).load("s")


def test_two_frames_of_one_name_would_share_a_mask(tmp_path):
    write_frames(tmp_path / "s", ["1.jpg", "1.png"])
    write_boxes(tmp_path / "s/groundtruth.txt", wandering_boxes(2))
    with pytest.raises(UserError, match="masks would share a file"):
        open_folder(tmp_path, None).load("s")


@pytest.mark.parametrize(
    ("files", "numbers"),
    [
        (["7.jpg", "8.jpg"], (7, 8)),
        (["2.jpg", "a.jpg"], (1, 2)),
        (["a/1.jpg", "b/1.jpg"], (1, 2)),
        (["1.jpg", "01.jpg"], (1, 2)),
    ],
)
def test_no_two_frames_have_one_number(tmp_path, files, numbers):
    assert frame_numbers([tmp_path / file for file in files]) == numbers


def test_no_two_frames_have_one_mask_name(tmp_path):
    assert mask_stems(Pictures((tmp_path / "a/1.jpg", tmp_path / "b/2.jpg"))) == ["1", "2"]
    assert mask_stems(Pictures((tmp_path / "a/1.jpg", tmp_path / "b/1.jpg"))) == ["00000000", "00000001"]
