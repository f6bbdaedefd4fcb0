"""Objects that a tracker is told of on any frame: they enter, and are corrected."""

from __future__ import annotations

import numpy as np
import pytest
from miniatures.tiny_lwl import HEIGHT, WIDTH, label_map
from pytracking.tracker.base import BaseTracker
from pytracking.utils import TrackerParams

from ltr_ext.errors import UserError
from tracker_ext.segmentation.prompts import Prompts
from tracker_ext.tracker.prompted import Prompt, PromptedTracker, prompts_by_frame

BOX, OTHER = (30, 20, 30, 24), (4, 40, 20, 24)


def box(*numbers):
    return Prompt(np.array(numbers, float))


def painted(*rectangle):
    mask = label_map(_1=rectangle) > 0
    mask[rectangle[1], rectangle[0]] = False  # a corner that no box can say
    return Prompt(np.array(rectangle, float), mask)


class Made:
    """What `PromptedTracker` needs of a tracker handle: a class, and its parameters."""

    def __init__(self, tracker):
        self.tracker = tracker
        self.tracker_class = type(tracker)
        self.get_parameters = TrackerParams


@pytest.fixture
def prompted(make_tracker, monkeypatch):
    """`prompted(ids, corrects, **changes of the config)`: around the tiny LWL tracker."""

    def make(ids, corrects=False, **changes):
        tracker = make_tracker(**changes)
        monkeypatch.setattr("tracker_ext.tracker.prompted.build_tracker", lambda handle, several: handle.tracker)
        return PromptedTracker(Made(tracker), ids, (HEIGHT, WIDTH), corrects), tracker

    return make


def test_what_is_told_frame_by_frame():
    mask = np.ones((4, 4), bool)
    prompts = Prompts({2: {5: np.array(BOX), 0: np.array(BOX)}, 1: {5: np.array(OTHER)}}, {2: {5: mask}})
    told = prompts_by_frame(prompts)
    assert [(frame, sorted(objects)) for frame, objects in told.items()] == [(0, [2]), (5, [1, 2])]
    assert told[5][2].mask is mask and told[0][2].mask is None


def test_an_object_is_absent_until_it_is_told_of(prompted, frames):
    tracker, _ = prompted([7])
    labels, boxes, _ = tracker.step(frames[0], {})
    assert not labels.any() and boxes == {7: None}
    labels, boxes, _ = tracker.step(frames[1], {7: painted(*BOX)})
    np.testing.assert_array_equal(labels == 7, painted(*BOX).mask)
    assert boxes[7].tolist() == list(BOX)
    labels, boxes, _ = tracker.step(frames[2], {})
    assert set(np.unique(labels)) <= {0, 7} and boxes[7] is not None


def test_objects_enter_later_and_take_what_they_cover(prompted, frames):
    tracker, _ = prompted([1, 3])
    labels, boxes, _ = tracker.step(frames[0], {1: painted(*BOX)})
    assert set(np.unique(labels)) == {0, 1} and boxes[3] is None
    tracker.step(frames[1], {})
    entering = painted(32, 22, 10, 10)
    labels, boxes, _ = tracker.step(frames[2], {3: entering})
    np.testing.assert_array_equal(labels == 3, entering.mask)
    assert boxes[1] is not None and boxes[3].tolist() == [32, 22, 10, 10]


@pytest.mark.parametrize("start", ["box", "mask", "given"])
def test_a_mask_counts_whatever_the_parameters_start_from(prompted, frames, start):
    tracker, _ = prompted([1], start=start)
    labels, _, _ = tracker.step(frames[0], {1: painted(*BOX)})
    np.testing.assert_array_equal(labels == 1, painted(*BOX).mask)


def test_boxes_and_masks_on_one_frame(prompted, frames):
    tracker, _ = prompted([1, 2], start="box")
    mask = painted(30, 20, 14, 14)
    labels, _, _ = tracker.step(frames[0], {1: box(*BOX), 2: mask})
    np.testing.assert_array_equal(labels == 2, mask.mask)
    assert (labels == 1).any()


def test_parameters_that_start_from_a_mask_say_so_of_a_box(prompted, frames, make_tracker):
    tracker, lwl = prompted([1], start="mask")
    lwl._box_net = None
    with pytest.raises(UserError, match="these parameters start from one; use lwl box2mask_init"):
        tracker.step(frames[0], {1: box(*BOX)})


def test_a_correction_is_kept_and_learnt_beside_the_first_frame(prompted, frames):
    tracker, lwl = prompted([1], corrects=True)
    tracker.step(frames[0], {1: painted(*BOX)})
    for frame in frames[1:4]:
        tracker.step(frame, {})
    before = lwl._targets["1"].filters
    labels, boxes, _ = tracker.step(frames[4], {1: painted(*OTHER)})
    np.testing.assert_array_equal(labels == 1, painted(*OTHER).mask)
    assert boxes[1].tolist() == list(OTHER)
    target = lwl._targets["1"]
    assert len(target.memory) == 2 and target.memory.temporal.tolist() == [0.5, 0.5]
    assert not np.allclose(before, target.filters)
    crop = target.state.crop((HEIGHT, WIDTH), (64, 64), lwl._config)
    assert crop.cut_mask(painted(*OTHER).mask.astype(np.uint8)).any(), "it is searched where it was said to be"
    labels, _, _ = tracker.step(frames[5], {})
    assert labels.shape == (HEIGHT, WIDTH)


def test_one_of_two_objects_is_corrected(prompted, frames):
    tracker, lwl = prompted([1, 2], corrects=True)
    tracker.step(frames[0], {1: painted(*BOX), 2: painted(*OTHER)})
    tracker.step(frames[1], {})
    labels, _, _ = tracker.step(frames[2], {2: painted(*BOX)})
    np.testing.assert_array_equal(labels == 2, painted(*BOX).mask)
    assert lwl._targets["1"].age == 2 and len(lwl._targets["2"].memory) == 2


class Holder(BaseTracker):
    """Stays where it was told last; knows no corrections."""

    def initialize(self, image, info):
        self.box = info["init_bbox"]

    def track(self, image, info=None):
        labels = np.zeros(image.shape[:2], np.uint8)
        x, y, w, h = (int(side) for side in self.box)
        labels[y : y + h, x : x + w] = 1
        return {"target_bbox": self.box, "segmentation": labels}


class Handle:
    tracker_class = Holder

    def get_parameters(self):
        return TrackerParams()


def test_a_tracker_that_knows_no_corrections_starts_again(frames):
    tracker = PromptedTracker(Handle(), [1], (HEIGHT, WIDTH), corrects=True)
    tracker.step(frames[0], {1: box(*BOX)})
    tracker.step(frames[1], {1: box(*OTHER)})
    labels, boxes, _ = tracker.step(frames[2], {})
    assert boxes[1].tolist() == list(OTHER) and (labels[40:64, 4:24] == 1).all()
    with pytest.raises(UserError, match="Holder cannot be corrected on later frames where there are several objects"):
        PromptedTracker(Handle(), [1, 2], (HEIGHT, WIDTH), corrects=True)
