"""`run.json`: with what each sequence was tracked."""

from __future__ import annotations

import pytest

from tracker_ext.evaluation.run_record import RECORD_FILE, differences, note_run, read_runs

FP32 = {"weights": {"a.safetensors": "0123456789ab"}, "device": "cpu", "precision": "fp32"}
BF16 = {**FP32, "precision": "bf16"}


def test_every_sequence_is_in_the_run_that_tracked_it_last(tmp_path):
    note_run(tmp_path, FP32, ["b", "a"])
    note_run(tmp_path, BF16, ["c", "a"])
    note_run(tmp_path, FP32, ["d"])
    assert read_runs(tmp_path) == [{**FP32, "sequences": ["b", "d"]}, {**BF16, "sequences": ["a", "c"]}]


def test_nothing_tracked_nothing_written(tmp_path):
    note_run(tmp_path, FP32, [])
    assert list(tmp_path.iterdir()) == [] and read_runs(tmp_path) == []


def test_differences_are_those_of_the_sequences_in_question(tmp_path):
    note_run(tmp_path, FP32, ["a", "b"])
    note_run(tmp_path, {**BF16, "weights": {"a.safetensors": "fedcba987654"}}, ["c"])
    assert differences(tmp_path, ["a", "b", "c"], BF16, "precision") == ["2 sequences with precision fp32"]
    assert differences(tmp_path, ["a", "c"], FP32, "weights") == ["1 sequence with weights a.safetensors fedcba987654"]
    assert differences(tmp_path, ["a", "d"], FP32, "precision") == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"runs": 3}', '{"runs": [1]}', '{"runs": [{}]}'])
def test_a_damaged_record_knows_nothing_and_is_replaced(tmp_path, text):
    (tmp_path / RECORD_FILE).write_text(text, encoding="utf-8")
    assert read_runs(tmp_path) == []
    note_run(tmp_path, FP32, ["a"])
    assert read_runs(tmp_path) == [{**FP32, "sequences": ["a"]}]
