"""Which clips a folder of results has."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from miniatures.mask_results import davis_result, drawn_labels, write_masks
from PIL import Image

from ltr_ext.data.mask_io import read_mask
from ltr_ext.data.trust_table import Trust, TrustRow, write_trust
from ltr_ext.errors import UserError
from tracker_ext.export.clips import chosen_clips, find_masks, rejected_clips
from tracker_ext.export.masks import look_through

LABELS = drawn_labels()


def job_output(root: Path, *formats: str) -> Path:
    """What `run_annotate.py folder` writes."""
    (root / "sequences").mkdir(parents=True)
    (root / "settings.json").write_text(json.dumps({"dataset": "folder", "formats": [], "weights_hash": "x"}))
    (root / "sequences/walk.json").write_text(json.dumps({"objects": {"1": "cat", "3": "17"}}))
    write_masks(root / "preview/walk", LABELS)
    for name in formats:
        write_masks(root / {"davis": "davis/Annotations/480p/walk", "upstream": "upstream/walk"}[name], LABELS)
    return root


@pytest.mark.parametrize(
    "make, names",
    [
        pytest.param(lambda root: write_masks(root, LABELS), ["result"], id="PNG files themselves"),
        pytest.param(lambda root: write_masks(root / "masks", LABELS), ["result"], id="of one video"),
        pytest.param(lambda root: davis_result(root), ["walk"], id="DAVIS"),
        pytest.param(
            lambda root: (davis_result(root, "walk"), davis_result(root, "run")), ["run", "walk"], id="DAVIS, two clips"
        ),
        pytest.param(lambda root: davis_result(root / "davis"), ["walk"], id="DAVIS in a folder"),
        pytest.param(lambda root: write_masks(root / "Annotations/a", LABELS), ["a"], id="YouTube-VOS"),
        pytest.param(
            lambda root: [write_masks(root / name, LABELS) for name in ("x/a", "x/b", "y/a")], ["x/a", "x/b", "y/a"],
            id="any depth",
        ),
        pytest.param(
            lambda root: [
                write_masks(root / "segmentation_results/lwl/box2mask_init" / name, LABELS) for name in ("a", "b")
            ] + [write_masks(root / "reports", LABELS)],
            ["a", "b"], id="run_tracker.py",
        ),
        pytest.param(lambda root: job_output(root, "davis"), ["walk"], id="a data set's run"),
        pytest.param(lambda root: job_output(root, "upstream"), ["walk"], id="the same, upstream"),
        pytest.param(lambda root: job_output(root, "upstream", "davis"), ["walk"], id="the same, both"),
    ],
)  # fmt: skip
def test_layouts(tmp_path, make, names):
    make(tmp_path / "result")
    found = find_masks(tmp_path / "result")
    assert [clip.name for clip in found] == names
    assert all(clip.stems() == ["00000", "00001", "00002", "00003"] for clip in found)


def test_pictures_and_names_of_objects_are_found(tmp_path):
    assert find_masks(davis_result(tmp_path / "a"))[0].pictures == tmp_path / "a/JPEGImages/480p/walk"
    job = job_output(tmp_path / "b", "davis")
    assert find_masks(job)[0].objects == {1: "cat", 3: "17"}
    assert find_masks(job / "davis")[0].objects == {1: "cat", 3: "17"}


def test_masks_are_in_natural_order(tmp_path):
    write_masks(tmp_path / "walk", LABELS * 3, "f{}")
    assert find_masks(tmp_path / "walk")[0].stems() == [f"f{index}" for index in range(12)]


@pytest.mark.parametrize(
    "make, message",
    [
        pytest.param(lambda root: None, "does not exist; give the folder", id="nothing"),
        pytest.param(lambda root: root.touch(), "is a file; give the folder", id="a file"),
        pytest.param(lambda root: root.mkdir(), "has no masks: no PNG", id="empty"),
        pytest.param(lambda root: job_output(root), "no masks as PNG; .*--format davis", id="a job without PNG"),
    ],
)
def test_refused(tmp_path, make, message):
    make(tmp_path / "result")
    with pytest.raises(UserError, match=message):
        find_masks(tmp_path / "result")


@pytest.mark.parametrize("formats", ["coco-rle", "mots", "mots,coco-rle"])
def test_masks_of_run_lengths_alone_are_found(tmp_path, formats):
    """What `run_annotate.py ... --format coco-rle` or mots writes."""
    pytest.importorskip("pycocotools")
    from miniatures.job_files import got10k
    from miniatures.networks import write_box_filler

    import run_annotate

    weights = write_box_filler(tmp_path / "filler.safetensors")
    data = got10k(tmp_path / "data", {"walk": 4, "run": 3})
    both = ["--weights", str(weights), "--frames", "2", "--interval", "1"]
    for out, names in (("png", "davis"), ("rle", formats)):
        arguments = ["folder", str(data), "--out", str(tmp_path / out), "--format", names, *both]
        assert run_annotate.main(arguments) == 0
    wanted = {clip.name: clip for clip in find_masks(tmp_path / "png")}
    found = find_masks(tmp_path / "rle", tmp_path / "scratch")
    assert [clip.name for clip in found] == ["run", "walk"]
    for clip in found:
        theirs = [read_mask(path) for path in wanted[clip.name].masks]
        assert len(theirs) == len(clip.masks) and all(labels.any() for labels in theirs)
        assert all(np.array_equal(read_mask(path), labels) for path, labels in zip(clip.masks, theirs, strict=True))
    with pytest.raises(UserError, match="no masks as PNG"):
        find_masks(tmp_path / "rle")


def test_damaged_run_lengths_are_one_line(tmp_path):
    job = job_output(tmp_path / "job")
    (job / "coco-rle").mkdir()
    (job / "coco-rle" / "walk.json").write_text('{"videos": []}')
    with pytest.raises(UserError, match=r"walk\.json cannot be read .*--redo"):
        find_masks(job, tmp_path / "scratch")


def test_a_clip_by_name(tmp_path):
    for name in ("walk", "run"):
        write_masks(tmp_path / name, LABELS)
    found = find_masks(tmp_path)
    assert [clip.name for clip in chosen_clips(found, ["walk"])] == ["walk"]
    assert chosen_clips(found, []) == found
    with pytest.raises(UserError, match="--clip wlak: unknown; did you mean walk"):
        chosen_clips(found, ["wlak"])


WIDE = np.where(LABELS[0] == 3, 700, np.where(LABELS[0] == 1, 255, 0)).astype(np.uint16)


@pytest.mark.parametrize(
    "pictures, ids, first",
    [
        pytest.param([LABELS[0], LABELS[2]], (1, 3), LABELS[0], id="ids"),
        pytest.param([(LABELS[0] == 1) * np.uint8(255)], (1,), LABELS[0] == 1, id="white alone is object 1"),
        pytest.param(
            [np.where(LABELS[0] == 3, 255, LABELS[0]).astype(np.uint8)],
            (1,),
            LABELS[0] == 1,
            id="255 beside is undecided",
        ),
        pytest.param([LABELS[2]], (), LABELS[2], id="nothing at all"),
        pytest.param([WIDE, LABELS[2]], (255, 700), WIDE, id="16 bits: 255 is an id"),
        pytest.param([(LABELS[0] > 0) * np.uint16(65535)], (1,), LABELS[0] > 0, id="white of 16 bits"),
    ],
)
def test_what_values_mean(tmp_path, pictures, ids, first):
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{index}.png")
    masks = look_through(find_masks(tmp_path)[0])
    assert masks.ids == ids
    np.testing.assert_array_equal(masks.labels(0), first)


def test_a_mask_that_cannot_be_read_is_named(tmp_path):
    write_masks(tmp_path, LABELS)
    (tmp_path / "00002.png").write_bytes(b"no")
    with pytest.raises(UserError, match=r"00002\.png"):
        look_through(find_masks(tmp_path)[0])


def trust_rows(root: Path, files: list[str]) -> None:
    trust = Trust(0.9, 0.9, 10, math.nan, 1, False)
    (root / "trust").mkdir()
    rows = [TrustRow("walk", index, file, i, True, trust) for index, file in enumerate(files) for i in (1, 3)]
    write_trust(root / "trust/walk.csv", rows)


@pytest.mark.parametrize("kind", ["davis", "upstream"])
def test_names_of_pictures_come_back(tmp_path, kind):
    job = job_output(tmp_path / "job", kind)
    names = [f"shot {index * 5:03d}" for index in range(len(LABELS))]
    trust_rows(job, names)
    (clip,) = find_masks(job)
    assert list(clip.frame_names) == names and clip.stems()[0] == "00000"
    (clip,) = find_masks(job / kind)
    assert list(clip.frame_names) == names


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([f"{index:05d}" for index in range(len(LABELS))], id="the masks' own"),
        pytest.param(["a", "b"], id="of other frames"),
        pytest.param(["a"] * len(LABELS), id="all alike"),
        pytest.param([f"../{index}" for index in range(len(LABELS))], id="that lead elsewhere"),
    ],
)
def test_names_that_are_not_taken(tmp_path, names):
    job = job_output(tmp_path / "job", "davis")
    trust_rows(job, names)
    assert find_masks(job)[0].frame_names == ()


def test_rejected_sequences(tmp_path):
    job = job_output(tmp_path / "job", "davis")
    (job / "decisions.csv").write_text("sequence,decision\nrun,reject\nwalk,accept\njump,reject\n")
    assert rejected_clips(job) == ["jump", "run"] and rejected_clips(tmp_path) == []
    with pytest.raises(UserError, match="--clip run: was rejected"):
        chosen_clips(find_masks(job), ["run"], rejected_clips(job))
