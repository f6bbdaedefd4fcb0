"""Box files of spreadsheets that write 48,5 for 48.5; what cannot be told is refused."""

from __future__ import annotations

import pytest

from ltr_ext.errors import UserError
from tracker_ext.video.box_files import read_given_boxes

NAMES = "frame;object;x;y;w;h\n"


def read(tmp_path, text: str):
    path = tmp_path / "boxes.csv"
    path.write_text(text, encoding="utf-8")
    return read_given_boxes(path, 2).boxes[1].tolist()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1,5;2;30;40\n5;6,25;30;40\n", id="semicolons"),
        pytest.param("1,5;2,0;30,0;40,0\n5,0;6,25;30,0;40,0\n", id="commas everywhere are no polygon"),
        pytest.param("\ufeff1,50;2,00;30,00;40,00;;;\r\n5,00;6,25;30,00;40,00;;;\r\n;;;;;;\r\n", id="Excel's"),
        pytest.param("1,500;2,000;30,000;40,000\n5,000;6,250;30,000;40,000\n", id="three decimals, beyond any picture"),
        pytest.param("1,500;2;30;40\n5;6,25;30;40\n", id="three decimals, and others"),
        pytest.param("1,5\t2\t30\t40\n5\t6,25\t30\t40\n", id="tabs"),
        pytest.param('"1,5","2","30","40"\n"5","6,25","30","40"\n', id="quotes"),
        pytest.param("x;y;w;h\n1,5;2;30;40\n5;6,25;30;40\n", id="header of a line per frame"),
        pytest.param(NAMES + "0;1;1,5;2;30;40\n1;1;5;6,25;30;40\n", id="table"),
        pytest.param(NAMES + "0,0;1,0;1,5;2;30;40\n1,0;1,0;5;6,25;30;40\n", id="frames and objects, too"),
        pytest.param("sep=;\n" + NAMES + "0;1;1,5;2;30;40\n1;1;5;6,25;30;40\n", id="Excel's sep="),
        pytest.param(NAMES.replace(";", "\t") + "0\t1\t1,5\t2\t30\t40\n1\t1\t5\t6,25\t30\t40\n", id="table with tabs"),
        pytest.param('frame,object,x,y,w,h\n0,1,"1,5",2,30,40\n1,1,5,"6,25",30,40\n', id="table with quotes"),
        pytest.param("# x;y;w;h\n1,5;2;30;40\n5;6,25;30;40\n", id="header in a comment"),
        pytest.param("frame;x;y;w;h;note\n0;1,5;2;30;40;1.234,5 a.b\n1;5;6,25;30;40;3.5\n", id="further columns"),
        pytest.param("1;1;2,5;3;30;40;1;1;1,0\n2;1;6;7,25;30;40;1;1;1,0\n", id="MOT"),
        pytest.param("1,5e0;2;30;40\n5;6,25E+00;30;4,0e1\n", id="exponents"),
    ],
)
def test_decimal_commas(tmp_path, text):
    assert read(tmp_path, text) == [[1.5, 2, 30, 40], [5, 6.25, 30, 40]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "1,234;5;30;40\n" * 2, r"line 1: '1,234' may be 1.234 or 1234; write .* decimal point", id="three"
        ),
        pytest.param('"1,234",5,30,40\n' * 2, "'1,234' may be 1.234 or 1234", id="three, in quotes"),
        pytest.param(NAMES + "0;1;5;1,234;30;40\n", "line 2: '1,234' may be", id="three, in a table"),
        pytest.param("1.234,5;5;30;40\n" * 2, "'1.234,5' has separators between thousands", id="point and comma"),
        pytest.param("1'234;5;30;40\n" * 2, "has separators between thousands", id="Swiss"),
        pytest.param("5;6;30;40\n1 234;5;30;40\n", "line 2: '1 234' has separators between thousands", id="blank"),
        pytest.param("1,5;2.5;30;40\n" * 2, "'1,5' has a comma, '2.5' a point; write all numbers with a", id="both"),
        pytest.param("10,20;30,20;30,40;10,40\n" * 2, "four x,y of a polygon, or four numbers", id="a polygon"),
        pytest.param("1,5 2,5 3,5 4,5\n" * 2, "decimal point", id="between blanks"),
    ],
)
def test_what_cannot_be_told(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1,2,30,40,,,\n5,6,30,40,,,\n,,,,,,\n,,,,,,\n", id="commas"),
        pytest.param("1;2;30;40;;;\n5;6;30;40\n;;;;;;\n", id="semicolons"),
        pytest.param("1\t2\t30\t40\t\t\t\n5\t6\t30\t40\t\n\t\t\t\t\t\n", id="tabs"),
        pytest.param("x,y,w,h,,,\n1,2,30,40,,,\n5,6,30,40,,\n,,,,,,\n", id="below a header"),
        pytest.param("1,1,2,3,30,40,1,1,1,,,\n2,1,6,7,30,40,1,1,1,,,\n,,,,,,,,,,,\n", id="MOT"),
    ],
)
def test_empty_cells_of_spreadsheets(tmp_path, text):
    assert read(tmp_path, text) == [[1, 2, 30, 40], [5, 6, 30, 40]]


def test_a_row_of_separators_between_boxes_is_absence(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text("1,2,30,40,,,\n,,,,,,\n5,6,30,40,,,\n")
    assert read_given_boxes(path, 3).absent[1].tolist() == [False, True, False]
