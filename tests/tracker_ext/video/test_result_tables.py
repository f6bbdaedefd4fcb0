"""Tables beside masks come back as they were."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from miniatures.shapes import write_picture

from tracker_ext.video.box_files import read_given_boxes
from tracker_ext.video.frames import open_frames
from tracker_ext.video.result_tables import confidence_csv, frame_names, given_csv, given_rows, read_confidences

NAN = [np.nan] * 4


@pytest.mark.parametrize("names", [None, ["a", "b", "c"]])
def test_given_boxes_and_absences_come_back(tmp_path, names):
    boxes = {1: np.array([[1, 2, 3.25, 4], NAN, NAN]), 3: np.array([NAN, [5, 6, 70, 8], [9, 9, 9, 9]])}
    absent = {3: np.array([False, False, True])}
    path = tmp_path / "given_boxes.csv"
    path.write_text(given_csv(given_rows(boxes, absent), names))
    back = read_given_boxes(path, 3, names)
    assert back.absent[3].tolist() == [False, False, True]
    np.testing.assert_array_equal(back.boxes[1], boxes[1])
    np.testing.assert_array_equal(back.boxes[3][:2], boxes[3][:2])


@pytest.mark.parametrize(
    "stems, names", [(["00007", "00008"], None), (["7", "8"], ["7.png", "8.png"]), (["x1", "x2"], None)]
)
def test_pictures_are_named_by_what_is_no_position(tmp_path, stems, names):
    for stem in stems:
        write_picture(tmp_path / "walk" / f"{stem}.png", np.zeros((8, 8, 3), np.uint8))
    assert frame_names(open_frames(tmp_path / "walk")) == (names or stems)


def test_frames_of_a_video_are_counted():
    assert frame_names(SimpleNamespace(stems=lambda: ["00000000"])) is None


def test_confidences_come_back(tmp_path):
    path = tmp_path / "confidence.csv"
    path.write_text(confidence_csv([(3, 1, 0.5), (0, 2, 0.98765)]))
    assert path.read_text() == "frame,object,confidence\n0,2,0.9877\n3,1,0.5000\n"
    assert read_confidences(path) == {(2, 0): 0.9877, (1, 3): 0.5}


@pytest.mark.parametrize("text", ["", "nonsense\n", "frame,object,confidence\n1,x,0.5\n", "frame,object\n1,2\n", "\0"])
def test_confidences_that_cannot_be_read_are_none(tmp_path, text):
    (tmp_path / "confidence.csv").write_text(text)
    assert read_confidences(tmp_path / "confidence.csv") == {}
    assert read_confidences(tmp_path / "nowhere.csv") == {}
