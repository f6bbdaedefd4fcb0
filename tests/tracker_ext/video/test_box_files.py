"""Box files: a line per frame or a table, and one line of complaint for each mistake."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ltr_ext.errors import UserError
from tracker_ext.video.box_files import (
    box_line,
    read_boxes,
    read_given_boxes,
    read_track,
    refuse_corners,
    refuse_relative,
)

HEADER = "frame,object,x,y,w,h\n"
NAN = float("nan")


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
        pytest.param("\ufeff1;2;3;4\r\n5;6;7;8.5\r\n", id="semicolon"),
        pytest.param("1,\t2,\t3,\t4\n5 ,\t6,\t7,\t8.5\n", id="comma and tab"),
        pytest.param("1,2,3,4\r5,6,7,8.5\r", id="old Macintosh"),
        pytest.param("1,2,3,4\r\r\n5,6,7,8.5\r\r\n", id="Windows twice"),
        pytest.param("1,2,3,4,\n5,6,7,8.5,\n", id="a comma at the end"),
        pytest.param("[1, 2, 3, 4]\n[5, 6, 7, 8.5]\n", id="brackets"),
        pytest.param("[[1.  2.  3.  4. ]\n [5.  6.  7.  8.5]]\n", id="as NumPy prints"),
        pytest.param("(1, 2, 3, 4),\n(5, 6, 7, 8.5),\n", id="parentheses"),
        pytest.param("[[1, 2, 3, 4], [5, 6, 7, 8.5]]", id="json list"),
        pytest.param("x,y,w,h\n1,2,3,4\n5,6,7,8.5\n", id="header of a line per frame"),
        pytest.param("x y w h\n1 2 3 4\n5 6 7 8.5\n", id="the same with blanks"),
        pytest.param("# x y w h\n1.0e+00 2.0e+00 3.0e+00 4.0e+00\n5 6 7 8.5\n# end\n", id="numpy.savetxt"),
        pytest.param("% x y w h\n1 2 3 4\n5 6 7 8.5\n", id="comment of MATLAB"),
        pytest.param("x1,y1,x2,y2\n1,2,4,6\n5,6,12,14.5\n", id="corners by header"),
        pytest.param("# xmin ymin xmax ymax\n1 2 4 6\n5 6 12 14.5\n", id="corners by comment"),
        pytest.param("cx,cy,w,h\n2.5,4,3,4\n8.5,10.25,7,8.5\n", id="centres by header"),
        pytest.param("label,x,y,w,h\na,1,2,3,4\nb,5,6,7,8.5\n", id="header with more columns"),
        pytest.param("1,2,4,2,4,6,1,6\n5,6,12,7,11,14.5,6,9\n", id="polygons: the upright box around"),
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
    ("line", "absent"),
    [
        pytest.param("nan,nan,nan,nan", True, id="nan"),
        pytest.param("NaN;NaN;NaN;NaN", True, id="NaN, semicolon"),
        pytest.param("NA,NA,NA,NA", True, id="NA of R"),
        pytest.param(",,,", True, id="nothing, as pandas writes nan"),
        pytest.param("0,0,0,0", True, id="zeros"),
        pytest.param("-1,-1,-1,-1", True, id="minus one"),
        pytest.param("0", True, id="VOT: not there"),
        pytest.param("1", False, id="VOT: started here, no box"),
        pytest.param("2", False, id="VOT: failed here, no box"),
    ],
)
@pytest.mark.parametrize("at", [0, 1])
def test_a_line_without_a_box(tmp_path, line, absent, at):
    lines = ["1,2,3,4", "1,2,3,4", "1,2,3,4"]
    lines[at] = line
    path = tmp_path / "boxes.txt"
    path.write_text("\n".join(lines) + "\n")
    given = read_given_boxes(path, 3)
    assert np.isnan(given.boxes[1]).all(axis=1).tolist() == [at == 0, at == 1, False]
    assert given.absent[1].tolist() == [absent and at == 0, absent and at == 1, False]
    assert not given.names_frames and given.objects == {}
    assert bool(given.notes) == (not absent)


def test_null_in_a_json_list_is_absent(tmp_path):
    path = tmp_path / "boxes.json"
    path.write_text("[[1, 2, 3, 4], null]")
    given = read_given_boxes(path, 2)
    assert given.boxes[1][0].tolist() == [1, 2, 3, 4]
    assert given.absent[1].tolist() == [False, True]


@pytest.mark.parametrize("line", ["nan," * 7 + "nan", "0,0,0,0,0,0,0,0", "0"])
def test_polygons_without_a_polygon(tmp_path, line):
    path = tmp_path / "groundtruth.txt"
    path.write_text(f"10,20,30,20,30,40,10,40\n{line}\n")
    given = read_given_boxes(path, 2)
    assert given.boxes[1][0].tolist() == [10, 20, 20, 20]
    assert given.absent[1].tolist() == [False, True]


def test_what_a_table_says_and_what_it_does_not_say(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text(HEADER + "0,1,1,2,3,4\n1,1,nan,nan,nan,nan\n0,2,,,,\n3,2,5,6,7,8\n")
    given = read_given_boxes(path, 4)
    assert given.absent[1].tolist() == [False, True, False, False], "a row of nan says absent, no row says nothing"
    assert given.absent[2].tolist() == [True, False, False, False]
    assert given.names_frames
    assert given.notes == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("1,2,3,4\n", "1 box for 2 frames", id="too few"),
        pytest.param("1,2,3,4\n" * 3, "3 boxes for 2 frames", id="too many"),
        pytest.param("", "is empty", id="empty"),
        pytest.param(" \n\t\n", "is empty", id="blanks alone"),
        pytest.param("# nothing\n", "has no boxes", id="comment alone"),
        pytest.param(
            "7,8,3,4\n", "run_tracker.py lwl box2mask_init --video PATH --box 7,8,3,4", id="one for the first frame"
        ),
        pytest.param("1,2,3,4\n\n", "1 box for 2 frames", id="blank lines at the end do not count"),
        pytest.param("\n1,2,3,4\n", "line 1: is blank; write nan", id="blank line first"),
        pytest.param("1,5 2,5 3,5 4,5\n" * 2, "decimal point", id="decimal commas, blanks"),
        pytest.param("1,2,3,4\n1,2,1e300,4\n", "beyond any picture", id="far too large"),
        pytest.param("1,2,3,4\n1,2,-inf,4\n", "is not finite", id="minus infinite"),
        pytest.param("1,2,3,4\n1_0,2,3,4\n", "not four numbers", id="what only Python takes for a number"),
        pytest.param("0 0.5 0.5 0.2 0.2\n" * 2, "YOLO", id="YOLO"),
        pytest.param("10,20,30,40,0.9\n" * 2, "five numbers; write x,y,w,h alone", id="a score behind the box"),
        pytest.param("10,20\n" * 2, "is not four numbers", id="two numbers"),
        pytest.param("1,2,4,2,4,6,1,6\n1,2,3,4\n", "line 2: '1,2,3,4' is not eight numbers", id="polygon, then box"),
        pytest.param("1,2,4,2,4,6,1,6\n2\n3\n", "3 boxes for 2 frames", id="polygons, counts differ"),
        pytest.param("3\n4\n", "is not four numbers", id="one number"),
        pytest.param("m0,0,4,4,1,2\n" * 2, "masks of the VOT challenge", id="VOT masks"),
        pytest.param("a.jpg,1,2,3,4\n" * 2, "does not begin with a number; begin the file with a header", id="names"),
        pytest.param("a,b,c\n1,2,3\n", "has no column frame", id="foreign header"),
        pytest.param("x,y,w\n1,2,3\n", "write frame,object,x,y,w,h", id="header without h"),
        pytest.param("x1,y1,x2,y2,object\n1,2,3,4,5\n", "no column frame", id="object without frame"),
        pytest.param("<annotations>", "begins like XML but is none", id="XML"),
        pytest.param("1,2,3,4\n" + "9" * 200_000 + "\n", r"line 2: '9{77}\.\.\.' is not", id="long lines are cut"),
        pytest.param("1,2,3,4\n1,2,3\n", "line 2: '1,2,3' is not four numbers", id="three numbers"),
        pytest.param("1,2,3,4\n\n1,2,3,4\n", "3 boxes for 2 frames", id="blank line in the middle counts"),
        pytest.param("1,2,3,4\n1,2,x,4\n", "'1,2,x,4' is not four numbers", id="a letter"),
        pytest.param("1,2,3,4\n1,2,nan,4\n", "is not finite", id="partly nan"),
        pytest.param("1,2,3,4\n1,2,inf,4\n", "is not finite", id="infinite"),
        pytest.param("object,x,y,w,h\n1,1,2,3,4\n", "write frame,object,x,y,w,h", id="column missing"),
        pytest.param("frame,x,y,w,h\n0,1,2,3,4\n0,5,6,7,8\n", "a second box of object 1 in frame 0", id="two objects"),
        pytest.param(HEADER, "no boxes", id="header alone"),
        pytest.param(HEADER + "2,1,1,2,3,4\n", "frame 2 of 2", id="frame beyond the clip"),
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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param({"shapes": [], "imagePath": "a.jpg"}, "labelme's json of one picture", id="labelme"),
        pytest.param(
            {"shapes": [{"shape_type": "rectangle", "points": [[9, 8], [1, 2]]}]},
            "run_tracker.py ... --video PATH --box 1,2,8,6", id="labelme with a rectangle",
        ),
        pytest.param({"images": [], "annotations": []}, "has no images", id="COCO"),
        pytest.param([{"data": {}, "annotations": []}], "Label Studio", id="Label Studio"),
        pytest.param({"a.jpg1": {"filename": "a.jpg", "regions": []}}, "VGG", id="VGG"),
        pytest.param({"a": 1}, "of a kind that is not known", id="unknown"),
        pytest.param([[1, 2, "a", 4]], "of a kind that is not known", id="list"),
        pytest.param("[" * 100_000, "json", id="deep"),
        pytest.param("{'a': 1}", "begins like a json but is none", id="not quite json"),
        pytest.param('{"frame": 0, "x": 1}\n{"frame": 1, "x": 2}\n', "json, one per line", id="json lines"),
    ],
)  # fmt: skip
def test_a_json_is_named(tmp_path, content, message):
    with pytest.raises(UserError, match=message) as raised:
        read(tmp_path, content if isinstance(content, str) else json.dumps(content))
    assert len(str(raised.value)) < len(str(tmp_path)) + 300


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param("1,2,3,4\n".encode("utf-16"), "is UTF-16 text.* save it as UTF-8", id="UTF-16"),
        pytest.param("1,2,3,4\n".encode("utf-16-be"), "is UTF-16 text", id="UTF-16 without a mark"),
        pytest.param("1,2,3,4\n".encode("utf-32"), "is UTF-32 text", id="UTF-32"),
        pytest.param((HEADER + "0,B\u00e4r,1,2,3,4\n").encode("latin-1"), "is Latin-1.*0xe4 in line 2", id="Latin-1"),
        pytest.param(b"1,2,3,4\n\0\n", "NUL", id="NUL"),
        pytest.param(bytes(range(128, 256)), "no text file", id="binary"),
        pytest.param(b"\x93NUMPY\x01\0", "NumPy array", id="npy"),
        pytest.param(b"PK\x03\x04", "zip archive or an Excel sheet", id="zip"),
    ],
)
def test_what_is_no_text_is_named(tmp_path, data, message):
    (tmp_path / "boxes.txt").write_bytes(data)
    with pytest.raises(UserError, match=message):
        read_boxes(tmp_path / "boxes.txt", 2)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        pytest.param(
            [[0.1, 0.4, 0.4, 0.4], [np.nan] * 4], "parts of the frame; multiply x, w by its width", id="parts"
        ),
        pytest.param([[0, 0, 1, 1], [0.5, 0, 0.5, 1]], "parts of the frame", id="the whole frame is 0,0,1,1"),
        pytest.param([[9, 9, 1, 1.5], [8, 8, 1.9, 1]], "no side of 2 pixels", id="smaller than two pixels throughout"),
        pytest.param([[0.1, 0.4, 0.4, 0.4], [10, 10, 20, 20]], None, id="one box of pixels"),
        pytest.param([[9, 9, 1, 40]], None, id="thin"),
        pytest.param([[np.nan] * 4], None, id="no box"),
    ],
)
def test_parts_of_the_frame_are_refused(boxes, message):
    tracks = {1: np.array(boxes), 2: np.full((len(boxes), 4), np.nan)}
    if message is None:
        refuse_relative(tracks, "clip")
        refuse_relative({}, "clip")
    else:
        with pytest.raises(UserError, match=f"clip: .*{message}"):
            refuse_relative(tracks, "clip")


@pytest.mark.parametrize(
    "boxes, refused",
    [
        pytest.param([[40, 30, 90, 80]] * 2, True, id="corners"),
        pytest.param([[40, 30, 90, 80], [NAN] * 4, [5, 5, 20, 20]], True, id="some far out, all inside as corners"),
        pytest.param([[40, 30, 90, 80], [60, 30, 30, 60]], False, id="one is none as corners"),
        pytest.param([[40, 30, 50, 50]] * 2, False, id="inside"),
        pytest.param([[40, 30, 65, 85]] * 2, True, id="out below"),
        pytest.param([[5, 5, 99, 90]] * 2, False, id="a little out"),
        pytest.param([[-5, 30, 120, 90]] * 2, False, id="a large object on all sides"),
        pytest.param([[40, 30, 90, 80]] + [[5, 5, 20, 20]] * 9, False, id="one of ten"),
        pytest.param([[NAN] * 4], False, id="none"),
    ],
)
def test_corners_that_nothing_names_are_refused(boxes, refused):
    tracks = {1: np.array(boxes, float)}
    if not refused:
        refuse_corners(tracks, [(100, 100)] * len(boxes), "clip")
        return
    with pytest.raises(UserError, match=r"clip: .* as 40,30,.* write 40,30,(50|25),5\d?, or the header"):
        refuse_corners(tracks, [(100, 100)] * len(boxes), "clip")


def test_one_object_is_one_track(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text(HEADER + "0,7,1,2,3,4\n")
    assert read_track(path, 1).tolist() == [[1, 2, 3, 4]]
    path.write_text(HEADER + "0,7,1,2,3,4\n0,8,1,2,3,4\n")
    with pytest.raises(UserError, match="2 objects where one is expected"):
        read_track(path, 1)
