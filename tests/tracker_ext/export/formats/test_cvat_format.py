"""CVAT for video 1.1, read back as CVAT reads it."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from miniatures.mask_results import SIZE, davis_result, drawn_labels, write_masks
from miniatures.videos import write_video

from tracker_ext.export.polygons import filled
from tracker_ext.video.regions import decode_region

LABELS = drawn_labels()


def pixels(element) -> np.ndarray:
    """[H, W] bool of a mask or polygon of CVAT."""
    if element.tag == "polygon":
        return decode_region(element.get("points").replace(";", ","), *SIZE)
    left, top, width, height = (int(element.get(key)) for key in ("left", "top", "width", "height"))
    runs = [int(part) for part in element.get("rle").split(",")]
    inside = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
    found = np.zeros(SIZE, bool)
    found[top : top + height, left : left + width] = inside
    return found


def test_masks_hold_every_pixel_and_end_on_the_next_frame(tmp_path, run):
    out = run(davis_result(tmp_path / "result"), "cvat", "--label", "a<b\x01")
    root = ElementTree.parse(out / "cvat/walk.xml").getroot()
    found = [np.zeros(SIZE, np.uint8) for _ in LABELS]
    tracks = root.findall("track")
    assert [track.get("id") for track in tracks] == ["0", "1", "2", "3", "4"]
    for track in tracks:
        shape, *after = track
        frame = int(shape.get("frame"))
        assert (shape.get("keyframe"), shape.get("outside"), shape.get("occluded")) == ("1", "0", "0")
        found[frame][pixels(shape)] = int(track.get("group_id"))
        assert [(int(one.get("frame")), one.get("outside")) for one in after] == [(frame + 1, "1")] * (frame < 3)
    for labels, mask in zip(LABELS, found, strict=True):
        np.testing.assert_array_equal(mask, labels)
    names = [label.find("name").text for label in root.findall("meta/task/labels/label")]
    assert names == ["a<b?"] and {track.get("label") for track in tracks} == {"a<b?"}
    assert root.find("meta/task/size").text == "4" and root.find("meta/task/stop_frame").text == "3"
    assert root.find("meta/task/original_size/width").text == "64"


def test_tracks_of_polygons(tmp_path, run, capsys):
    out = run(davis_result(tmp_path / "result"), "cvat", "--polygons")
    tracks = ElementTree.parse(out / "cvat/walk.xml").getroot().findall("track")
    said = {
        int(track.get("group_id")): [(int(one.get("frame")), one.get("outside")) for one in track] for track in tracks
    }
    assert said == {
        1: [(0, "0"), (1, "1"), (3, "0")],
        3: [(0, "0"), (1, "0"), (2, "1"), (3, "0")],
    }
    for track in tracks:
        for one in track:
            if one.get("outside") == "0":
                mask = LABELS[int(one.get("frame"))] == int(track.get("group_id"))
                np.testing.assert_array_equal(pixels(one), filled(mask))
    assert "holes of 1 mask are filled" in capsys.readouterr().err


def test_frames_are_numbered_in_the_video(tmp_path, run):
    result = write_masks(tmp_path / "walk", LABELS, "{:08d}")
    (result / "00000001.png").unlink()
    video = write_video(tmp_path / "clip.mp4", 9, SIZE)
    out = run(result, "cvat", "--frames", video, "--polygons")
    root = ElementTree.parse(out / "cvat/walk.xml").getroot()
    assert root.find("meta/task/size").text == "9"
    (first, _) = root.findall("track")
    assert [(one.get("frame"), one.get("outside")) for one in first] == [
        ("0", "0"), ("2", "1"), ("3", "0"), ("4", "1")
    ]  # fmt: skip


@pytest.mark.parametrize("more", [[], ["--polygons"]])
def test_a_file_for_each_clip(tmp_path, run, more):
    for name in ("a", "b"):
        write_masks(tmp_path / "result" / name, LABELS)
    out = run(tmp_path / "result", "cvat", *more) / "cvat"
    assert (out / "a.xml").read_text().replace(">a<", ">b<") == (out / "b.xml").read_text()
