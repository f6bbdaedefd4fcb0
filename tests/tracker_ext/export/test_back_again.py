"""What `run_export.py` writes, the door of boxes reads: the boxes of the masks come back."""

from __future__ import annotations

import numpy as np
import pytest
from miniatures.mask_results import SIZE, davis_result, drawn_labels

from ltr_ext.data.boxes import mask_to_box
from tracker_ext.video.box_files import read_given_boxes

LABELS = drawn_labels()
STEMS = [f"{index:05d}" for index in range(4)]


@pytest.mark.parametrize(
    "name, words, file",
    [
        ("coco", [], "coco/annotations/instances_default.json"),
        ("coco", [], "coco"),
        ("cvat", [], "cvat/walk.xml"),
        ("cvat", ["--polygons"], "cvat/walk.xml"),
        ("label-studio", [], "label-studio/video.json"),
        ("labelme", [], "labelme/walk"),
        ("yolo-seg", ["--label", "1=a", "--label", "3=b"], "yolo-seg/labels/walk"),
    ],
)
def test_boxes_come_back(tmp_path, run, name, words, file):
    out = run(davis_result(tmp_path / "result"), name, *words)
    given = read_given_boxes(out / file, 4, STEMS, sizes=lambda: [SIZE] * 4, name="walk")
    assert sorted(given.boxes) == [1, 2]
    for object_id, number in ((1, 1), (3, 2)):
        for index, labels in enumerate(LABELS):
            box = mask_to_box(labels == object_id)
            found = given.boxes[number][index]
            if box is None:
                assert np.isnan(found).all()
            else:
                np.testing.assert_allclose(found, box, atol=0.02)
