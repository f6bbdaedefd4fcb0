"""`run_evaluation.py compare` on a miniature, with trackers of the tests."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import UserError
from tracker_ext.commands import compare, evaluate
from tracker_ext.evaluation.sequences import find_sequences
from tracker_ext.systems import command, first_masks, measuring
from tracker_ext.systems.records import read_record, record_file


class Still:
    """Says that the objects stay where they were."""

    multiobj_mode = "default"
    fails_on: tuple[int, ...] = ()
    runs = 0

    def __init__(self, params):
        self.params = params

    def initialize(self, image, info):
        Still.runs += 1
        if image.shape[0] in self.fails_on:
            raise UserError("this clip is not for me")
        ids = info.get("init_object_ids")
        self.labels = np.where(np.isin(info["init_mask"], [*map(int, ids or [1])]), info["init_mask"], np.uint8(0))
        self.boxes = info["init_bbox"]
        return {"target_bbox": self.boxes, "segmentation": self.labels.copy()}

    def track(self, image, info=None):
        for object_id in (info or {}).get("init_object_ids", []):
            self.labels[info["init_mask"] == int(object_id)] = int(object_id)
            self.boxes[object_id] = info["init_bbox"][object_id]
        return {"target_bbox": dict(self.boxes) if isinstance(self.boxes, dict) else self.boxes,
                "segmentation": self.labels.copy()}  # fmt: skip


class FromBoxes(Still):
    """Knows boxes alone."""

    starts_from = "box"


@pytest.fixture
def trackers(monkeypatch, tmp_path):
    """Two parameter modules `still one`, `still two`, and one without weights; measuring in this process."""
    import sys
    from types import ModuleType

    import pytracking.parameter
    from pytracking.utils import TrackerParams

    from tracker_ext import registration

    folder = tmp_path / "parameters"
    (folder / "still").mkdir(parents=True)
    (folder / "still" / "__init__.py").touch()

    def module(name, kind, make):
        (folder / "still" / f"{name}.py").touch()
        one = ModuleType(f"pytracking.parameter.still.{name}")
        one.TRACKER_CLASS, one.parameters = kind, make
        monkeypatch.setitem(sys.modules, one.__name__, one)

    def missing():
        raise UserError("weights nowhere.pth do not exist")

    monkeypatch.setattr(pytracking.parameter, "__path__", [*pytracking.parameter.__path__, str(folder)])
    module("one", Still, TrackerParams)
    module("two", FromBoxes, TrackerParams)
    module("three", Still, missing)
    names = tuple(f"pytracking.parameter.still.{name}" for name in ("one", "two", "three"))
    registered = registration.Registered(names, ())
    monkeypatch.setattr(registration, "_registered", registered)
    monkeypatch.setattr(command, "measure_apart", measuring.measure)
    monkeypatch.setattr(Still, "runs", 0)
    monkeypatch.setattr(Still, "fails_on", ())
    return Still


@pytest.fixture
def first_box_masks(monkeypatch):
    """Boxes instead of what box2mask makes of them."""
    from tracker_ext.evaluation.baselines import box_mask

    def filled(image, boxes, net, config):
        return {number: box_mask(box, *image.shape[:2]) for number, box in boxes.items()}

    monkeypatch.setattr(first_masks, "boxes_to_masks", filled)
    monkeypatch.setattr(first_masks, "load_box2mask", lambda: None)


def run(root: Path, out: Path, *options: str) -> dict:
    assert evaluate.main(["compare", str(root), "--out", str(out), *options]) == 0
    return json.loads((out / "report" / "systems.json").read_text())


def test_trackers_and_reference_points_in_one_table(davis_root, tmp_path, trackers, tiny_weights, monkeypatch, capsys):
    monkeypatch.setattr("tracker_ext.segmentation.config.DEFAULT_WEIGHTS", str(tiny_weights))
    found = run(davis_root, tmp_path / "out", "--start", "mask")
    rows = {row["name"]: row for row in found["systems"]}
    assert set(rows) == {
        "still one", "still two", "box oracle", "GrabCut", "box2mask, single images", "copy of the nearest annotation"
    }  # fmt: skip
    assert {name: row["given"] for name, row in rows.items() if name.startswith("still")} == {
        "still one": "first mask", "still two": "first box"
    }  # fmt: skip
    assert rows["still one"]["j"] == rows["copy of the nearest annotation"]["j"], "both copy the first mask"
    assert rows["box oracle"]["j"] == 1, "the objects are squares"
    assert rows["still one"]["decay"] > 0.2 and rows["still one"]["memory"] > 0
    assert any("still three: left out, weights nowhere.pth do not exist" in note for note in found["notes"])
    assert {path.name for path in (tmp_path / "out" / "report").iterdir()} >= {
        "systems.md", "systems.csv", "sequences.md", "quality_time.png", "quality_time.svg"
    }  # fmt: skip
    assert "| still one " in capsys.readouterr().out


def test_results_are_not_made_again(davis_root, tmp_path, trackers, first_box_masks):
    options = "--no-references", "--trackers", "still:one"
    first = run(davis_root, tmp_path / "out", *options)
    assert trackers.runs == 2
    again = run(davis_root, tmp_path / "out", *options, "still:two")
    assert trackers.runs == 4, "the second tracker alone"
    assert next(row for row in again["systems"] if row["name"] == "still one")["j"] == first["systems"][0]["j"]
    record_file(tmp_path / "out", "still", "one", "several").unlink()
    assert run(davis_root, tmp_path / "out", *options)["systems"][0]["sequences"] == 2, "scored anew from the masks"
    assert trackers.runs == 4


def test_from_boxes_nobody_sees_a_true_mask(davis_root, tmp_path, trackers, first_box_masks):
    """One pixel less in the true first mask changes nothing."""
    run(davis_root, tmp_path / "out", "--no-references", "--trackers", "still:one")
    (sequence,) = [one for one in find_sequences(str(davis_root)) if one.name == "several"]
    assert set(sequence.init_data) == {0, 2}
    masks = [read_mask(tmp_path / "out" / "first_masks" / "several" / f"{frame:05d}.png") for frame in (0, 2)]
    assert [sorted(set(np.unique(mask)) - {0}) for mask in masks] == [[1, 2], [3]], "those that enter there"
    record = read_record(record_file(tmp_path / "out", "still", "one", "several"))
    assert record.given == "first box" and len(record.values) == 4 + 4 + 2


def test_a_failure_is_one_line_and_the_rest_goes_on(davis_root, tmp_path, trackers, monkeypatch):
    import cv2

    for folder in ("JPEGImages", "Annotations"):
        for path in (davis_root / folder / "480p" / "one").iterdir():
            picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            cv2.imwrite(str(path), picture[:36])
    monkeypatch.setattr(Still, "fails_on", (36,))
    found = run(davis_root, tmp_path / "out", "--start", "mask", "--no-references", "--trackers", "still:one")
    assert found["systems"][0]["sequences"] == 1
    assert "still one: failed on one: this clip is not for me" in found["notes"]
    assert "still one: 1 sequence of 2" in found["notes"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--trackers", "still"], "write NAME:PARAMETER", id="no parameter"),
        pytest.param(["--trackers", "still:on"], "did you mean one", id="unknown parameter"),
        pytest.param(["--trackers", "stil:one"], "did you mean still", id="unknown tracker"),
        pytest.param(["--trackers", "still:three"], "still three: weights nowhere.pth do not exist", id="no weights"),
        pytest.param(["--sequences", "on"], "did you mean one", id="unknown sequence"),
        pytest.param(["--grabcut-frames", "0"], "must be at least 1", id="no frames"),
        pytest.param(["--start", "points"], "invalid choice: 'points'", id="unknown start"),
    ],
)
def test_mistakes(davis_root, tmp_path, trackers, first_box_masks, options, message):
    with pytest.raises(UserError, match=message):
        evaluate.main(["compare", str(davis_root), "--out", str(tmp_path / "out"), *options])


def test_a_folder_is_of_one_comparison(davis_root, tmp_path, trackers, first_box_masks):
    options = "--no-references", "--trackers", "still:one"
    run(davis_root, tmp_path / "out", *options)
    with pytest.raises(UserError, match="holds another comparison"):
        run(davis_root, tmp_path / "out", *options, "--start", "mask")
    with pytest.raises(UserError, match="no such folder"):
        evaluate.main(["compare", str(tmp_path / "nowhere")])
    with pytest.raises(UserError, match="is a file; name a folder"):
        evaluate.main(["compare", str(davis_root), "--out", str(Path(__file__))])


def test_a_process_that_dies_is_said(tmp_path, monkeypatch):
    job = measuring.Job(
        tracker="still", parameter="one", dataset="x", sequences=(), start="box", out=tmp_path, grabcut_frames=1
    )
    monkeypatch.setattr(measuring, "measure", _die)
    assert "its process died" in measuring.measure_apart(job).unavailable


def _die(job, host_name):
    import os

    os._exit(9)


def test_help_has_examples():
    assert "examples:" in compare.parser().format_help()
