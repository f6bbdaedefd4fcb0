"""What is made first, and what with it."""

from __future__ import annotations

from tracker_ext.editor.batches import next_batch
from tracker_ext.editor.document import Document
from tracker_ext.editor.plan import Rules, plan_clip


def plans(**boxes: dict[int, float]):
    """`_1={frame: x}`: plans of a clip of 300 frames."""
    values: dict = {}
    for name, marks in boxes.items():
        values[f"object/{name[1:]}"] = {"name": name}
        for frame, x in marks.items():
            values[f"mark/{name[1:]}/{frame}"] = {"kind": "box", "box": [x, 5, 20, 20]}
    return plan_clip(Document(values), Rules(300))


def stale(found) -> list[tuple[int, int]]:
    return [(object_id, frame) for object_id, plan in found.items() for frame in plan.recipes]


def test_what_is_near_comes_first():
    found = plans(_1=dict.fromkeys((0, 100, 200, 299), 10.0))
    for near, frame in ((0, 0), (140, 100), (290, 299)):
        assert frame in next_batch(found, stale(found), near).frames[1]


def test_a_batch_is_one_stretch_of_the_clip():
    found = plans(_1=dict.fromkeys(range(300), 10.0))
    batch = next_batch(found, stale(found), 10)
    assert batch.frames[1] == set(range(75)) and len(batch.windows[1]) == 15


def test_frames_between_come_with_the_window_that_they_are_explained_by():
    found = plans(_1=dict.fromkeys((0, 40), 10.0))
    batch = next_batch(found, [(1, 30)], 30)
    assert batch.frames == {1: {30}} and [window.frames for window in batch.windows[1]] == [(0, 40)]


def test_other_objects_there_are_made_with_it():
    found = plans(_1=dict.fromkeys((0, 10), 10.0), _2=dict.fromkeys((0, 250), 15.0))
    batch = next_batch(found, stale(found), 5)
    assert 0 in batch.frames[2] and 250 not in batch.frames[2]
