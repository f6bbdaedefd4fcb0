"""Boxes made ready in one way: refused or skipped, filled, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
from miniatures.job_files import NAN

from ltr_ext.errors import UserError
from tracker_ext.segmentation.prepare import frames_of, prepare_tracks

GOOD = [5.0, 5.0, 10.0, 10.0]
SIZES = [(48, 64)] * 6


def track(*rows: list[float]) -> np.ndarray:
    return np.array([*rows, *[NAN] * (6 - len(rows))], float)


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ([5, np.nan, 9, 9], "is not finite"),
        ([np.inf, 5, 9, 9], "is not finite"),
        ([5, 5, 0, 9], "has no area"),
        ([5, 5, -3, 9], "has no area"),
        ([64, 5, 9, 9], "lies wholly outside the 64x48 image"),
        ([1e300, 5, 9, 9], "lies beyond any picture"),
        ([0, 0, 1e300, 9], "lies beyond any picture"),
        ([-9, -9, 9, 9], "lies wholly outside"),
    ],
)
def test_a_bad_box_is_refused_or_skipped_by_name(box, reason):
    tracks = {1: track(GOOD, box, GOOD)}
    with pytest.raises(UserError, match=rf"^clip frame 1: box .*{reason}"):
        prepare_tracks("clip", tracks, {}, SIZES, bad="refuse")
    prepared = prepare_tracks("clip", tracks, {}, SIZES, bad="skip")
    assert len(prepared.skipped) == 1 and reason in prepared.skipped[0]
    assert prepared.given[1].tolist() == [True, False, True, False, False, False]
    assert prepared.boxes[1][1].tolist() == GOOD, "the gap it leaves is filled"
    assert np.array_equal(tracks[1], track(GOOD, box, GOOD), equal_nan=True), "what was given stays as it is"


def test_without_sizes_boxes_are_left_to_who_sees_the_frames():
    assert prepare_tracks("clip", {1: track([999, 5, 9, 9])}, {}, None).given[1][0]


@pytest.mark.parametrize("rows", [[[0.1, 0.2, 0.5, 0.5]], [[0, 0, 1, 1], [0.5, 0.5, 0.25, 0.25]]])
def test_parts_of_the_frame_are_refused_with_the_reason(rows):
    with pytest.raises(UserError, match=r"clip: boxes such as .* are parts of the frame"):
        prepare_tracks("clip", {1: track(*rows)}, {}, SIZES, bad="skip")


def test_frames_beyond_the_last_box_are_not_invented_but_named():
    prepared = prepare_tracks("clip", {1: track(GOOD, NAN, GOOD), 2: track(GOOD)}, {}, SIZES)
    assert [np.isfinite(prepared.boxes[i]).all(axis=1).sum() for i in (1, 2)] == [3, 1]
    assert prepared.notes == (
        "3 frames of object 1, 5 frames of object 2 beyond the last box have no masks; run_annotate.py video ... "
        "--follow makes them, with a tracker",
    )
    absent = {1: np.arange(6) > 2}
    assert prepare_tracks("clip", {1: track(GOOD, NAN, GOOD)}, absent, SIZES).notes == (), "they are known to be empty"


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({1: 3}, "3 frames"),
        ({1: 1, 2: 1}, "1 frame"),
        ({1: 0, 2: 1}, "1 frame of object 2"),
        ({1: 0, 2: 1, 5: 7}, "1 frame of object 2, 7 frames of object 5"),
        ({i: i for i in range(20)}, ", ".join(["1 frame of object 1", *(f"{i} frames of object {i}" for i in
         range(2, 9))]) + " and of 11 more objects"),
    ],
)  # fmt: skip
def test_frames_of_each_object(counts, said):
    assert frames_of(counts) == said


def test_gaps_that_stay_open_are_named():
    prepared = prepare_tracks("clip", {1: track(GOOD, NAN, NAN, NAN, GOOD, GOOD)}, {}, SIZES, max_gap=3)
    assert prepared.notes == ("3 frames in gaps longer than --max-gap 3 left empty",) and prepared.empty == {1: 3}
    absent = {1: np.arange(6) == 2}
    assert prepare_tracks("clip", {1: track(GOOD, NAN, NAN, NAN, GOOD, GOOD)}, absent, SIZES, max_gap=3).notes == ()


def test_an_object_without_a_box_is_named():
    prepared = prepare_tracks("clip", {1: track(*[GOOD] * 6), 7: track()}, {}, SIZES, notes=["before"])
    assert list(prepared.boxes) == [1] and prepared.notes == ("before", "object 7 has no box, and gets no masks")


@pytest.mark.parametrize(
    ("tracks", "absent", "message"),
    [
        ({1: track()}, {}, "there is not one box"),
        ({1: track(GOOD)}, {1: np.ones(6, bool)}, "there is not one box"),
        ({}, {}, "there is not one box"),
        ({1: track([5, 5, 0, 9])}, {}, "not one usable box: frame 0: box"),
        ({1: track(GOOD)[:3]}, {}, "6 frames for 3 boxes"),
    ],
)
def test_nothing_to_do_is_refused(tracks, absent, message):
    with pytest.raises(UserError, match=message):
        prepare_tracks("clip", tracks, absent, SIZES, bad="skip")


def test_what_a_tracker_is_to_follow():
    boxes = {1: track(GOOD, NAN, NAN, NAN, GOOD, NAN), 2: track(NAN, GOOD)}
    absent = {2: np.arange(6) == 4}
    prepared = prepare_tracks("clip", boxes, absent, SIZES, max_gap=2, follow=True)
    assert np.flatnonzero(prepared.follows[1]).tolist() == [1, 2, 3, 5]
    assert np.flatnonzero(prepared.follows[2]).tolist() == [2, 3], "until it is said to be gone"
    assert prepared.notes == () and prepared.empty == {1: 0, 2: 3}
    assert prepare_tracks("clip", boxes, absent, SIZES, max_gap=2).follows == {}
