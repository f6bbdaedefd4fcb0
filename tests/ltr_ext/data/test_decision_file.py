"""`decisions.csv`."""

from __future__ import annotations

import pytest

from ltr_ext.data.decisions import Decision, names_with, read_decisions, write_decisions
from ltr_ext.errors import UserError


def test_there_and_back(tmp_path):
    decisions = [
        Decision('é, "x"', "reject", "two\nlines"),
        Decision("b/c", "flag"),
        Decision("d", "accept", "fine"),
        Decision("carriage\rreturn", "accept", "\r\n"),
    ]
    write_decisions(tmp_path / "d.csv", decisions)
    found = read_decisions(tmp_path / "d.csv")
    assert list(found.values()) == decisions
    assert names_with(found, "reject") == ['é, "x"']


def test_what_a_spreadsheet_makes_of_it(tmp_path):
    """Byte order mark, other line ends, other order of columns, one more."""
    text = "\ufeffdecision,sequence,note\r\nreject,a,x\r\naccept ,b,\r\n"
    (tmp_path / "d.csv").write_text(text, encoding="utf-8", newline="")
    assert {name: d.choice for name, d in read_decisions(tmp_path / "d.csv").items()} == {"a": "reject", "b": "accept"}


@pytest.mark.parametrize(
    "text, said",
    [
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param("", "no column sequence, decision", id="empty"),
        pytest.param("sequence,verdict\na,reject\n", "no column decision", id="column"),
        pytest.param("sequence,decision\na,remove\n", "line 2: decision 'remove' for a", id="word"),
        pytest.param("sequence,decision\na\n", "line 2: decision '' for a", id="cut off"),
        pytest.param("sequence,decision\n,reject\n", "line 2: no sequence", id="nameless"),
        pytest.param("sequence,decision\na,reject\na,accept\n", "line 3: a was decided before", id="twice"),
        pytest.param('sequence,decision\n"a"b,reject\n', "line 2", id="quotes"),
    ],
)
def test_refused_with_line_and_value(tmp_path, text, said):
    if text is not None:
        (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        read_decisions(tmp_path / "d.csv")
