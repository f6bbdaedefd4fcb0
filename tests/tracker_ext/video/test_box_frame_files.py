"""A file for each frame: LabelMe, YOLO, VOC."""

from __future__ import annotations

import pytest
from miniatures.box_exports import LINE, SIZE, STEMS, labelme, read, rows, shape, voc, voc_object, yolo

from ltr_ext.errors import UserError


@pytest.mark.parametrize(
    "shapes, expected",
    [
        pytest.param([shape([[40, 60], [10, 20]])], [10, 20, 30, 40], id="rectangle, corners in any order"),
        pytest.param([shape([[10, 20], [40, 20], [40, 60], [10, 60]])], [10, 20, 30, 40], id="of four corners"),
        pytest.param([shape([[10, 20], [40, 30], [20, 60]], "polygon")], [10, 20, 30, 40], id="polygon"),
        pytest.param([shape([[25, 40], [25, 60]], "circle")], [5, 20, 40, 40], id="circle"),
        pytest.param([shape([[25, 20], [40, 40], [25, 60], [10, 40]], "rotation")], [10, 20, 30, 40], id="rotation"),
        pytest.param([shape([[10, 20], [39, 59]], "mask")], [10, 20, 30, 40], id="mask, last pixel included"),
        pytest.param(
            [shape([[10, 20], [20, 30]], group=1), shape([[30, 50], [40, 60]], group=1)], [10, 20, 30, 40],
            id="parts of a group",
        ),
        pytest.param([shape([[10, 20], [40, 60]]), shape([[1, 1]], "point")], [10, 20, 30, 40], id="no points"),
    ],
)  # fmt: skip
def test_shapes_of_labelme(tmp_path, shapes, expected):
    given = read(labelme(tmp_path / "a", {"f1": shapes, "f3": []}), stems=STEMS)
    assert rows(given) == [None, expected, None, "gone"]


def test_tracks_of_labelme(tmp_path):
    frames = {
        f"f{i}": [shape([[i, 0], [i + 9, 9]], group=12), shape([[i, 9], [i + 9, 19]], group=3, label="bus"),
                  shape([[50, 50], [60, 60]], label="tree")]
        for i in range(4)
    }  # fmt: skip
    given = read(labelme(tmp_path / "a", frames), stems=STEMS)
    assert given.objects == {1: "3", 2: "12", 3: "tree"}
    assert rows(given, 2) == [[i, 0, 9, 9] for i in range(4)]


@pytest.mark.parametrize(
    "frames, size, message",
    [
        ({"f1": [shape([[1, 2], [3, 4]]), shape([[5, 6], [7, 8]])]}, SIZE, "f1.json: has a second car, .*group_id"),
        ({"f1": [shape([[1, 2], [3, 4]])]}, (5, 5), "is for frames of 5x5"),
        ({"g1": [shape([[1, 2], [3, 4]])]}, SIZE, "g1.json is of no picture of the clip .f0, "),
        ({"f1": [shape([[1, 2], [3, "a"]])]}, SIZE, "shape 0: point .* is not .x, y."),
        ({"f1": [shape([[1, 2]])]}, SIZE, "rectangle has too few points"),
        ({"f1": [], "f2": []}, SIZE, "has no boxes of objects"),
    ],
)
def test_mistakes_in_labelme(tmp_path, frames, size, message):
    with pytest.raises(UserError, match=message):
        read(labelme(tmp_path / "a", frames, size), stems=STEMS)


@pytest.mark.parametrize(
    "line, own",
    [
        pytest.param(LINE, "0", id="class and centre"),
        pytest.param(f"{LINE} 0.93", "0", id="confidence"),
        pytest.param(f"{LINE} 17", "17", id="track id"),
        pytest.param(f"{LINE} 0.93 17", "17", id="confidence and track id"),
        pytest.param("0 0.05 0.2 0.2 0.2 0.05 0.6", "0", id="triangle"),
        pytest.param("0 0.05 0.2 0.2 0.2 0.2 0.6 0.05 0.6", "0", id="polygon"),
    ],
)
def test_yolo(tmp_path, line, own):
    folder = yolo(tmp_path / "labels", {"f0": f"{line}\n", "f2": f"{line}\n", "f3": ""})
    given = read(folder, stems=STEMS)
    assert rows(given) == [[10, 20, 30, 40], None, [10, 20, 30, 40], "gone"]
    assert given.objects == {1: own}


def test_classes_of_yolo_by_name(tmp_path):
    folder = yolo(tmp_path / "labels", {"f0": f"{LINE}\n1 0.5 0.5 0.1 0.1\n"})
    (folder / "classes.txt").write_text("car\nbus\n")
    assert read(folder, stems=STEMS).objects == {1: "bus", 2: "car"}


@pytest.mark.parametrize(
    "names, expected",
    [
        pytest.param(["frame_000000", "frame_000002"], [1, 0, 1, 0], id="CVAT counts from 0"),
        pytest.param(["frame_000002"], [0, 0, 1, 0], id="CVAT, not the first one"),
        pytest.param(["clip_1", "clip_4"], [1, 0, 0, 1], id="from 1, for the last is the number of frames"),
        pytest.param(["clip_0", "clip_3"], [1, 0, 0, 1], id="from 0"),
        pytest.param(["a_7", "a_8", "a_9", "a_10"], [1, 1, 1, 1], id="one for each frame"),
    ],
)
def test_frames_of_a_video_by_name(tmp_path, names, expected):
    given = read(yolo(tmp_path / "labels", dict.fromkeys(names, f"{LINE}\n")))
    assert [int(row is not None) for row in rows(given)] == expected


@pytest.mark.parametrize(
    "frames, stems, message",
    [
        ({"clip_2": LINE, "clip_3": LINE}, None, "whether their numbers count from 0 or from 1 cannot be told"),
        ({"f0": f"{LINE}\n{LINE}\n", "f1": ""}, STEMS, "f0.txt: has a second 0, .*a track id behind"),
        ({"f0": "0 0.1 0.2 0.3", "f1": LINE}, STEMS, "line 1: .* is not YOLO's class"),
        ({"f0": "0 0.1 0.2 0.3 x", "f1": LINE}, STEMS, "line 1: .* is not YOLO's class"),
        ({"f0": LINE, "f1": "0 10 20 30 40"}, STEMS, "is not in parts of the frame"),
        ({"f0": LINE, "f1": "0 0.1 0.1 -0.1 0.1"}, STEMS, "has a negative side"),
    ],
)
def test_mistakes_in_yolo(tmp_path, frames, stems, message):
    with pytest.raises(UserError, match=message):
        read(yolo(tmp_path / "labels", frames), stems=stems)


@pytest.mark.parametrize(
    "track_id, own",
    [
        ("", "n02"),
        ("<trackid>3</trackid>", "n02 3"),
        ("<attributes><attribute><name>track_id</name><value>5</value></attribute></attributes>", "n02 5"),
    ],
)
def test_voc(tmp_path, track_id, own):
    folder = voc(tmp_path / "a", {"f0": voc_object(track_id), "f1": "", "f3": voc_object(track_id, 20)})
    given = read(folder, stems=STEMS)
    assert rows(given) == [[10, 20, 30, 40], "gone", None, [20, 20, 30, 40]]
    assert given.objects == {1: own}


@pytest.mark.parametrize(
    "frames, size, message",
    [
        ({"f0": voc_object() * 2, "f1": ""}, SIZE, "f0.xml: has a second n02, .*trackid"),
        ({"f0": voc_object(), "f1": ""}, (9, 9), "is for frames of 9x9"),
        ({"f0": "<object><name>a</name></object>", "f1": ""}, SIZE, "object 0: has no bndbox"),
        ({"f0": voc_object().replace("20<", "a<"), "f1": ""}, SIZE, "object 0: .* is not four numbers"),
    ],
)
def test_mistakes_in_voc(tmp_path, frames, size, message):
    with pytest.raises(UserError, match=message):
        read(voc(tmp_path / "a", frames, size), stems=STEMS)
