"""Tables of boxes without a header: MOTChallenge and KITTI, told by their content."""

from __future__ import annotations

import numpy as np
import pytest

from ltr_ext.errors import UserError
from tracker_ext.video.box_files import GivenBoxes, read_given_boxes


def read(tmp_path, text: str, num_frames: int = 3, stems: list[str] | None = None) -> GivenBoxes:
    path = tmp_path / "boxes.txt"
    path.write_text(text)
    return read_given_boxes(path, num_frames, stems)


def boxed(given: GivenBoxes, object_id: int = 1) -> list[int]:
    return np.flatnonzero(np.isfinite(given.boxes[object_id][:, 0])).tolist()


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("", id="six numbers"),
        pytest.param(",1", id="confidence"),
        pytest.param(",1,1", id="class, eight numbers, which are no polygon"),
        pytest.param(",0.4,3", id="eight numbers of a tracker"),
        pytest.param(",-1,-1,-1,-1", id="a tracker's result"),
        pytest.param(",1,7,0.5", id="visibility"),
        pytest.param(",1,person,0.5", id="class by name"),
        pytest.param(",0.9,-1,-1,-1,", id="a comma at the end"),
    ],
)
@pytest.mark.parametrize("blanks", [False, True])
def test_mot(tmp_path, end, blanks):
    text = f"3,9,12,22,8,9{end}\n1,9,11,21,8,9{end}\n\n1,4,1,1,5,6{end}\n"
    given = read(tmp_path, text.rstrip(",").replace(",", " ") if blanks else text)
    assert given.objects == {1: "4", 2: "9"}
    assert given.boxes[2][[0, 2]].tolist() == [[10, 20, 8, 9], [11, 21, 8, 9]], "frames and pixels count from 1"
    assert boxed(given, 1) == [0] and boxed(given, 2) == [0, 2]
    assert given.names_frames
    assert not any(flags.any() for flags in given.absent.values())
    assert given.notes == ()


def test_integer_polygons_are_no_mot(tmp_path):
    given = read(tmp_path, "48,108,233,108,233,218,48,218\n0\n1,2,4,2,4,6,1,6\n")
    assert given.boxes[1][0].tolist() == [48, 108, 185, 110]
    assert given.absent[1].tolist() == [False, True, False]


def test_confidence_0_is_not_used_and_visibility_0_is(tmp_path):
    given = read(tmp_path, "1,1,11,21,8,9,1,1,0\n2,1,11,21,8,9,0,1,1\n3,1,11,21,8,9,1,1,0.0\n")
    assert boxed(given) == [0, 2]
    assert given.notes == (
        "1 box of confidence 0 left out, as MOT's rules say",
        "2 boxes of visibility 0 used (CVAT writes 0 for occluded)",
    )


def test_zeros_and_minus_ones_say_absent_before_pixels_are_shifted(tmp_path):
    given = read(tmp_path, "1,1,0,0,0,0,1\n2,1,-1,-1,-1,-1,1\n3,1,1,1,5,5,1\n")
    assert given.absent[1].tolist() == [True, True, False]
    assert given.boxes[1][2].tolist() == [0, 0, 5, 5]


def test_detections_without_ids_are_one_object_while_there_is_one_a_frame(tmp_path):
    assert read(tmp_path, "1,-1,1,1,5,5,0.9\n2,-1,2,2,5,5,0.9\n").objects == {1: "-1"}
    with pytest.raises(UserError, match=r"line 2: a second box of object -1 in frame 1; .* rows without track ids"):
        read(tmp_path, "1,-1,1,1,5,5,0.9\n1,-1,2,2,5,5,0.9\n")


FROM_5 = [f"{number:06d}" for number in range(5, 15)]


@pytest.mark.parametrize(
    ("frames", "stems", "expected"),
    [
        pytest.param([1, 3], ["0", "1", "2", "3"], [0, 2], id="positions from 1, whatever the pictures are called"),
        pytest.param([1, 3], ["000001", "000002", "000003"], [0, 2], id="position and number are the same"),
        pytest.param([5, 14], FROM_5, [0, 9], id="numbers of the pictures, which can be nothing else"),
        pytest.param(["000005", "000007"], FROM_5, [0, 2], id="names"),
        pytest.param([0, 3], ["a0", "a1", "a2", "a3"], [0, 3], id="frame 0 is the number of a picture"),
        pytest.param([1, 2], FROM_5, [0, 1], id="no picture has these numbers"),
    ],
)
def test_frames(tmp_path, frames, stems, expected):
    given = read(tmp_path, "".join(f"{frame},1,2,2,5,5,1\n" for frame in frames), len(stems), stems)
    assert boxed(given) == expected


@pytest.mark.parametrize(
    ("text", "stems", "message"),
    [
        pytest.param("5,1,2,2,5,5\n6,1,2,2,5,5\n", FROM_5,
                     r"line 1: frame 5 may be picture 000005, by the number in its name, or 000009, by its position",
                     id="numbers or positions"),
        pytest.param("0,1,2,2,5,5\n", None, "frame 0 of 3 frames; .*add 1 to each, or begin the file with frame,object",
                     id="from 0"),
        pytest.param("4,1,2,2,5,5\n", None, "frame 4 of 3 frames", id="beyond the clip"),
        pytest.param("9,8,2,2,5,5\n8,8,2,2,5,5\n7,8,2,2,5,5\n", None, "frame 9 of 3 .* keep x,y,w,h alone", id="lines"),
        pytest.param("inf,1,2,2,5,5\n", None, "frame 'inf' is not a whole number", id="frame inf"),
        pytest.param("1.7,1,2,2,5,5\n", None, "frame '1.7' is not a whole number", id="frame 1.7"),
        pytest.param("1,1.2,2,2,5,5\n", None, "object '1.2' is not a whole number", id="object 1.2"),
        pytest.param("1e300,1,2,2,5,5\n", None, "frame '1e300' is not a whole number", id="frame 1e300"),
        pytest.param("1,1,2,2,inf,5\n", None, "not finite", id="infinite"),
        pytest.param("1,1,2,2,5,5,1\n1,1,2,2,5,5,1\n", None, "line 2: a second box of object 1 in frame 1", id="twice"),
        pytest.param("1,1,2,2,5,5,1\n2,1,2,2\n", None, "line 2: '2,1,2,2' is not frame,id,x,y,w,h", id="short line"),
        pytest.param("1,1,2,2,5,5,high\n", None, "confidence 'high' is not a number", id="confidence by word"),
        pytest.param("1,1,2,2,5,5,0\n2,1,2,2,5,5,0\n", None, "confidence 0 in all of 2 lines", id="nothing to use"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path, text, stems, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, text, len(stems or "123"), stems)


KITTI = "{frame} {id} {kind} 0 0 -1.57 {left} {top} {right} {bottom} 1.5 1.6 4.0 -2.0 1.5 20.0 -1.6\n"


def kitti(frame: int, own: int, kind: str = "Car", box: tuple[float, ...] = (10.5, 20, 30.5, 50)) -> str:
    left, top, right, bottom = box
    return KITTI.format(frame=frame, id=own, kind=kind, left=left, top=top, right=right, bottom=bottom)


def test_kitti(tmp_path):
    text = kitti(0, -1, "DontCare") + kitti(0, -1, "DontCare") + kitti(0, 0) + kitti(2, 3, "Pedestrian") + kitti(2, 0)
    given = read(tmp_path, text)
    assert given.objects == {1: "0", 2: "3"}
    assert boxed(given, 1) == [0, 2] and boxed(given, 2) == [2], "frames count from 0"
    assert given.boxes[1][0].tolist() == [10.5, 20, 20, 30]
    assert given.names_frames


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(kitti(0, -1, "DontCare"), "only DontCare", id="nothing"),
        pytest.param(kitti(3, 1), "frame 3 of 3 frames", id="beyond the clip"),
        pytest.param(kitti(0, 1) + "1 1 Car\n", "line 2: .* is not KITTI's", id="short line"),
        pytest.param(kitti(0, 1) * 2, "line 2: a second box", id="twice"),
    ],
)
def test_kitti_mistakes(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, text)
