"""Box tables that hold many sequences or objects: MOT, COCO-VID, YouTube-VIS, YouTube-BoundingBoxes."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from miniatures.job_files import NAN, SIZE, boxed, write_frames

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.folder import open_folder
from tracker_ext.annotation.sources.youtubebb import BB_COLUMNS
from tracker_ext.segmentation.clip import load_clip
from tracker_ext.video.frames import VideoFrames


def test_mot(tmp_path):
    write_frames(tmp_path / "MOT-1/img1", [f"{number:06d}.jpg" for number in range(1, 4)])
    (tmp_path / "MOT-1/gt").mkdir()
    rows = ["1,300,11,21,8,9,1,1,1", "2,300,12,21,8,9,1,1,0", "1,5,1,1,4,4,1,1,0.5", "3,5,1,1,4,4,0,1,1"]
    (tmp_path / "MOT-1/gt/gt.txt").write_text("\n".join(rows) + "\n")
    sequence = open_folder(tmp_path, None).load("MOT-1")
    assert sequence.objects == {1: "5", 2: "300"}
    assert sequence.boxes[2][0].tolist() == [10, 20, 8, 9], "pixels counted from 1 in the file"
    assert boxed(sequence, 1) == [0], "a line of confidence 0 is not used"
    assert boxed(sequence, 2) == [0, 1], "a box of visibility 0 is one: CVAT writes that for occluded"


@pytest.mark.parametrize("line", ["inf,1,2,3,4,5", "1.7,1,2,3,4,5", "1,1.2,2,3,4,5", "4,1,2,3,4,5", "1,2,3"])
def test_bad_lines_of_mot(tmp_path, line):
    write_frames(tmp_path / "img1", ["000001.jpg", "000002.jpg"])
    (tmp_path / "gt.txt").write_text(f"1,2,2,3,4,5\n{line}\n")
    with pytest.raises(UserError, match=r"box file .*gt\.txt line 2: "):
        load_clip(tmp_path / "img1", (tmp_path / "gt.txt",))


def test_coco_vid(tmp_path):
    write_frames(tmp_path / "v", ["1.jpg", "2.jpg", "3.jpg"])
    content = {
        "videos": [{"id": 9, "name": "v"}],
        "images": [{"id": 10 + i, "video_id": 9, "frame_id": i, "file_name": f"v/{i + 1}.jpg"} for i in (2, 0, 1)],
        "annotations": [
            {"id": 1, "image_id": 10, "instance_id": 77, "bbox": [1, 2, 3, 4]},
            {"id": 2, "image_id": 12, "instance_id": 77, "bbox": [5, 6, 7, 8]},
            {"id": 3, "image_id": 11, "instance_id": 4, "bbox": [9, 9, 9, 9]},
        ],
    }
    (tmp_path / "b.json").write_text(json.dumps(content))
    sequence = open_folder(tmp_path, tmp_path / "b.json").load("v")
    assert sequence.objects == {1: "4", 2: "77"}
    np.testing.assert_array_equal(sequence.boxes[2], [[1, 2, 3, 4], NAN, [5, 6, 7, 8]])
    assert [path.name for path in sequence.frames.paths] == ["1.jpg", "2.jpg", "3.jpg"]


@pytest.mark.parametrize(
    ("track", "message"),
    [
        pytest.param({}, "annotation 2 has no track_id or instance_id in image 10", id="none"),
        pytest.param({"track_id": 5}, "annotation 2 has track 5 a second time in image 10", id="twice"),
    ],
)
def test_coco_vid_loses_no_box(tmp_path, track, message):
    write_frames(tmp_path / "v", ["1.jpg"])
    content = {
        "videos": [{"id": 9, "name": "v"}],
        "images": [{"id": 10, "video_id": 9, "file_name": "v/1.jpg"}],
        "annotations": [{"id": i, "image_id": 10, "bbox": [i, 2, 3, 4], **track} for i in (1, 2)],
    }
    (tmp_path / "b.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=message):
        open_folder(tmp_path, tmp_path / "b.json").load("v")
    content["annotations"].pop()
    (tmp_path / "b.json").write_text(json.dumps(content))
    assert boxed(open_folder(tmp_path, tmp_path / "b.json").load("v")) == [0], "one box in a frame needs no id"


def test_a_json_beside_the_wrong_folder(tmp_path):
    (tmp_path / "b.json").write_text(json.dumps({"videos": [{"id": 1, "file_names": ["v/1.jpg"]}], "annotations": [
        {"id": 5, "video_id": 1, "bboxes": [[1, 2, 3, 4]]}]}))  # fmt: skip
    with pytest.raises(UserError, match=r"the folder given must be the one that the file names in b\.json"):
        open_folder(tmp_path, tmp_path / "b.json").load("v")


def test_youtube_vis_json(tmp_path):
    write_frames(tmp_path / "v", ["1.jpg", "2.jpg"])
    content = {
        "videos": [{"id": 1, "file_names": ["v/1.jpg", "v/2.jpg"]}],
        "annotations": [{"id": 5, "video_id": 1, "bboxes": [[1, 2, 3, 4], None]}],
    }
    (tmp_path / "b.json").write_text(json.dumps(content))
    assert open_folder(tmp_path, tmp_path / "b.json").names() == ["v"], "no name: the folder of its pictures"
    sequence = open_folder(tmp_path, tmp_path / "b.json").load("v")
    np.testing.assert_array_equal(sequence.boxes[1], [[1, 2, 3, 4], NAN])


def test_youtube_bb(tmp_path):
    stamps = [0, 500, 1000, 1500, 2000, 2500]
    write_frames(tmp_path / "vid", [f"{stamp}.jpg" for stamp in stamps])
    rows = [
        "vid,1000,0,cat,0,present,0.25,0.5,0.5,0.75",
        "vid,2000,0,cat,0,absent,-1,-1,-1,-1",
        "vid,2000,0,cat,1,present,0,0.5,0,0.5",
    ]
    (tmp_path / "b.csv").write_text("\n".join(rows) + "\n")
    sequence = open_folder(tmp_path, tmp_path / "b.csv").load("vid")
    assert sequence.frames.stems() == ["1000", "1500", "2000"], "from the first box to the last"
    assert sequence.boxes[1][0].tolist() == [16, 24, 16, 12]
    assert sequence.absent[1].tolist() == [False, False, True]
    assert sequence.objects == {1: "cat 0", 2: "cat 1"}


def test_youtube_bb_finds_frames_of_a_video_by_time(tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "vid.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, SIZE[::-1])
    for shade in range(25):
        writer.write(np.full((*SIZE, 3), 10 * shade, np.uint8))
    writer.release()
    rows = [f"vid,{stamp},0,cat,0,present,0.25,0.5,0.5,0.75" for stamp in (500, 1500)]
    (tmp_path / "b.csv").write_text("\n".join(rows) + "\n")
    sequence = open_folder(tmp_path, tmp_path / "b.csv").load("vid")
    assert sequence.frames == VideoFrames(tmp_path / "vid.mp4", 5, 11)
    assert boxed(sequence) == [0, 10]
    assert [round(frame.mean() / 10) for frame in sequence.frames] == list(range(5, 16))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["../vid,500,0,cat,0,present,0,1,0,1"], "lies outside the folder"),
        (["vid,-500,0,cat,0,present,0,1,0,1"], "-500 ms is no time"),
        (["vid,0,0,cat,0,present,0,1,0,1", "vid,0,0,cat,0,present,0,1,0,1"], "a second box of cat 0 at 0 ms"),
        ([f"vid,{10**400},0,cat,0,present,0,1,0,1"], "video vid: "),
        (["vid,nan,0,cat,0,present,0,1,0,1"], "video vid: "),
        (["vid,0,0,cat,0,present,0,1,0"], "9 fields"),
    ],
)
def test_youtube_bb_refuses_by_name(tmp_path, rows, message):
    writer = cv2.VideoWriter(str(tmp_path / "vid.MP4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, SIZE[::-1])
    writer.write(np.zeros((*SIZE, 3), np.uint8))
    writer.release()
    (tmp_path / "b.csv").write_text("\n".join([",".join(BB_COLUMNS), *rows]) + "\n")
    name = rows[0].partition(",")[0]
    with pytest.raises(UserError, match=message):
        open_folder(tmp_path, tmp_path / "b.csv").load(name)


def test_two_pictures_of_one_time_are_refused(tmp_path):
    write_frames(tmp_path / "vid", ["500.jpg", "0500.jpg"])
    (tmp_path / "b.csv").write_text("vid,500,0,cat,0,present,0,1,0,1\n")
    with pytest.raises(UserError, match=r"two pictures .* are of one time"):
        open_folder(tmp_path, tmp_path / "b.csv").load("vid")
