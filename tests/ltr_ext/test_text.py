"""Numbers and names in messages."""

from __future__ import annotations

import pytest

from ltr_ext.text import counted, duration, nearest, ranges, size, some, unknown


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 sequences"), (1, "1 sequence"), (2, "2 sequences"), (9340, "9,340 sequences")]
)
def test_counted(number, text):
    assert counted(number, "sequence") == text


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([3], "3"), ([3, 4], "3, 4"), ([3, 4, 5, 9], "3 to 5, 9"), ([1, 3, 5], "1, 3, ...")],
)
def test_ranges(numbers, text):
    assert ranges(numbers, most=2) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "0.5 s"), (119, "119.0 s"), (120, "2.0 min"), (7200, "2.0 h"), (3e5, "3.5 d")]
)
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(1500, "2 kB"), (2.2e6, "2.2 MB"), (3.1e9, "3.1 GB"), (5e12, "5.0 TB")])
def test_size(count, text):
    assert size(count) == text


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("got10k_trian", "got10k_train"),
        ("GOT10k-Train", "got10k_train"),
        ("got10ktrain", "got10k_train"),
        ("davis-dir", "davis_dir"),
        ("xyz", None),
        ("", None),
    ],
)
def test_the_nearest_name(name, meant):
    assert nearest(name, ["got10k_train", "davis_dir", "davis16_dir"]) == meant


def test_unknown_lists_the_known():
    assert unknown("lasto", ["demo", "lasot"]) == "unknown; did you mean lasot? known are demo, lasot"
    assert unknown("x", ["demo", "lasot"]) == "unknown; known are demo, lasot"


def test_names_in_messages():
    assert some(range(7), 3) == "0, 1, 2 and 4 more" and some(["a", "b"]) == "a, b"
