"""What was said about a clip: edits, undo, redo, and what is refused."""

from __future__ import annotations

import json

import pytest

from ltr_ext.errors import UserError
from tracker_ext.editor.actions import edit_for, painted_edit
from tracker_ext.editor.document import MOST_UNDO, Document

SIZE = (48, 64)
BOX = {"do": "box", "object": None, "frame": 2, "box": [1, 2, 10, 12]}


def done(document: Document, **request) -> Document:
    """As the journal would have it: through JSON."""
    edit = edit_for(document, request, 10, SIZE)
    if edit is not None:
        document.apply(json.loads(json.dumps(edit.entry())))
    return document


@pytest.fixture
def document() -> Document:
    """One object with a box on frame 2."""
    return done(Document(), **BOX)


def test_a_first_box_makes_an_object(document):
    assert document.objects() == {1: "object 1"}
    assert document.marks(1) == {2: {"kind": "box", "box": [1, 2, 10, 12]}}


def test_every_step_can_be_undone_and_done_again(document):
    steps = [
        {"do": "box", "object": 1, "frame": 5, "box": [4, 4, 9, 9]},
        {"do": "box", "object": 1, "frame": 5, "box": [5, 4, 9, 9]},
        {"do": "absent", "object": 1, "frame": 6, "last": 8},
        {"do": "follow", "object": 1, "frame": 5, "on": True},
        {"do": "clear", "object": 1, "frame": 7},
        {"do": "name", "object": 1, "name": "dog"},
        {"do": "add"},
        {"do": "remove", "object": 1},
    ]
    states = [dict(document.values)]
    for step in steps:
        states.append(dict(done(document, **step).values))
    assert len({json.dumps(state, sort_keys=True) for state in states}) == len(states)
    for state in reversed(states[:-1]):
        document.apply({"undo": True})
        assert document.values == state
    for state in states[1:]:
        document.apply({"redo": True})
        assert document.values == state


def test_a_new_step_forgets_what_was_undone(document):
    document.apply({"undo": True})
    done(document, do="add")
    assert document.apply({"redo": True}) is None
    assert document.objects() == {1: "object 1"} and not document.marks(1)


def test_undoing_nothing_is_nothing():
    document = Document()
    assert document.apply({"undo": True}) is None and document.values == {}


def test_only_so_many_steps_are_kept(document):
    for place in range(MOST_UNDO + 5):
        done(document, do="box", object=1, frame=3, box=[place % 30, 1, 9, 9])
    assert len(document.done) == MOST_UNDO


def test_a_snapshot_leads_to_the_same_state(document):
    done(document, do="absent", object=1, frame=3)
    document.apply({"undo": True})
    document.apply({"note": {"live": True}})
    again = Document()
    again.apply(json.loads(json.dumps(document.snapshot())))
    assert again == document
    again.apply({"redo": True})
    assert again.marks(1)[3]["kind"] == "absent"


def test_what_was_painted_gives_way_to_the_box_below_it(document):
    document.apply(painted_edit(document, 1, 2, "first", [1, 1, 3, 3]).entry())
    document.apply(painted_edit(document, 1, 2, "second", [1, 1, 4, 4]).entry())
    assert document.marks(1)[2]["mask"] == "second" and document.painted_masks() == {"first", "second"}
    done(document, do="clear", object=1, frame=2)
    assert document.marks(1)[2] == {"kind": "box", "box": [1, 2, 10, 12]}
    assert document.painted_masks() == {"first", "second"}  # undo may want them


def test_nothing_painted_means_not_there(document):
    document.apply(painted_edit(document, 1, 2, "empty", None).entry())
    assert document.marks(1)[2] == {"kind": "absent"}


@pytest.mark.parametrize(
    "box, kept",
    [
        ([-5, -5, 20, 20], [0, 0, 15, 15]),
        ([60, 40, 50, 50], [60, 40, 4, 8]),
        ([1.234, 2.345, 3.456, 4.567], [1.2, 2.3, 3.5, 4.6]),
    ],
)
def test_boxes_end_at_the_frame(document, box, kept):
    done(document, do="box", object=1, frame=0, box=box)
    assert document.marks(1)[0]["box"] == pytest.approx(kept, abs=0.05)


@pytest.mark.parametrize(
    "request_, word",
    [
        ({"do": "nonsense", "object": 1, "frame": 0}, "unknown"),
        ({"do": "box", "object": 7, "frame": 0, "box": [1, 1, 5, 5]}, "object 7"),
        ({"do": "box", "object": True, "frame": 0, "box": [1, 1, 5, 5]}, "object True"),
        ({"do": "box", "object": 1, "frame": 10, "box": [1, 1, 5, 5]}, "from 0 to 9"),
        ({"do": "box", "object": 1, "frame": -1, "box": [1, 1, 5, 5]}, "from 0 to 9"),
        ({"do": "box", "object": 1, "frame": "0", "box": [1, 1, 5, 5]}, "from 0 to 9"),
        ({"do": "box", "object": 1, "frame": 0, "box": [1, 1, 1, 5]}, "too small"),
        ({"do": "box", "object": 1, "frame": 0, "box": [70, 1, 9, 5]}, "outside"),
        ({"do": "box", "object": 1, "frame": 0, "box": [1, 1, float("nan"), 5]}, "no box"),
        ({"do": "box", "object": 1, "frame": 0, "box": [1, 2, 3]}, "no box"),
        ({"do": "box", "object": 1, "frame": 0, "box": None}, "no box"),
        ({"do": "follow", "object": 1, "frame": 0, "on": True}, "has no box on frame 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(document, request_, word):
    before = dict(document.values)
    with pytest.raises(UserError, match=word) as error:
        edit_for(document, request_, 10, SIZE)
    assert "\n" not in str(error.value) and document.values == before


def test_a_mask_holds_so_many_objects():
    document = Document()
    for _ in range(254):
        done(document, do="add")
    with pytest.raises(UserError, match="254 objects"):
        done(document, do="add")
    done(document, do="remove", object=100)
    assert edit_for(document, {"do": "add"}, 10, SIZE).changes.keys() == {"object/100"}
