"""MOTS PNG, and what Datumaro makes of its numbers."""

from __future__ import annotations

import numpy as np
from miniatures.mask_results import davis_result, drawn_labels, write_masks
from PIL import Image

LABELS = drawn_labels()


def test_values_are_class_and_object(tmp_path, run):
    out = run(davis_result(tmp_path / "result"), "mots-png", "--label", "3=dog") / "mots-png/walk"
    classes = (out / "instances/labels.txt").read_text().split()
    assert classes == ["object", "dog"]
    for index, labels in enumerate(LABELS):
        with Image.open(out / f"instances/0000{index}.png") as picture:
            assert picture.mode == "I;16"
            number, found = divmod(np.array(picture).astype(int), 1000)
        np.testing.assert_array_equal(found, labels)
        np.testing.assert_array_equal(number, np.select([labels == 1, labels == 3], [1, 2]))
        assert (out / f"images/0000{index}.jpg").is_file()


def test_ids_that_it_cannot_hold(tmp_path, run, capsys):
    (tmp_path / "walk").mkdir()
    Image.fromarray(np.array([[7, 1000]], np.uint16)).save(tmp_path / "walk/0.png")
    run(tmp_path / "walk", "mots-png", code=2)
    assert "walk: object id 1000, but --format mots-png holds ids up to 999; take" in capsys.readouterr().err
    out = run(tmp_path / "walk", "mots-png", "--objects", "7")
    with Image.open(out / "mots-png/walk/instances/0.png") as picture:
        assert np.array(picture).tolist() == [[1007, 0]]


def test_classes_that_it_cannot_hold(tmp_path, run, capsys):
    many = [word for number in range(1, 66) for word in ("--label", f"{number}=c{number}")]
    run(write_masks(tmp_path / "walk", LABELS), "mots-png", *many, code=2)
    assert "66 classes; it holds 65" in capsys.readouterr().err
