"""`Sequence`: what a tracker is told, single and several objects, late starts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from miniature import write_mask
from pytracking.evaluation import Sequence
from pytracking.evaluation.data import SequenceList

FRAMES = [f"{t:05d}.png" for t in range(4)]


@pytest.fixture
def masks(tmp_path):
    """Two objects; object 1 is (2 + t, 3, 5, 6), object 2 (20, 10, 4, 4)."""
    paths = [str(tmp_path / name) for name in FRAMES]
    for t, path in enumerate(paths):
        write_mask(Path(path), {1: (2 + t, 3, 5, 6), 2: (20, 10, 4, 4)})
    return paths


def test_a_box_only_sequence_gives_its_first_box():
    boxes = np.array([[1.0, 2, 3, 4], [2, 2, 3, 4]])
    sequence = Sequence("a", FRAMES[:2], "mini", boxes)
    assert sequence.init_info() == {"init_bbox": [1, 2, 3, 4]}
    assert sequence.frame_info(1) == {}


def test_several_objects_are_keyed_by_id_and_share_a_mask(masks):
    boxes = {"1": np.array([[2.0, 3, 5, 6]] * 4), "2": np.array([[20.0, 10, 4, 4]] * 4)}
    sequence = Sequence("a", FRAMES, "mini", boxes, ground_truth_seg=masks, object_ids=["1", "2"], multiobj_mode=True)
    info = sequence.init_info()
    assert dict(info["init_bbox"]) == {"1": [2, 3, 5, 6], "2": [20, 10, 4, 4]}
    assert info["init_object_ids"] == info["object_ids"] == info["sequence_object_ids"] == ["1", "2"]
    assert np.unique(info["init_mask"]).tolist() == [0, 1, 2]


def test_one_of_several_objects_alone_gets_its_own_mask(masks):
    boxes = {"2": np.array([[20.0, 10, 4, 4]] * 4)}
    sequence = Sequence("a", FRAMES, "mini", boxes, ground_truth_seg=masks, object_ids=["2"])
    info = sequence.init_info()
    assert info["init_bbox"] == [20, 10, 4, 4]
    assert np.unique(info["init_mask"]).tolist() == [0, 1]
    assert info["init_mask"].sum() == 16


def test_frames_before_the_first_object_are_cut_and_later_objects_keep_their_frame(masks):
    boxes = {i: np.array([[t, 0.0, 4, 4] for t in range(4)]) for i in ("1", "2")}
    entries = {
        1: {"object_ids": ["1"], "bbox": {"1": boxes["1"][1]}, "mask": masks[1]},
        3: {"object_ids": ["2"], "bbox": {"2": boxes["2"][3]}, "mask": masks[3]},
    }
    sequence = Sequence(
        "a",
        FRAMES,
        "mini",
        boxes,
        ground_truth_seg=masks,
        init_data=entries,
        target_visible=np.array([False, True, True, True]),
        object_ids=["1", "2"],
        multiobj_mode=True,
    )
    assert sequence.frames == FRAMES[1:]
    assert sequence.ground_truth_seg == masks[1:]
    assert sequence.ground_truth_rect["1"][:, 0].tolist() == [1, 2, 3]
    assert sequence.target_visible.tolist() == [True, True, True]
    assert dict(sequence.init_info()["init_bbox"]) == {"1": [1, 0, 4, 4]}
    assert sequence.init_info()["init_object_ids"] == ["1"]
    assert sequence.init_info()["object_ids"] == ["1", "2"]
    assert sequence.frame_info(1) == {}
    assert dict(sequence.frame_info(2)["init_bbox"]) == {"2": [3, 0, 4, 4]}


def test_a_list_of_sequences_is_indexed_by_number_name_and_list():
    first, second = (Sequence(name, FRAMES, "mini", np.ones((4, 4))) for name in "ab")
    sequences = SequenceList([first, second])
    assert sequences[1] is second
    assert sequences["a"] is first
    assert list(sequences[[1, 0]]) == [second, first]
    assert isinstance(sequences[:1], SequenceList)
    assert isinstance(sequences + SequenceList([first]), SequenceList)
    with pytest.raises(IndexError):
        sequences["c"]
