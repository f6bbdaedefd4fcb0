"""Sequences of more objects than a palette has colours."""

from __future__ import annotations

import json

import numpy as np
import pytest
from miniatures.job_files import annotate, failures, write_frames

from tracker_ext.annotation.sequence_masks import queue_size
from tracker_ext.segmentation.prepare import prepare_tracks
from tracker_ext.segmentation.segment import annotate as annotate_frames
from tracker_ext.segmentation.segment import label_type
from tracker_ext.video.overlay import draw_overlay

NUM_TRACKS, NUM_FRAMES = 300, 4


@pytest.fixture
def crowd(tmp_path):
    """A MOT sequence of 300 tracks, 75 in each frame."""
    folder = tmp_path / "set/crowd"
    write_frames(folder / "img1", [f"{number:06d}.jpg" for number in range(1, NUM_FRAMES + 1)])
    (folder / "gt").mkdir()
    rows = [
        f"{1 + track % NUM_FRAMES},{track + 1},{1 + track // 4 % 15 * 4},{1 + track // 60 * 9},9,9,1,1,1"
        for track in range(NUM_TRACKS)
    ]
    (folder / "gt/gt.txt").write_text("\n".join(rows) + "\n")
    return folder.parent


@pytest.mark.parametrize(("largest", "dtype"), [(254, np.uint8), (255, np.uint16), (65534, np.uint16)])
def test_labels_are_as_wide_as_the_ids_need(largest, dtype):
    assert label_type([1, largest]) is dtype


def test_ids_above_254_are_kept_apart(tiny_net, clip):
    frames, boxes = clip
    (few, many) = ([2, 7], [44 + 256, 255])
    expected, found = (
        list(annotate_frames(frames[:3], dict(zip(ids, (boxes[:3], boxes[:3] + 9), strict=True)), tiny_net))
        for ids in (few, many)
    )
    for one, other in zip(expected, found, strict=True):
        assert other.labels.dtype == np.uint16
        for own, given in zip(few, many, strict=True):
            np.testing.assert_array_equal(one.mask(own), other.mask(given))
    assert any(result.mask(255).any() for result in found)
    drawn = draw_overlay(np.zeros((60, 80, 3), np.uint8), np.full((60, 80), 255, np.uint16))
    assert drawn.any(), "255 is an object here, not undecided"


@pytest.mark.parametrize(
    ("num_objects", "size", "depth"), [(1, (48, 64), 8), (9, (1080, 1920), 6), (75, (1080, 1920), 1)]
)
def test_the_logits_that_wait_are_bounded(num_objects, size, depth):
    track = np.array([[5.0, 5, 9, 9], [np.nan] * 4])
    boxes = dict.fromkeys(range(1, num_objects + 1), track)
    assert queue_size(prepare_tracks("clip", boxes, {}, [size] * 2)) == depth


def test_300_tracks(crowd, tmp_path, tiny_weights):
    coco = pytest.importorskip("pycocotools.mask", reason="extra coco is not installed")
    out = tmp_path / "out"
    assert annotate("folder", crowd, "--out", out, "--weights", tiny_weights, "--format", "davis,mots,coco-rle") == 0
    manifest = json.loads((out / "sequences/crowd.json").read_text())
    assert list(manifest["left_out"]) == ["davis"] and "300 objects" in manifest["left_out"]["davis"]
    tracks = json.loads((out / "coco-rle.json").read_text())["annotations"]
    assert [track["label"] for track in tracks] == [str(number) for number in range(1, NUM_TRACKS + 1)]
    lines = [line.split(" ") for line in (out / "mots/crowd.txt").read_text().splitlines()]
    assert max(int(line[1]) for line in lines) > 1000 + 255
    for frame, number, _, height, width, counts in lines:
        mask = coco.decode({"size": [int(height), int(width)], "counts": counts.encode()})
        segmentation = tracks[int(number) - 1001]["segmentations"][int(frame)]
        np.testing.assert_array_equal(mask, coco.decode(segmentation))


def test_formats_of_bytes_refuse_300_tracks(crowd, tmp_path, tiny_weights):
    assert annotate("folder", crowd, "--out", tmp_path / "out", "--weights", tiny_weights, "--format", "ytvos") == 2
    assert "ids up to 300, but --format ytvos holds 254" in failures(tmp_path / "out")["crowd"]
