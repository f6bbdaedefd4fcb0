"""`--box x,y,w,h` on the command line: however it is written, and what is refused."""

from __future__ import annotations

import json

import pytest

from ltr_ext.errors import UserError
from tracker_ext.video.box_argument import corners_note, join_boxes, parse_box


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        pytest.param(["a", "--box", "-5,0,9,9"], ["a", "--box=-5,0,9,9"], id="a minus first is no option"),
        pytest.param(["--box", "1", "2", "3", "4", "b"], ["--box=1 2 3 4", "b"], id="blanks"),
        pytest.param(["--box", "-1", "-2.5", "3", "4"], ["--box=-1 -2.5 3 4"], id="blanks and minus"),
        pytest.param(["--box", "1,", "2,", "3,", "4"], ["--box=1, 2, 3, 4"], id="commas and blanks"),
        pytest.param(["--box=1,", "2,", "3,", "4"], ["--box=1, 2, 3, 4"], id="the same behind ="),
        pytest.param(["--box", "[1,", "2,", "3,", "4]", "-o", "5"], ["--box=[1, 2, 3, 4]", "-o", "5"], id="brackets"),
        pytest.param(["--box", "1,2,3,4", "5,6,7,8"], ["--box=1,2,3,4", "--box=5,6,7,8"], id="two objects"),
        pytest.param(["--box", "1,2,3,4", "--box", "-5,6,7,8"], ["--box=1,2,3,4", "--box=-5,6,7,8"], id="two options"),
        pytest.param(["--box", "--out", "x"], ["--box", "--out", "x"], id="no number"),
        pytest.param(["--box", "a.json", "3"], ["--box", "a.json", "3"], id="a file"),
        pytest.param(["--boxes", "1", "2"], ["--boxes", "1", "2"], id="another option"),
        pytest.param(["x", "3", "--box"], ["x", "3", "--box"], id="last"),
    ],
)  # fmt: skip
def test_join_boxes(words, joined):
    assert join_boxes(words) == joined


@pytest.mark.parametrize(
    "text", ["-5,0,9,9.5", "-5 0 9 9.5", " -5, 0, 9, 9.5 ", "[-5, 0, 9, 9.5]", "(-5;0;9;9.5)", "-5.0,0e0,9,9.5"]
)
def test_a_box_however_it_is_written(text):
    assert parse_box(text) == (-5, 0, 9, 9.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("1,2,3", "is not four numbers; give x,y,w,h in pixels, such as", id="three"),
        pytest.param("1,2,3,4,5,6,7,8", "give --box once per object", id="two boxes in one"),
        pytest.param("a,b,c,d", "is not four numbers", id="letters"),
        pytest.param(",,,", "is not four numbers", id="nothing"),
        pytest.param("", "is not four numbers", id="empty"),
        pytest.param("nan,1,2,3", "is not finite", id="nan"),
        pytest.param("1,2,inf,3", "is not finite", id="infinite"),
        pytest.param("9,9,0,4", "has no area", id="zero"),
        pytest.param("9,9,4,-4", "has no area", id="negative"),
        pytest.param("0.1,0.4,0.4,0.4", "parts of the frame; multiply x, w by its width", id="parts of the frame"),
        pytest.param("1" * 90_000, r"1\.\.\.' *: is not four numbers", id="long"),
    ],
)
def test_boxes_that_are_refused(text, message):
    with pytest.raises(UserError, match=f"^--box .*{message}") as raised:
        parse_box(text)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("one.txt", "7,8,9,10\n", "the file holds --box 7,8,9,10", id="one line"),
        pytest.param("all.txt", "7,8,9,10\n" * 9, "goes with run_annotate.py video PATH --boxes FILE", id="all frames"),
        pytest.param(
            "a.json",
            json.dumps({"shapes": [{"shape_type": "rectangle", "points": [[1, 2], [9, 8]]}]}),
            "the file holds --box 1,2,8,6", id="labelme",
        ),
    ],
)  # fmt: skip
def test_a_file_is_no_box(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message):
        parse_box(str(tmp_path / name))


@pytest.mark.parametrize(
    ("box", "said"),
    [
        pytest.param((30, 10, 60, 40), "give --box 30,10,30,30", id="corners"),
        pytest.param((30, 10, 30, 30), None, id="inside"),
        pytest.param((-3, 10, 70, 40), None, id="a loose box: as corners it would begin outside"),
        pytest.param((30, 10, 90, 30), None, id="too wide for corners"),
        pytest.param((60, 10, 30, 30), None, id="no corners: the second is left of the first"),
    ],
)
def test_corners_are_asked_about_where_they_would_fit_better(box, said):
    note = corners_note(box, (48, 64))
    assert note is None if said is None else said in note
