"""Which frame a name or a number means; what box files make of it is in test_box_tables."""

from __future__ import annotations

import pytest

from tracker_ext.video.frame_names import NoFrame, find_frames, stem_of

FROM_10 = [f"{number:08d}" for number in range(10, 18)]


@pytest.mark.parametrize(
    ("texts", "stems", "positions"),
    [
        pytest.param(["0", "00000017"], FROM_10, [0, 7], id="a number and a name"),
        pytest.param(["00000012.png", "17"], FROM_10, [2, 7], id="a name, and a number that is no position"),
        pytest.param(["00000007", "3"], None, [7, 3], id="a video"),
    ],
)
def test_names_beside_numbers(texts, stems, positions):
    assert find_frames(texts, 8, stems, may_mix=True).positions == positions


def test_which_of_them_is_none():
    with pytest.raises(NoFrame, match="frame 99 of 8 frames") as error:
        find_frames(["00000012", "99"], 8, FROM_10, may_mix=True)
    assert error.value.index == 1
    with pytest.raises(NoFrame, match="frame '1' is no picture"):
        find_frames(["00000012", "1"], 8, FROM_10)


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a/b/00012.jpg", "00012"), (r"C:\clip\00012.PNG", "00012"), ("take.2", "take.2"), ("a.b.jpeg", "a.b")],
)
def test_names_without_folder_and_suffix(name, stem):
    assert stem_of(name) == stem
