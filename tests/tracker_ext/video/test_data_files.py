"""Pictures that are numbered with a gap."""

from __future__ import annotations

from pathlib import Path

import pytest

from ltr_ext.errors import UserError
from tracker_ext.video.data_files import refuse_gap


def pictures(*numbers: int, pattern: str = "{:05d}.jpg") -> list[Path]:
    return [Path(pattern.format(number)) for number in numbers]


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param(pictures(*range(20)), id="from 0"),
        pytest.param(pictures(*range(7, 30)), id="from 7"),
        pytest.param(pictures(*range(0, 100, 5)), id="every fifth"),
        pytest.param(pictures(0, 1, 4, 9, 16, 25, 36), id="irregular"),
        pytest.param([Path(f"{letter}.jpg") for letter in "abdef"], id="letters"),
        pytest.param(pictures(3, 5), id="two are too few"),
        pytest.param([], id="none"),
    ],
)
def test_pass(paths):
    refuse_gap(paths, "s")


@pytest.mark.parametrize(
    ("paths", "named"),
    [
        pytest.param(pictures(0, 1, 2, 4, 5), "between 00002.jpg and 00004.jpg", id="one"),
        pytest.param(pictures(*range(0, 50, 5), 55, 60), "between 00045.jpg and 00055.jpg", id="every fifth"),
        pytest.param(pictures(1, 2, 3, 5, pattern="img{}.png"), "between img3.png and img5.png", id="with a prefix"),
    ],
)
def test_gap(paths, named):
    with pytest.raises(UserError, match=named):
        refuse_gap(paths, "s")
