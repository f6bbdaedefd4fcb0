"""The table of systems from made-up records."""

from __future__ import annotations

import math

import pytest

from tracker_ext.evaluation.davis_attributes import ATTRIBUTES, NAMES
from tracker_ext.evaluation.protocols import Protocol
from tracker_ext.evaluation.scoring import MaskValue
from tracker_ext.systems.quality_plot import draw_quality
from tracker_ext.systems.records import Record
from tracker_ext.systems.summary import (
    as_json,
    attribute_grid,
    base_of,
    explain,
    sequence_grid,
    summarise,
    summary_grid,
)


def one(j: float, *, given: str = "first box", seconds: float = 0.1, memory: float = 50.0, gpu: float = 0.0, objects=1):
    values = [MaskValue(i, frame, j, j) for i in range(1, objects + 1) for frame in range(4)]
    return Record(stamp="", given=given, values=values, seconds=seconds, memory=memory, gpu_memory=gpu)


SYSTEMS = {
    "oracle": {"a": one(0.9, given="all boxes", seconds=0), "b": one(0.9, given="all boxes", seconds=0)},
    "good": {"a": one(0.8), "b": one(0.6, memory=70)},
    "other": {"a": one(0.5), "b": one(0.6), "c": one(0.9)},
    "none": {},
}


def test_rows_are_ranked_and_compared_with_the_best_that_is_told_as_little():
    rows = {row.name: row for row in summarise(SYSTEMS, Protocol())}
    assert list(rows) == ["oracle", "good", "other"], "best first, one without records left out"
    assert base_of(list(rows.values())) == "good"
    assert math.isnan(rows["good"].behind)
    assert rows["other"].behind == pytest.approx(-0.15), "on the two that both have"
    assert rows["oracle"].behind == pytest.approx(0.2)
    assert (rows["good"].best_on, rows["other"].best_on, rows["oracle"].best_on) == (2, 2, 0), "a tie counts for both"
    assert rows["good"].memory == 70 and rows["good"].fps == pytest.approx(10)
    assert math.isnan(rows["oracle"].fps)


def test_the_base_can_be_named():
    rows = summarise(SYSTEMS, Protocol(), "other")
    assert base_of(rows) == "other"
    assert {row.name: row.behind for row in rows}["good"] == pytest.approx(0.15)
    assert base_of(summarise(SYSTEMS, Protocol(), "none")) == "good", "one without records is no base"


def test_means_follow_the_data_sets_rules():
    systems = {"x": {"a": one(0.2, objects=3), "b": one(1.0)}}
    assert summarise(systems, Protocol())[0].j == pytest.approx(0.6)
    assert summarise(systems, Protocol(masks="davis"))[0].j == pytest.approx((3 * 0.2 + 1) / 4)


def test_the_table_has_columns_for_what_there_is():
    rows = summarise(SYSTEMS, Protocol())
    text = summary_grid(rows, explain(rows, Protocol(), 7)).markdown()
    assert "GPU MB" not in text and "95 % interval" in text and "GrabCut on at most 7 frames" in text
    assert "difference: of J&F, to good" in text
    alone = summarise({"x": {"a": one(0.5, gpu=300)}}, Protocol())
    text = summary_grid(alone, explain(alone, Protocol(), 7)).markdown()
    assert "GPU MB" in text and "difference" not in text


def test_rows_of_sequences_have_a_dash_where_a_system_has_none():
    lines = sequence_grid(SYSTEMS, ["good", "other"]).rows
    assert lines == [["a", "0.800", "0.500"], ["b", "0.600", "0.600"], ["c", "-", "0.900"]]


def test_attributes_of_davis_2016():
    """goat, camel, bear are deformed, car-roundabout and blackswan are not; camel and goat shake."""
    j = {"goat": 0.8, "camel": 0.6, "bear": 0.4, "car-roundabout": 0.9, "blackswan": 0.7, "mine": 0.1}
    systems = {"x": {name: one(value) for name, value in j.items()}, "y": {"goat": one(0.5)}}
    rows = {row[0]: row[1:] for row in attribute_grid(systems, ["x", "y"]).rows}
    assert rows["DEF, deformation"] == ["3", "0.600 (-0.200)", "0.500"]
    assert rows["CS, camera shake"] == ["2", "0.700 (+0.033)", "0.500"]
    assert rows["BC, background clutter"] == ["2", "0.850 (+0.283)", "0.500"]
    assert "FM, fast motion" not in rows
    assert attribute_grid({"x": {"goat": one(0.8), "mine": one(0.5)}}, ["x"]) is None


def test_every_video_of_davis_2016_has_its_attributes():
    assert len(ATTRIBUTES) == 50
    assert set().union(*ATTRIBUTES.values()) == set(NAMES)
    assert ATTRIBUTES["bear"] == {"DEF"} and ATTRIBUTES["blackswan"] == set()


def test_json_has_null_for_nan():
    rows = as_json(summarise(SYSTEMS, Protocol()))
    assert rows[0]["fps"] is None and rows[0]["name"] == "oracle"
    assert rows[2]["interval"]["low"] <= -0.15 <= rows[2]["interval"]["high"]


def test_the_plot_is_written_and_is_the_same_every_time(tmp_path):
    rows = summarise(SYSTEMS, Protocol())
    contents = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert draw_quality(tmp_path / name, rows) == ["quality_time.png", "quality_time.svg"]
        contents.append((tmp_path / name / "quality_time.svg").read_bytes())
    assert contents[0] == contents[1]
    assert draw_quality(tmp_path, [row for row in rows if row.name == "oracle"]) == []
