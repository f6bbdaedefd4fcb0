"""Label Studio: brush masks bit by bit, and rectangles over time."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest
from miniatures.mask_results import SIZE, davis_result, drawn_labels

from tracker_ext.export.formats.label_studio import brush_rle

LABELS = drawn_labels()


def unpacked(data: bytes) -> np.ndarray:
    """[N] uint8: the reading of the form as Label Studio documents it, bit by bit."""
    bits = "".join(f"{byte:08b}" for byte in data)
    place = 0

    def read(size: int) -> int:
        nonlocal place
        place += size
        return int(bits[place - size : place], 2)

    out = np.zeros(read(32), np.uint8)
    word, sizes = read(5) + 1, [read(4) + 1 for _ in range(4)]
    at = 0
    while at < out.size:
        same = read(1)
        length = read(sizes[read(2)]) + 1
        for step in range(1 if same else length):
            out[at + step : at + (length if same else step + 1)] = read(word)
        at += length
    assert at == out.size and len(bits) - place < 8
    return out


@pytest.mark.parametrize(
    "mask",
    [
        *(labels == 1 for labels in LABELS),
        np.random.default_rng(0).random((9, 7)) < 0.5,
        np.arange(300 * 300).reshape(300, 300) > 70_000,
    ],
)
def test_brush_masks_hold_every_pixel(mask):
    found = unpacked(brush_rle(mask)).reshape(*mask.shape, 4)
    np.testing.assert_array_equal(found, np.repeat(mask[..., None] * np.uint8(255), 4, axis=2))


def test_tasks_of_frames(tmp_path, run):
    out = run(davis_result(tmp_path / "result"), "label-studio", "--label", "3=dog") / "label-studio"
    tasks = json.loads((out / "brush.json").read_text())
    assert [len(task["annotations"][0]["result"]) for task in tasks] == [2, 1, 0, 2]
    for index, (task, labels) in enumerate(zip(tasks, LABELS, strict=True)):
        assert task["data"] == {"image": f"/data/local-files/?d=images/walk/0000{index}.jpg"}
        assert (out / f"images/walk/0000{index}.jpg").is_file()
        for result in task["annotations"][0]["result"]:
            assert (result["original_width"], result["original_height"]) == SIZE[::-1]
            object_id = int(result["id"].removeprefix("object_"))
            assert result["value"]["brushlabels"] == [{1: "object", 3: "dog"}[object_id]]
            mask = unpacked(bytes(result["value"]["rle"])).reshape(*SIZE, 4)[..., 3] > 0
            np.testing.assert_array_equal(mask, labels == object_id)
    interface = ElementTree.parse(out / "brush.xml").getroot()
    assert {one.get("value") for one in interface.iter("Label")} == {"object", "dog"}
    tags = {one.get("name"): one.tag for one in interface}
    assert tags == {"image": "Image", "brush": "BrushLabels"}


def test_addresses_are_quoted(tmp_path, run):
    out = run(davis_result(tmp_path / "result", "a%2Fb c"), "label-studio")
    task = json.loads((out / "label-studio/brush.json").read_text())[0]
    assert task["data"]["image"] == "/data/local-files/?d=images/a%252Fb%20c/00000.jpg"


def test_rectangles_over_time(tmp_path, run):
    out = run(davis_result(tmp_path / "result"), "label-studio") / "label-studio"
    (task,) = json.loads((out / "video.json").read_text())
    first, second = (result["value"] for result in task["annotations"][0]["result"])
    assert [(one["frame"], one["enabled"]) for one in first["sequence"]] == [(1, False), (4, True)]
    assert [(one["frame"], one["enabled"]) for one in second["sequence"]] == [(1, True), (2, False), (4, True)]
    one = second["sequence"][1]
    assert (one["x"], one["y"], one["width"], one["height"]) == (62.5, 12.5, 31.25, 70.0)
    assert first["framesCount"] == 4
