"""Box files: both forms, and one line of complaint for each mistake."""

from __future__ import annotations

import numpy as np
import pytest

from ltr_ext.errors import UserError
from tracker_ext.evaluation.box_files import box_line, read_boxes

HEADER = "frame,object,x,y,w,h\n"


def read(tmp_path, text: str, num_frames: int = 2) -> dict[int, np.ndarray]:
    path = tmp_path / "boxes.txt"
    path.write_text(text)
    return read_boxes(path, num_frames)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1,2,3,4\n5,6,7,8.5\n", id="comma"),
        pytest.param("1e0,2,3,4\n5,6,7,8.5\n", id="exponent is no header"),
        pytest.param("1\t2\t3\t4\n5\t6\t7\t8.5", id="tab, no last newline"),
        pytest.param("1 2 3 4\n 5  6 7 8.5\n\n\n", id="space, blank lines at the end"),
        pytest.param("1, 2, 3, 4\r\n5, 6, 7, 8.5\r\n", id="comma and space, Windows"),
        pytest.param("\ufeff1,2,3,4\n5,6,7,8.5\n", id="byte order mark"),
        pytest.param(HEADER + "1,1,5,6,7,8.5\n0,1,1,2,3,4\n", id="table in any order"),
        pytest.param("object,frame,w,h,x,y\n1,0,3,4,1,2\n1,1,7,8.5,5,6\n", id="columns in any order"),
    ],
)
def test_one_object(tmp_path, text):
    boxes = read(tmp_path, text)
    assert list(boxes) == [1]
    assert boxes[1].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8.5]]


def test_absent_objects_are_nan(tmp_path):
    assert np.isnan(read(tmp_path, "nan,nan,nan,nan\n1,2,3,4\n")[1][0]).all()
    boxes = read(tmp_path, HEADER + "1,2,1,2,3,4\n0,1,5,6,7,8\n")
    assert list(boxes) == [1, 2]
    assert np.isnan(boxes[2][0]).all() and boxes[2][1].tolist() == [1, 2, 3, 4]
    assert np.isnan(boxes[1][1]).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("1,2,3,4\n", "1 boxes for 2 frames", id="too few"),
        pytest.param("1,2,3,4\n" * 3, "3 boxes for 2 frames", id="too many"),
        pytest.param("", "is empty", id="empty"),
        pytest.param("1,2,3,4\n1,2,3\n", "line 2: '1,2,3' is not four numbers", id="three numbers"),
        pytest.param("1,2,3,4\n\n1,2,3,4\n", "3 boxes for 2 frames", id="blank line in the middle counts"),
        pytest.param("1,2,3,4\n1,2,x,4\n", "'1,2,x,4' is not four numbers", id="a letter"),
        pytest.param("1,2,3,4\n1,2,nan,4\n", "is not finite", id="partly nan"),
        pytest.param("1,2,3,4\n1,2,inf,4\n", "is not finite", id="infinite"),
        pytest.param("frame,x,y,w,h\n0,1,2,3,4\n", "write frame,object,x,y,w,h", id="column missing"),
        pytest.param(HEADER, "no boxes", id="header alone"),
        pytest.param(HEADER + "2,1,1,2,3,4\n", "frame 2 of 2", id="frame beyond the clip"),
        pytest.param(HEADER + "0,0,1,2,3,4\n", "object 0", id="id 0 is background"),
        pytest.param(HEADER + "0,255,1,2,3,4\n", "object 255", id="id 255 is ignore"),
        pytest.param(HEADER + "0,1,1,2,3,4\n0,1,1,2,3,4\n", "a second box", id="twice"),
        pytest.param(HEADER + "0,1,1,2,3\n", "5 fields", id="short row"),
        pytest.param(HEADER + "a,1,1,2,3,4\n", "frame 'a'", id="frame is no number"),
    ],
)
def test_mistakes(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, text)


def test_unreadable_files(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_boxes(tmp_path / "absent.txt", 2)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(UserError, match="no text file"):
        read_boxes(tmp_path / "binary", 2)


@pytest.mark.parametrize(
    ("box", "line"),
    [
        pytest.param((1.0, 2.5, 3.25, 10.0), "1,2.5,3.25,10", id="no needless digits"),
        pytest.param((1 / 3, 100, 0, 0), "0.333,100,0,0", id="three decimals, zeros of whole numbers stay"),
        pytest.param(None, "nan,nan,nan,nan", id="absent"),
    ],
)
def test_box_line(box, line):
    assert box_line(box) == line
