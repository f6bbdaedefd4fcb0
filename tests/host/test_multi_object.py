"""The wrapper that makes one tracker per object."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from pytracking.evaluation.multi_object_wrapper import MultiObjectWrapper
from pytracking.tracker.base import BaseTracker
from pytracking.utils import TrackerParams

IMAGE = np.zeros((1, 3, 3), np.uint8)


class SoftTracker(BaseTracker):
    """Gives object 1 the scores (0.9, 0.4, 0.6), object 2 the scores (0.8, 0.45, 0.7) on three pixels."""

    SCORES: ClassVar = {"1": (0.9, 0.4, 0.6), "2": (0.8, 0.45, 0.7)}

    def initialize(self, image, info):
        self.info = info
        (self.object_id,) = info["object_ids"]
        return {"segmentation_soft": info["init_mask"].astype(float)}

    def track(self, image, info=None):
        self.seen = info
        soft = np.array([self.SCORES[self.object_id]])
        return {
            "target_bbox": [int(self.object_id), 0, 1, 1],
            "segmentation": (soft > 0.5).astype(np.uint8),
            "segmentation_soft": soft,
        }


class MergingTracker(SoftTracker):
    """Has a merge of its own."""

    def merge_results(self, out_all):
        return {"segmentation": sorted(out_all), "target_bbox": None, "time": None}


def info_for(*object_ids: str) -> dict:
    return {
        "init_bbox": {object_id: [0, 0, 1, 1] for object_id in object_ids},
        "init_mask": np.array([[1, 2, 0]], np.uint8),
        "init_object_ids": list(object_ids),
        "object_ids": ["1", "2"],
        "sequence_object_ids": ["1", "2"],
    }


def test_the_objects_are_split_on_the_way_in_and_merged_on_the_way_out():
    wrapper = MultiObjectWrapper(SoftTracker, TrackerParams())
    first = wrapper.initialize(IMAGE, info_for("1", "2"))
    assert first["segmentation"].tolist() == [[1, 2, 0]]
    assert first["target_bbox"] == {"1": [0, 0, 1, 1], "2": [0, 0, 1, 1]}
    own = wrapper.trackers["2"].info
    assert own["init_mask"].tolist() == [[0, 1, 0]]
    assert own["init_bbox"] == [0, 0, 1, 1]
    assert set(own["init_other"]) == {"1", "2"}

    output = wrapper.track(IMAGE, {"previous_output": first})
    assert output["segmentation"].tolist() == [[1, 0, 2]]
    assert output["target_bbox"] == {"1": [1, 0, 1, 1], "2": [2, 0, 1, 1]}
    assert set(output["time"]) == {"1", "2"}
    assert wrapper.trackers["1"].seen["previous_output"] is first


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        pytest.param(0.3, [[1, 2, 2]], id="low: every pixel has an object"),
        pytest.param(0.85, [[1, 0, 0]], id="high: only the surest"),
    ],
)
def test_the_threshold_is_a_parameter(threshold, expected):
    params = TrackerParams()
    params.segmentation_threshold = threshold
    wrapper = MultiObjectWrapper(SoftTracker, params)
    wrapper.initialize(IMAGE, info_for("1", "2"))
    assert wrapper.track(IMAGE)["segmentation"].tolist() == expected


def test_an_object_may_enter_later():
    wrapper = MultiObjectWrapper(SoftTracker, TrackerParams())
    first = wrapper.initialize(IMAGE, info_for("1"))
    assert set(first["target_bbox"]) == {"1"}
    output = wrapper.track(IMAGE, info_for("2") | {"previous_output": first})
    assert output["target_bbox"] == {"1": [1, 0, 1, 1], "2": [0, 0, 1, 1]}
    assert set(wrapper.track(IMAGE, {"previous_output": output})["target_bbox"]) == {"1", "2"}


def test_a_tracker_may_merge_by_itself():
    wrapper = MultiObjectWrapper(MergingTracker, TrackerParams())
    wrapper.initialize(IMAGE, info_for("1", "2"))
    assert wrapper.track(IMAGE)["segmentation"] == ["1", "2"]
