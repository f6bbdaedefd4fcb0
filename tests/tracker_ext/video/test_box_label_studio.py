"""Label Studio's json: percent, frames from 1, lifespans."""

from __future__ import annotations

import json

import pytest
from miniatures.box_exports import FOUR, key, read, region, rows, task

from ltr_ext.errors import UserError


@pytest.mark.parametrize(
    "content, expected",
    [
        pytest.param([task(region(*(key(i + 1, 10 * i) for i in range(4))))], FOUR, id="every frame; percent, from 1"),
        pytest.param([task(region(key(1, 0), key(4, 30)))], FOUR, id="moves evenly"),
        pytest.param(task(region(key(1, 0), key(4, 30))), FOUR, id="one task alone"),
        pytest.param(
            [task(region(key(1, 0), key(2, 10, enabled=False), key(4, 30)))], [FOUR[0], FOUR[1], "gone", FOUR[3]],
            id="a lifespan ends",
        ),
        pytest.param([task(region(key(2, 10)))], ["gone", FOUR[1], FOUR[1], FOUR[1]], id="lasts to the end"),
        pytest.param(
            [{"video": "c.mp4", "id": 3, "box": [region(key(1, 0), key(4, 30))["value"]]}], FOUR, id="JSON-MIN"
        ),
        pytest.param([task(region(key(1, 60, rotation=90)))], [[20, 20, 40, 30]] * 4, id="turned around its corner"),
        pytest.param(
            [{"data": {"video": "x"}, "annotations": [], "predictions": [{"result": [region(key(1, 0), key(4, 30))]}]}],
            FOUR, id="predictions where nothing else is",
        ),
        pytest.param(
            [{"data": {"video": "x"}, "annotations": [{"was_cancelled": True, "result": [region(key(1, 50))]},
                                                      {"result": [region(key(1, 0), key(4, 30))]}]}],
            FOUR, id="not what was cancelled",
        ),
        pytest.param(
            [task(region(key(1, 90)), video="other.mp4"), task(region(key(1, 0), key(4, 30)))], FOUR, id="by name"
        ),
        pytest.param([task(region(key(1, 0), key(4, 30), key(5, 40), count=5))], FOUR, id="a frame more"),
    ],
)  # fmt: skip
def test_label_studio_video(tmp_path, content, expected):
    path = tmp_path / "project-1.json"
    path.write_text(json.dumps(content))
    given = read(path)
    assert rows(given) == expected
    assert given.objects == {1: "car"}


def test_objects_of_one_label(tmp_path):
    (tmp_path / "a.json").write_text(
        json.dumps([task(region(key(1, 0)), region(key(1, 9)), region(key(1, 5), label="b"))])
    )
    assert read(tmp_path / "a.json").objects == {1: "car 1", 2: "car 2", 3: "b"}


def test_label_studio_pictures(tmp_path):
    tasks = [
        {"data": {"image": f"/data/upload/1/1a2b3c4d-f{i}.jpg"}, "annotations": [{"result": [
            {"type": "rectanglelabels", "value": {**key(1, 10 * i), "rectanglelabels": ["car"]}}
        ] if i < 3 else []}]}
        for i in (0, 2, 3)
    ]  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(tasks))
    assert rows(read(tmp_path / "a.json", stems=["f0", "f1", "f2", "f3"])) == [FOUR[0], None, FOUR[2], "gone"]


@pytest.mark.parametrize(
    "content, message",
    [
        ([task(region(key(0, 0)))], "car: frame 0 is no number from 1 on"),
        ([task(region(key(9, 0)))], "car: frame 9 of 4"),
        ([task(region(key(1, 0), count=90))], "car: counts 90 frames, the clip has 4; .*frameRate"),
        ([task(region(key(1, 0, y=None)))], "car frame 1: .* is not four numbers"),
        ([task(region(key(1, 0, width=-3)))], "has a negative side"),
        ([task(region(key(1, 0, rotation="a")))], "rotation 'a' is not a number"),
        (
            [task(region(key(1, 0)), video="a.mp4"), task(region(key(1, 0)), video="b.mp4")],
            "2 videos .a.mp4, b.mp4., 0 of",
        ),
        ([task()], "without rectangles"),
        ([{"data": {}, "annotations": []}], "without rectangles"),
    ],
)
def test_mistakes_in_label_studio(tmp_path, content, message):
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=message):
        read(tmp_path / "a.json")
