"""SegTrack v2 and YouTube-Objects by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from miniatures.mask_sets import make_segtrack, make_youtube_objects
from miniatures.shapes import draw_clip

from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import UserError
from ltr_ext.paths import SETTINGS_VARIABLE
from tracker_ext.evaluation.dataset_names import check_dataset
from tracker_ext.evaluation.protocols import protocol_of, scored_frames
from tracker_ext.evaluation.results import true_boxes
from tracker_ext.evaluation.sequences import load_sequences


@pytest.fixture
def sets(tmp_path, monkeypatch) -> Path:
    make_segtrack(tmp_path / "segtrack")
    make_youtube_objects(tmp_path / "yto")
    settings = tmp_path / "paths.toml"
    settings.write_text('workspace_dir = "work"\nsegtrack_dir = "segtrack"\nyoutube_objects_dir = "yto"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(settings))
    return tmp_path


def masks_of(sequence) -> list[np.ndarray | None]:
    return [None if path is None else read_mask(path) for path in sequence.ground_truth_seg]


def test_segtrack_has_a_sequence_for_each_object(sets):
    sequences = {one.name: one for one in load_sequences("segtrack_v2")}
    assert list(sequences) == ["birdfall", "bmx_1", "bmx_2"]
    for name, video, number in (("birdfall", "birdfall", 1), ("bmx_2", "bmx", 2)):
        clip = draw_clip(video, 4, 2 if video == "bmx" else 1)
        sequence = sequences[name]
        assert not sequence.multiobj_mode and sequence.object_ids == ["1"]
        assert Path(sequence.frames[0]).name == f"{video}_00005.png"
        for frame, mask in zip(clip, masks_of(sequence), strict=True):
            np.testing.assert_array_equal(mask, frame.labels == number)
        assert sequence.init_info()["init_bbox"] == list(clip[0].box(number))
        assert set(np.unique(sequence.init_info()["init_mask"])) == {0, 1}


def test_youtube_objects_has_a_mask_on_every_tenth_frame(sets):
    sequences = load_sequences("youtube_objects")
    assert [one.name for one in sequences] == ["aeroplane_0001_001", "cat_0002_003"]
    (sequence, _) = sequences
    clip = draw_clip("aeroplane0001", 23)[2:]
    assert Path(sequence.frames[0]).name == "frame0003.jpg", "it begins where the first mask is"
    known = [index for index, mask in enumerate(masks_of(sequence)) if mask is not None]
    assert known == [0, 10, 20]
    overlap = masks_of(sequence)[10] == (clip[10].labels == 1)
    assert overlap.mean() > 0.99, "JPEG blurs the edge"
    boxes = true_boxes(sequence)[1]
    assert np.isfinite(boxes).all(axis=1).nonzero()[0].tolist() == known
    assert scored_frames(sequence, protocol_of("youtube_objects")) == {1: [10, 20]}, "without the first frame"


@pytest.mark.parametrize("place", ["images beside labels", "no folder youtube_masks"])
def test_youtube_objects_in_other_places(sets, place):
    root = sets / "yto"
    if place == "images beside labels":
        for frames in (root / "v1").glob("*/data/*/shots/*"):
            target = root / "youtube_masks" / frames.relative_to(root / "v1") / "images"
            shutil.copytree(frames, target)
        shutil.rmtree(root / "v1")
    else:
        for folder in (root / "youtube_masks").iterdir():
            folder.rename(root / folder.name)
        (root / "youtube_masks").rmdir()
    assert [len(one.frames) for one in load_sequences("youtube_objects")] == [21, 21]


def test_masks_are_written_once_and_anew_if_the_data_set_changes(sets):
    (sequence, *_) = load_sequences("segtrack_v2")
    stored = Path(sequence.ground_truth_seg[0])
    before = stored.stat().st_mtime_ns
    load_sequences("segtrack_v2")
    assert stored.stat().st_mtime_ns == before
    mask = sets / "segtrack" / "GroundTruth" / "birdfall" / "birdfall_00005.bmp"
    picture = cv2.imread(str(mask))
    picture[:] = 250
    cv2.imwrite(str(mask), picture)
    (again, *_) = load_sequences("segtrack_v2")
    assert masks_of(again)[0].all()


def spoil(sets: Path, what: str) -> None:
    """Break a data set in one way."""
    one = sets / "segtrack" / "GroundTruth" / "birdfall"
    shots = "cat/data/0002/shots/003"
    if what == "no masks":
        shutil.rmtree(one)
    elif what == "no folder":
        (sets / "segtrack" / "GroundTruth").rename(sets / "segtrack" / "Truth")
    elif what == "size":
        cv2.imwrite(str(one / "birdfall_00006.bmp"), np.full((5, 5, 3), 250, np.uint8))
    elif what == "black":
        for path in one.iterdir():
            cv2.imwrite(str(path), np.zeros_like(cv2.imread(str(path))))
    elif what == "no picture":
        (one / "birdfall_00006.bmp").write_text("x")
    elif what == "no frames":
        shutil.rmtree(sets / "yto" / "v1" / shots)
    elif what == "no labels":
        shutil.rmtree(sets / "yto" / "youtube_masks")
    elif what == "numbers":
        for path in (sets / "yto" / "youtube_masks" / shots / "labels").iterdir():
            path.rename(path.with_name(f"9{path.name}"))


@pytest.mark.parametrize(
    ("dataset", "what", "message"),
    [
        ("segtrack_v2", "no masks", "no mask in .*birdfall is called as a frame"),
        ("segtrack_v2", "no folder", "has no folders JPEGImages and GroundTruth"),
        ("segtrack_v2", "size", "is of 5x5 pixels, frame birdfall_00006.png of 96x64"),
        ("segtrack_v2", "black", "sequence birdfall: its masks are black"),
        ("segtrack_v2", "no picture", "birdfall_00006.bmp cannot be read"),
        ("youtube_objects", "no frames", "no frames of .*003; put them into"),
        ("youtube_objects", "no labels", "no youtube_masks/<class>/data"),
        ("youtube_objects", "numbers", "has the number of a frame"),
    ],
)
def test_what_is_wrong_is_one_line(sets, dataset, what, message):
    spoil(sets, what)
    with pytest.raises(UserError, match=message):
        load_sequences(dataset)


def test_a_path_that_is_not_set_is_said_before_anything_slow(tmp_path, monkeypatch):
    (tmp_path / "paths.toml").write_text("")
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    from ltr_ext import host

    home = host.resolve().home
    with pytest.raises(UserError, match="segtrack_dir is not set, but data set segtrack_v2 needs it"):
        check_dataset("segtrack_v2", home)
    with pytest.raises(UserError, match="youtube_objects_dir is not set"):
        check_dataset("youtube_objects", home)
