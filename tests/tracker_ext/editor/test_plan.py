"""What masks are made from: a change makes those again that it touches, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from tracker_ext.editor.document import Document
from tracker_ext.editor.plan import Rules, lay_windows, plan_clip, plan_object

RULES = Rules(num_frames=600, together=5, interval=15, max_gap=60, made_by="net")


def box(x: float = 10, **more):
    return {"kind": "box", "box": [x, 10, 20, 20], **more}


def boxes(*frames: int) -> dict:
    return {frame: box() for frame in frames}


def changed(before: dict, after: dict, follows=(), rules=RULES) -> list[int]:
    one, two = (plan_object(marks, follows, rules).recipes for marks in (before, after))
    return sorted(frame for frame in {*one, *two} if one.get(frame) != two.get(frame))


@pytest.mark.parametrize("num_frames", [1, 30, 74, 75, 200, 1000])
@pytest.mark.parametrize("step", [1, 7, 40, 300])
def test_every_given_frame_is_kept_by_one_window(num_frames, step):
    given = list(range(0, num_frames, step))
    windows = lay_windows(given, num_frames, 5, 15)
    assert sorted(frame for window in windows for frame in window.kept) == given
    for window in windows:
        assert set(window.kept) <= set(window.frames) <= set(given)
        assert list(window.frames) == sorted(set(window.frames)) and len(window.frames) <= 5
    assert [w.frames[-1] for w in windows] == sorted(w.frames[-1] for w in windows)


def test_boxes_on_all_frames_are_seen_far_apart():
    for window in lay_windows(range(150), 150, 5, 15):
        assert window.frames == window.kept == tuple(range(window.frames[0], window.frames[0] + 75, 15))


def test_few_boxes_are_seen_together():
    assert {window.frames for window in lay_windows([0, 40, 80], 600, 5, 15)} == {(0, 40, 80)}


def test_frames_between_boxes_are_made_and_those_beyond_are_not():
    plan = plan_object(boxes(0, 60, 200), (), RULES)
    assert sorted(plan.recipes) == [*range(61), 200]
    assert plan.kinds[30] == "between" and plan.track[30].tolist() == [10, 10, 20, 20]


def test_not_here_opens_the_gap():
    plan = plan_object({**boxes(0, 20), 10: {"kind": "absent"}}, (), RULES)
    assert sorted(plan.recipes) == [0, 20] and plan.kinds[10] == "absent"


def test_a_tighter_box_changes_its_window_and_what_is_between():
    every = {frame: box() for frame in range(0, 600)}
    assert changed(every, {**every, 100: box(11)}) == [85, 100, 115, 130, 145]


def test_a_change_stays_near():
    sparse = boxes(*range(0, 600, 10))
    found = changed(sparse, {**sparse, 305: box(12)})
    assert found and min(found) > 200 and max(found) < 400


def test_the_weights_and_options_change_everything_but_what_was_painted():
    marks = {**boxes(0, 10), 5: {"kind": "painted", "box": [1, 1, 9, 9], "mask": "m", "under": None}}
    one, two = (plan_object(marks, (), Rules(30, made_by=name)).recipes for name in "ab")
    assert [frame for frame in range(11) if one[frame] == two[frame]] == [5]


def test_a_painted_mask_is_final_and_changes_its_neighbours():
    before = boxes(0, 10, 20)
    after = {**before, 10: {"kind": "painted", "box": [10, 10, 20, 20], "mask": "m", "under": None}}
    assert changed(before, after) == list(range(21))
    assert plan_object(after, (), RULES).kinds[10] == "painted"


class TestFollowing:
    def test_it_goes_on_to_the_end_or_the_next_word(self):
        kinds = plan_object({**boxes(5), 100: {"kind": "absent"}}, [5], RULES).kinds
        assert [frame for frame, kind in kinds.items() if kind == "tracked"] == list(range(6, 100))
        assert plan_object(boxes(590), [590], RULES).kinds[599] == "tracked"

    def test_only_where_boxes_are_far_apart(self):
        kinds = plan_object(boxes(0, 40, 200), [0], RULES).kinds
        assert {kinds[20]} == {"between"} and {kinds[100], kinds[300]} == {"tracked"}

    def test_a_box_put_right_changes_what_comes_after_it(self):
        assert changed(boxes(0), {**boxes(0), 200: box(30)}, [0]) == [0, *range(200, 600)]

    def test_it_is_not_taken_up_again_behind_an_absence(self):
        kinds = plan_object({**boxes(0, 200), 100: {"kind": "absent"}}, [0], RULES).kinds
        assert kinds[50] == "tracked" and 150 not in kinds and 300 not in kinds

    def test_other_boxes_do_not_make_it_again(self):
        far = {**boxes(0), 500: box()}
        assert not set(changed(far, {**far, 500: box(40)}, [0])) & set(range(1, 500))


def test_objects_that_overlap_depend_on_each_other():
    def plans(x):
        document = Document(
            {
                "object/1": {"name": "a"},
                "object/2": {"name": "b"},
                "mark/1/3": box(10),
                "mark/2/3": box(x),
                "mark/2/9": box(200),
            }
        )
        return plan_clip(document, Rules(12, max_gap=2))

    assert plans(15)[1].recipes != plans(16)[1].recipes
    assert plans(100)[1].recipes == plans(120)[1].recipes


def test_damaged_frames_get_no_mask():
    plan = plan_object(boxes(0, 1, 2, 4), (), RULES, unreadable=[1, 3])
    assert sorted(plan.recipes) == [0, 2, 4] and not np.isfinite(plan.track[1]).any()
