"""What is stored of a system on a sequence, and what is made of it."""

from __future__ import annotations

import math
import resource

import pytest

from tracker_ext.evaluation.metrics import decay
from tracker_ext.evaluation.scoring import MaskValue
from tracker_ext.systems.records import Record, peak_memory, read_record, record_file, write_record


def record(values, **changes):
    plain = {"stamp": "a", "given": "first box", "seconds": 0.5, "memory": 100.0, "gpu_memory": 0.0}
    return Record(values=values, **{**plain, **changes})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([], math.nan, id="no frames"),
        pytest.param([0.5], 0.0, id="one frame is first and last"),
        pytest.param([1, 1, 1, 1, 0, 0, 0, 0], 1.0, id="lost half way"),
        pytest.param([0.2] * 10, 0.0, id="steady"),
        pytest.param([0, 0, 0, 0, 1, 1, 1, 1, 1], -1.0, id="found late"),
        # Quarters of 6 frames begin at 0, 1.25 -> 1, 2.5 -> 3 (up), 3.75 -> 4 and share their border frames.
        pytest.param([1, 0.5, 0, 0, 0.3, 0.1], 0.75 - 0.2, id="borders are shared, as in the benchmark"),
    ],
)
def test_decay(values, expected):
    assert decay(values) == pytest.approx(expected, nan_ok=True)


def test_means_are_over_frames_then_objects():
    values = [MaskValue(1, 0, 1.0, 0.0), MaskValue(1, 1, 0.5, 0.5), MaskValue(2, 1, 0.25, 1.0)]
    found = record(values)
    score = found.score("clip", "ours")
    assert (score.j, score.f) == pytest.approx(((0.75 + 0.25) / 2, (0.25 + 1) / 2))
    assert (score.sequence, score.method, score.frames, score.objects, score.fps) == ("clip", "ours", 2, 2, 2.0)
    assert found.decay() == pytest.approx((1.0 - 0.5 + 0) / 2)


def test_nothing_measured():
    empty = record([], seconds=0.0)
    assert all(math.isnan(value) for value in (empty.score("a", "b").j, empty.score("a", "b").fps, empty.decay()))


def test_a_record_comes_back_as_it_was(tmp_path):
    path = record_file(tmp_path, "lwl", "default", "clip")
    written = record([MaskValue(1, 3, 0.1 + 0.2, math.nan)])
    write_record(path, written)
    again = read_record(path, "a")
    assert again.values[0][:3] == written.values[0][:3] and math.isnan(again.values[0].f)
    assert read_record(path, "b") is None, "measured of something else"
    assert read_record(path) is not None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stamp": "a"}', '{"values": 3}'])
def test_a_damaged_record_is_none(tmp_path, text):
    (tmp_path / "one.json").write_text(text)
    assert read_record(tmp_path / "one.json") is None


def test_peak_memory_is_of_this_process():
    """Never more than what the system counts, which may include the parent's."""
    assert 10 < peak_memory() <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 + 1
