"""YOLO polygons, read back pixel by pixel."""

from __future__ import annotations

import numpy as np
from miniatures.mask_results import SIZE, davis_result, drawn_labels, write_masks
from miniatures.videos import level, write_video
from PIL import Image

from ltr_ext.data.image_io import read_image
from tracker_ext.export.polygons import filled
from tracker_ext.video.regions import decode_region

LABELS = drawn_labels()


def masks_of(path) -> list[tuple[str, np.ndarray]]:
    found = []
    for line in path.read_text().splitlines():
        number, *parts = line.split()
        corners = np.array(parts, float).reshape(-1, 2) * SIZE[::-1]
        assert (np.array(parts, float) >= 0).all() and (np.array(parts, float) <= 1).all()
        found.append((number, decode_region(",".join(map(str, corners.round(4).ravel().tolist())), *SIZE)))
    return found


def test_polygons_are_exact_but_for_holes(tmp_path, run, capsys):
    out = run(davis_result(tmp_path / "result"), "yolo-seg", "--label", "3=dog") / "yolo-seg"
    for index, labels in enumerate(LABELS):
        found = masks_of(out / f"labels/walk/0000{index}.txt")
        ids = sorted(set(np.unique(labels)) - {0})
        assert [number for number, _ in found] == [{1: "0", 3: "1"}[object_id] for object_id in ids]
        for (_, mask), object_id in zip(found, ids, strict=True):
            np.testing.assert_array_equal(mask, filled(labels == object_id))
        picture = out / f"images/walk/0000{index}.jpg"
        assert picture.samefile(tmp_path / f"result/JPEGImages/480p/walk/0000{index}.jpg") and not picture.is_symlink()
    assert (out / "data.yaml").read_text().splitlines()[1:] == [
        "train: images", "val: images", "names:", '  0: "object"', '  1: "dog"'
    ]  # fmt: skip
    assert "holes of 1 mask are filled" in capsys.readouterr().err


def test_pictures_are_copied_where_they_cannot_be_linked(tmp_path, run, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    result = davis_result(tmp_path / "result")
    picture = run(result, "yolo-seg") / "yolo-seg/images/walk/00001.jpg"
    assert picture.read_bytes() == (result / "JPEGImages/480p/walk/00001.jpg").read_bytes()
    run(result, "yolo-seg")  # again


def test_fewer_corners(tmp_path, run):
    result = davis_result(tmp_path / "result")
    exact = (run(result, "yolo-seg") / "yolo-seg/labels/walk/00000.txt").read_text()
    fewer = (run(result, "yolo-seg", "--simplify", "1") / "yolo-seg/labels/walk/00000.txt").read_text()
    assert len(fewer) < len(exact) / 2


def test_frames_of_a_video_on_demand(tmp_path, run, capsys):
    result = write_masks(tmp_path / "walk", LABELS, "{:08d}")
    video = write_video(tmp_path / "clip.mp4", 4, SIZE)
    images = run(result, "yolo-seg", "--frames", video) / "yolo-seg/images"
    assert not (images / "walk").exists()
    assert "no pictures; --frames" in capsys.readouterr().err
    run(result, "yolo-seg", "--frames", video, "--extract-frames")
    assert [level(read_image(images / f"walk/0000000{index}.jpg")) for index in range(4)] == [0, 1, 2, 3]


def test_a_picture_turned_by_its_exif_orientation_is_written_turned(tmp_path, run):
    tall = [np.ascontiguousarray(np.rot90(LABELS[0]))]
    result = write_masks(tmp_path / "walk", tall)
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "frames").mkdir()
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / "frames/00000.jpg", exif=exif)
    out = run(result, "yolo-seg", "--frames", tmp_path / "frames")
    picture = out / "yolo-seg/images/walk/00000.jpg"
    assert picture.stat().st_nlink == 1 and read_image(picture).shape[:2] == tall[0].shape
