"""LabelMe: polygons of a frame, read back pixel by pixel."""

from __future__ import annotations

import json

import numpy as np
from miniatures.mask_results import SIZE, davis_result, drawn_labels, write_masks

from tracker_ext.export.polygons import filled
from tracker_ext.video.regions import decode_region

LABELS = drawn_labels()


def test_polygons_of_every_frame(tmp_path, run, capsys):
    out = run(davis_result(tmp_path / "result"), "labelme", "--label", "cat") / "labelme/walk"
    for index, labels in enumerate(LABELS):
        content = json.loads((out / f"0000{index}.json").read_text())
        assert (content["imageWidth"], content["imageHeight"]) == SIZE[::-1]
        assert (out / content["imagePath"]).is_file() and content["imageData"] is None
        found = {int(i): np.zeros(SIZE, bool) for i in np.unique(labels) if i}
        for shape in content["shapes"]:
            assert (shape["label"], shape["shape_type"], shape["flags"]) == ("cat", "polygon", {})
            found[shape["group_id"]] |= decode_region(",".join(str(x) for xy in shape["points"] for x in xy), *SIZE)
        for object_id, mask in found.items():
            np.testing.assert_array_equal(mask, filled(labels == object_id))
    assert "holes of 1 mask are filled" in capsys.readouterr().err


def test_without_pictures(tmp_path, run):
    out = run(write_masks(tmp_path / "walk", LABELS), "labelme") / "labelme/walk"
    assert json.loads((out / "00002.json").read_text())["imagePath"] == "00002.jpg"
    assert sorted(path.suffix for path in out.iterdir()) == [".json"] * 4
