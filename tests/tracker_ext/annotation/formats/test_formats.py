"""Formats of masks: written, and read back by who is meant to read them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from miniatures.job_files import write_frames
from PIL import Image

from ltr_ext.data.image_io import read_mask
from ltr_ext.data.trust_table import Trust
from ltr_ext.errors import UserError
from tracker_ext.annotation.formats import FORMATS, SequenceInfo
from tracker_ext.annotation.formats.base import place_pictures
from tracker_ext.annotation.names import original_name, safe_name
from tracker_ext.annotation.sources.folder import open_folder

TRUST = Trust(0.75, 0.9, 10, 0.1, 1, False)


@pytest.fixture
def labels() -> list[np.ndarray]:
    """Three frames: both objects, the first alone, none."""
    first = np.zeros((12, 16), np.uint8)
    first[2:6, 3:9] = 1
    first[7:9, 10:15] = 3
    second = np.where(first == 3, 0, first).astype(np.uint8)
    return [first, second, np.zeros_like(first)]


@pytest.fixture
def write(tmp_path, labels):
    """Write the frames in a format below `work`; gives back the output paths."""

    def call(name: str, objects: dict[int, str] | None = None, frames: list[np.ndarray] = labels) -> list[Path]:
        objects = objects or {1: "cat", 3: "dog"}
        pictures = write_frames(tmp_path / "frames", [f"f{number}.jpg" for number in (10, 11, 12)], size=(12, 16))
        info = SequenceInfo(
            "a/b", "a%2Fb", [(12, 16)] * 3, ["f10", "f11", "f12"], (10, 11, 12), objects, tuple(pictures)
        )
        writer = FORMATS[name].start(tmp_path / "work", info)
        for index, ids in enumerate(frames):
            writer.add(index, ids, dict.fromkeys(objects, TRUST))
        paths = writer.close()
        assert all((tmp_path / "work" / path).exists() and not path.is_absolute() for path in paths)
        FORMATS[name].finish(tmp_path / "work", ["a%2Fb"])
        return paths

    return call


def test_upstream_has_zeros_and_ones_in_one_channel(write, tmp_path, labels):
    single = [np.where(ids == 3, 3, 0).astype(np.uint8) for ids in labels]
    assert write("upstream", {3: "dog"}, single) == [Path("upstream/a%2Fb")]
    files = sorted((tmp_path / "work/upstream/a%2Fb").iterdir())
    assert [path.name for path in files] == ["00000010.png", "00000011.png", "00000012.png"]
    for path, ids in zip(files, single, strict=True):
        with Image.open(path) as image:
            assert image.mode in ("L", "P")
            np.testing.assert_array_equal(np.array(image), ids == 3)


def test_upstream_refuses_two_objects(write):
    with pytest.raises(UserError, match="2 objects, but --format upstream holds one"):
        write("upstream")


def test_davis(write, tmp_path, labels):
    write("davis")
    root = tmp_path / "work/davis"
    for index, ids in enumerate(labels):
        np.testing.assert_array_equal(read_mask(root / f"Annotations/480p/a%2Fb/{index:05d}.png"), ids)
        assert (root / f"JPEGImages/480p/a%2Fb/{index:05d}.jpg").resolve() == tmp_path / f"frames/f{10 + index}.jpg"
    assert (root / "ImageSets/2017/train.txt").read_text() == "a%2Fb\n"


def test_ytvos(write, tmp_path, labels):
    write("ytvos")
    root = tmp_path / "work/ytvos"
    np.testing.assert_array_equal(read_mask(root / "Annotations/a%2Fb/f11.png"), labels[1])
    assert (root / "JPEGImages/a%2Fb/f11.jpg").is_file()
    objects = {"1": {"category": "cat", "frames": ["f10", "f11"]}, "3": {"category": "dog", "frames": ["f10"]}}
    assert json.loads((root / "meta.json").read_text()) == {"videos": {"a%2Fb": {"objects": objects}}}


def test_coco_rle(write, tmp_path, labels):
    coco = pytest.importorskip("pycocotools.mask", reason="extra coco is not installed")
    write("coco-rle")
    content = json.loads((tmp_path / "work/coco-rle.json").read_text())
    assert content["videos"][0]["file_names"] == ["a/b/f10.jpg", "a/b/f11.jpg", "a/b/f12.jpg"]
    assert [annotation["object"] for annotation in content["annotations"]] == [1, 3]
    for annotation in content["annotations"]:
        assert annotation["video_id"] == content["videos"][0]["id"]
        for runs, ids, area in zip(annotation["segmentations"], labels, annotation["areas"], strict=True):
            mask = ids == annotation["object"]
            if runs is None:
                assert not mask.any() and area is None
            else:
                np.testing.assert_array_equal(coco.decode(runs), mask)
                assert area == mask.sum()
    assert content["annotations"][1]["score"] == 0.75
    assert [annotation["label"] for annotation in content["annotations"]] == ["cat", "dog"]
    (tmp_path / "videos/a").mkdir(parents=True)
    (tmp_path / "videos/a/b").symlink_to(tmp_path / "frames")
    source = open_folder(tmp_path / "videos", tmp_path / "work/coco-rle.json")
    assert source.names() == ["a/b"], "and its boxes can be annotated again"
    assert source.load("a/b").boxes[1][0].tolist() == [3, 2, 6, 4]


def test_merged_coco_has_unique_ids(write, tmp_path):
    pytest.importorskip("pycocotools.mask", reason="extra coco is not installed")
    write("coco-rle")
    folder = tmp_path / "work/coco-rle"
    (folder / "c.json").write_bytes((folder / "a%2Fb.json").read_bytes())
    FORMATS["coco-rle"].finish(tmp_path / "work", ["a%2Fb", "c"])
    content = json.loads((tmp_path / "work/coco-rle.json").read_text())
    assert [video["id"] for video in content["videos"]] == [1, 2]
    assert [(item["id"], item["video_id"]) for item in content["annotations"]] == [(1, 1), (2, 1), (3, 2), (4, 2)]


def test_mots(write, tmp_path, labels):
    coco = pytest.importorskip("pycocotools.mask", reason="extra coco is not installed")
    write("mots")
    lines = [line.split(" ") for line in (tmp_path / "work/mots/a%2Fb.txt").read_text().splitlines()]
    assert [(line[0], line[1], line[2]) for line in lines] == [
        ("0", "1001", "1"),
        ("0", "1003", "1"),
        ("1", "1001", "1"),
    ]
    for frame, number, _, height, width, counts in lines:
        mask = coco.decode({"size": [int(height), int(width)], "counts": counts.encode()})
        np.testing.assert_array_equal(mask, labels[int(frame)] == int(number) % 1000)


def test_frames_beside_masks_are_links_or_turned_as_the_masks_are(tmp_path):
    exif = Image.Exif()
    for name, orientation in (("a.jpg", 1), ("b.png", 6)):
        exif[0x112] = orientation
        Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(tmp_path / name, exif=exif)
    files = {"00000": tmp_path / "a.jpg", "00001": tmp_path / "b.png"}
    place_pictures(tmp_path / "stored", files, upright=False, symlinks=True)
    assert all(path.is_symlink() for path in (tmp_path / "stored").iterdir())
    place_pictures(tmp_path / "files", files, upright=False, symlinks=False)
    assert all(path.is_file() and not path.is_symlink() for path in (tmp_path / "files").iterdir())
    assert (tmp_path / "files/00001.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    place_pictures(tmp_path / "upright", files, upright=True, symlinks=True)
    assert (tmp_path / "upright/00000.jpg").is_symlink()
    assert Image.open(tmp_path / "upright/00001.jpg").size == (20, 30), "for readers that do not turn it"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        pytest.param("GOT-10k_Train_000001", "GOT-10k_Train_000001", id="as upstream expects it"),
        pytest.param("with space, é漢", "with space, é漢", id="spaces and other letters stay"),
        pytest.param("a/b", "a%2Fb", id="slash"),
        pytest.param("100%", "100%25", id="percent"),
        pytest.param("..", "%2E.", id="parent folder"),
        pytest.param(".hidden", "%2Ehidden", id="hidden"),
        pytest.param("tab\there\n", "tab%09here%0A", id="control characters"),
        pytest.param("\udcff", "%FF", id="a byte that is not UTF-8"),
    ],
)
def test_names_can_be_undone(name, safe):
    assert safe_name(name) == safe
    assert original_name(safe) == name


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_names_that_are_no_file_names(name):
    with pytest.raises(UserError, match="sequence name"):
        safe_name(name)
