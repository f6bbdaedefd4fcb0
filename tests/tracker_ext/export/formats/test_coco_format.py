"""COCO instances: read back by pycocotools and by our own reader of boxes, pixel by pixel."""

from __future__ import annotations

import json

import numpy as np
import pytest
from miniatures.mask_results import davis_result, drawn_labels, write_masks
from PIL import Image

from tracker_ext.annotation.sources.folder import open_folder

LABELS = drawn_labels()


@pytest.mark.parametrize("more", [[], ["--polygons"]])
def test_pycocotools_reads_every_pixel(tmp_path, run, more):
    api = pytest.importorskip("pycocotools.coco", reason="extra coco is not installed")
    out = run(davis_result(tmp_path / "result"), "coco", *more)
    coco = api.COCO(str(out / "coco/annotations/instances_default.json"))
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == [f"walk/0000{i}.jpg" for i in range(4)]
    for index, image_id in enumerate(coco.getImgIds()):
        found = np.zeros_like(LABELS[index])
        for item in coco.loadAnns(coco.getAnnIds(imgIds=[image_id])):
            mask = coco.annToMask(item) > 0
            found[mask] = item["track_id"]
            rows, columns = np.nonzero(mask)
            assert item["bbox"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert item["area"] == mask.sum() and item["iscrowd"] == 0 and item["category_id"] == 1
        np.testing.assert_array_equal(found, LABELS[index])
        assert (out / "coco/images" / coco.imgs[image_id]["file_name"]).is_file()


def test_polygons_where_there_is_no_hole_and_run_lengths_where_there_is_one(tmp_path, run, capsys):
    out = run(davis_result(tmp_path / "result"), "coco", "--polygons")
    items = json.loads((out / "coco/annotations/instances_default.json").read_text())["annotations"]
    kinds = {(item["image_id"], item["track_id"]): type(item["segmentation"]) for item in items}
    # The last frame is full but for its corner, which is no hole.
    assert kinds == {(1, 1): dict, (1, 3): list, (2, 3): list, (4, 1): list, (4, 3): list}
    assert len(next(item for item in items if item["track_id"] == 3)["segmentation"]) == 2
    assert "1 mask with holes, which polygons cannot hold, as run lengths" in capsys.readouterr().err


def test_tracks_are_read_by_the_door_of_boxes(tmp_path, run):
    for name in ("a", "b"):
        davis_result(tmp_path / "result", name)
    out = run(tmp_path / "result", "coco")
    source = open_folder(out / "coco/images", out / "coco/annotations/instances_default.json")
    assert source.names() == ["a", "b"]
    sequence = source.load("b")
    assert sequence.objects == {1: "1", 2: "3"}
    assert sequence.boxes[2][1].tolist() == [40, 5, 20, 28]
    assert np.isnan(sequence.boxes[1][1]).all() and np.isnan(sequence.boxes[2][2]).all()


def test_classes_ids_above_255_and_no_pictures(tmp_path, run, capsys):
    wide = [np.where(one == 3, 700, one.astype(np.uint16)).astype(np.uint16) for one in LABELS]
    (tmp_path / "walk").mkdir()
    for index, one in enumerate(wide):
        Image.fromarray(one).save(tmp_path / f"walk/{index}.png")
    out = run(tmp_path / "walk", "coco", "--label", "cat", "--label", "700=dog")
    content = json.loads((out / "coco/annotations/instances_default.json").read_text())
    assert content["categories"] == [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    assert {(item["track_id"], item["category_id"]) for item in content["annotations"]} == {(1, 1), (700, 2)}
    assert not (out / "coco/images").exists()
    assert "no pictures; --frames" in capsys.readouterr().err


def test_frames_without_objects_are_images_without_annotations(tmp_path, run):
    out = run(write_masks(tmp_path / "walk", [LABELS[2]] * 2), "coco")
    content = json.loads((out / "coco/annotations/instances_default.json").read_text())
    assert len(content["images"]) == 2 and content["annotations"] == []
    assert content["categories"] == [{"id": 1, "name": "object"}]
