"""Our own tables: what is written comes back, and what is foreign is refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from miniatures.fuzzing import trials

from ltr_ext.csv_text import csv_rows, csv_text
from ltr_ext.errors import UserError

CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@trials(100)
@given(rows=st.lists(st.tuples(CELLS.filter(bool), CELLS), max_size=5))
def test_every_cell_comes_back(rows, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "table.csv"
    path.write_bytes(csv_text(("a", "b"), rows).encode())
    assert [(row["a"], row["b"]) for _, row in csv_rows(path, "table", ("a", "b"), "mend it")] == rows


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"\xff\xfe", "is no UTF-8 text", id="bytes"),
        pytest.param(b"", "no column a", id="empty"),
        pytest.param(b"b,c\n1,2\n", "no column a", id="column"),
        pytest.param(b'a\n"x"y\n', "line 2", id="quotes"),
        pytest.param(b"a\n" + b"x" * 200_000, "line 2: field larger than field limit", id="a cell without end"),
    ],
)
def test_refused_in_words(tmp_path, content, said):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UserError, match=said):
        list(csv_rows(tmp_path / "t.csv", "table", ("a",), "mend it"))


def test_what_spreadsheets_write(tmp_path):
    (tmp_path / "t.csv").write_bytes("\ufeffnote; a\r\nx;1\r\n\r\n".encode())
    assert [row for _, row in csv_rows(tmp_path / "t.csv", "table", ("a",), "")] == [{"note": "x", "a": "1"}]


def test_a_row_that_breaks_off_has_the_required_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(",sequence,decision,comment\na\n")
    assert list(csv_rows(path, "table", ("sequence", "decision"), "mend it")) == [
        (2, {"": "a", "sequence": "", "decision": ""})
    ]
