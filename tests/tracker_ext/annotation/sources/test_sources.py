"""Data sets of boxes: layouts, flags, what is refused."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from miniatures.job_files import NAN, SIZE, boxed, got10k, got10k_sequence, wandering_boxes, write_boxes, write_frames

from ltr_ext.data.image_io import write_mask
from ltr_ext.errors import UserError
from tracker_ext.annotation.sources import DATASETS
from tracker_ext.annotation.sources.folder import open_folder
from tracker_ext.annotation.sources.got10k import Got10kSource
from tracker_ext.annotation.sources.lasot import LasotSource
from tracker_ext.annotation.sources.trackingnet import TrackingNetSource
from tracker_ext.annotation.sources.youtubevos import YouTubeVosSource
from tracker_ext.segmentation.boxed_sequence import BoxedSequence, number_of
from tracker_ext.segmentation.prepare import fill_gaps, prepare
from tracker_ext.video.frames import Pictures


def test_got10k(tmp_path):
    root = got10k(tmp_path, {"s2": 4, "s1": 3})
    (root / "s2/absence.label").write_text("0\n1\n0\n0\n")
    (root / "s2/cover.label").write_text("8\n8\n0\n3\n")
    source = Got10kSource(root)
    assert source.names() == ["s2", "s1"], "in the order of list.txt"
    sequence = source.load("s2")
    assert boxed(sequence) == [0, 3], "absent, then wholly covered"
    assert sequence.numbers == (1, 2, 3, 4)
    assert [len(frame) for frame in sequence.frames] == [48] * 4
    (root / "list.txt").unlink()
    assert Got10kSource(root).names() == ["s1", "s2"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda folder: (folder / "absence.label").write_text("0\n"), "1 flag for 4 boxes", id="flags"),
        pytest.param(lambda folder: (folder / "00000002.jpg").unlink(), "00000002.jpg is missing", id="frame"),
        pytest.param(
            lambda folder: write_boxes(folder / "groundtruth.txt", wandering_boxes(3)), "3 boxes for 4 frames", id="box"
        ),
        pytest.param(lambda folder: (folder / "groundtruth.txt").write_text(""), "is empty", id="no box"),
        pytest.param(lambda folder: (folder / "groundtruth.txt").unlink(), "cannot be read", id="no file"),
        pytest.param(
            lambda folder: (folder / "groundtruth.txt").write_text("1,2,3,4\n" * 3 + "a,b,c,d\n"),
            "four numbers",
            id="text",
        ),
    ],
)
def test_got10k_that_is_damaged(tmp_path, damage, message):
    damage(got10k_sequence(tmp_path, "s", 4))
    with pytest.raises(UserError, match=message):
        Got10kSource(tmp_path).load("s")


@pytest.fixture
def lasot(tmp_path) -> Path:
    for name, count in (("cat-1", 12), ("cat-2", 4), ("dog-10", 3)):
        folder = tmp_path / name.split("-")[0] / name
        write_frames(folder / "img", [f"{number:08d}.jpg" for number in range(1, count + 1)])
        write_boxes(folder / "groundtruth.txt", wandering_boxes(count))
        (folder / "full_occlusion.txt").write_text(",".join("1" if i == 5 else "0" for i in range(count)))
        (folder / "out_of_view.txt").write_text(",".join("1" if i == 10 else "0" for i in range(count)))
    (tmp_path / "testing_set.txt").write_text("cat-2\n")
    return tmp_path


def test_lasot_every_5th_frame(lasot):
    known = DATASETS["lasot_train"]
    source = known.open(lasot)
    assert source.names() == ["cat-1", "dog-10"]
    sequence = source.load("cat-1").thinned(known.defaults["every"], known.defaults["max_frames"])
    assert sequence.numbers == (1, 6, 11)
    assert [path.name for path in sequence.frames.paths] == ["00000001.jpg", "00000006.jpg", "00000011.jpg"]
    assert boxed(sequence) == [0], "occluded, then out of view"
    assert sequence.frame_step == 5
    np.testing.assert_array_equal(sequence.boxes[1], wandering_boxes(12)[::5])


def test_lasot_at_most_200_frames():
    paths = tuple(Path(f"{number}.jpg") for number in range(1500))
    sequence = BoxedSequence("s", Pictures(paths), tuple(range(1, 1501)), {1: np.zeros((1500, 4))}, {1: np.zeros(1500)})
    thin = sequence.thinned(5, 200)
    assert len(thin.frames) == len(thin.numbers) == len(thin.boxes[1]) == len(thin.absent[1]) == 200
    assert thin.numbers[-1] == 996, "upstream reads the boxes [:1000:5]"


def test_lasot_needs_to_know_the_test_set(lasot):
    (lasot / "testing_set.txt").unlink()
    with pytest.raises(UserError, match=r"training_set\.txt"):
        LasotSource(lasot).names()
    (lasot / "training_set.txt").write_text("dog-10\n")
    assert LasotSource(lasot).names() == ["dog-10"]


def test_trackingnet(tmp_path):
    for part, name in ((10, "b_0"), (2, "a_0")):
        folder = tmp_path / f"TRAIN_{part}"
        write_frames(folder / "frames" / name, [f"{number}.jpg" for number in range(11)])
        (folder / "anno").mkdir()
        write_boxes(folder / "anno" / f"{name}.txt", wandering_boxes(11))
    source = TrackingNetSource(tmp_path)
    assert source.names() == ["TRAIN_2/a_0", "TRAIN_10/b_0"]
    sequence = source.load("TRAIN_2/a_0")
    assert [path.stem for path in sequence.frames.paths] == [str(number) for number in range(11)]
    assert "_box_files" not in pickle.loads(pickle.dumps(source)).__dict__, "what was read stays behind"
    assert pickle.loads(pickle.dumps(source)) == source


@pytest.mark.parametrize("row", ["0,0,0,0", "-1,-1,-1,-1", "nan,nan,nan,nan"])
def test_absent_in_every_named_data_set(tmp_path, row):
    lines = ["8,6,24,20", row, "8,6,24,20"]
    got10k_sequence(tmp_path / "got10k", "s", 3)
    write_frames(tmp_path / "lasot/cat/cat-1/img", [f"{number:08d}.jpg" for number in (1, 2, 3)])
    write_frames(tmp_path / "net/TRAIN_all/frames/v", [f"{number}.jpg" for number in range(3)])
    (tmp_path / "net/TRAIN_all/anno").mkdir()
    (tmp_path / "lasot/training_set.txt").write_text("cat-1\n")
    files = ("got10k/s/groundtruth.txt", "lasot/cat/cat-1/groundtruth.txt", "net/TRAIN_all/anno/v.txt")
    for file in files:
        (tmp_path / file).write_text("\n".join(lines) + "\n")
    for source in (
        Got10kSource(tmp_path / "got10k"), LasotSource(tmp_path / "lasot"), TrackingNetSource(tmp_path / "net")
    ):  # fmt: skip
        sequence = source.load(source.names()[0])
        assert sequence.absent[1].tolist() == [False, True, False]
        assert prepare(sequence, bad="skip").skipped == []


def test_youtubevos(tmp_path):
    write_frames(tmp_path / "JPEGImages/v", ["00000.jpg", "00005.jpg", "00010.jpg"])
    (tmp_path / "Annotations/v").mkdir(parents=True)
    labels = np.zeros(SIZE, np.uint8)
    labels[10:20, 5:25] = 3
    write_mask(tmp_path / "Annotations/v/00000.png", labels)
    labels[30:40, 30:50] = 5
    labels[labels == 3] = 0
    write_mask(tmp_path / "Annotations/v/00010.png", labels)
    content = {"videos": {"v": {"objects": {"3": {"category": "cat"}, "5": {"category": "dog"}}}}}
    (tmp_path / "meta.json").write_text(json.dumps(content))
    sequence = YouTubeVosSource(tmp_path).load("v")
    assert sequence.boxes[3].tolist()[0] == [5, 10, 20, 10]
    assert (boxed(sequence, 3), boxed(sequence, 5)) == ([0], [2])
    assert sequence.absent[3].tolist() == [False, False, True], "frame 1 has no annotation and says nothing"
    assert sequence.objects == {3: "cat", 5: "dog"}
    assert (sequence.numbers, sequence.frame_step) == ((0, 5, 10), 5)


def test_folder_finds_sequences_at_any_depth(tmp_path):
    got10k_sequence(tmp_path / "deep/er", "one", 3)
    write_frames(tmp_path / "two/img", ["a.png", "b.png"])
    (tmp_path / "two/boxes.csv").write_text("frame,object,x,y,w,h\n0,1,1,1,9,9\n0,7,2,2,9,9\n1,7,nan,nan,nan,nan\n")
    source = open_folder(tmp_path, None)
    assert source.names() == ["deep/er/one", "two"]
    assert boxed(source.load("deep/er/one")) == [0, 1, 2]
    two = source.load("two")
    assert two.absent[1].tolist() == [False, False], "a row that is not there says nothing"
    assert two.absent[7].tolist() == [False, True], "a row of nan says absent"
    assert two.numbers == (1, 2), "names that are no numbers: counted from 1"
    assert open_folder(tmp_path / "two", None).names() == ["two"]


def test_folder_with_a_video(tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "c.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, SIZE[::-1])
    for shade in range(6):
        writer.write(np.full((*SIZE, 3), 40 * shade, np.uint8))
    writer.release()
    write_boxes(tmp_path / "c.txt", wandering_boxes(6))
    sequence = open_folder(tmp_path, None).load("c")
    assert [round(frame.mean() / 40) for frame in sequence.frames] == list(range(6))
    thin = sequence.thinned(2, 2)
    assert [round(frame.mean() / 40) for frame in thin.frames] == [0, 2]
    assert thin.frames.stems() == ["00000000", "00000002"]
    assert thin.frames.sizes() == [SIZE] * 2


def test_folder_with_boxes_beside_a_folder_of_pictures(tmp_path):
    write_frames(tmp_path / "a/c", ["00000.png", "00001.png"])
    write_boxes(tmp_path / "a/c.txt", wandering_boxes(2))
    source = open_folder(tmp_path, None)
    assert source.names() == ["a/c"]
    assert boxed(source.load("a/c")) == [0, 1]


def test_four_zeros_say_absent(tmp_path):
    write_frames(tmp_path, ["00000.png", "00001.png", "00002.png"])
    (tmp_path / "groundtruth.txt").write_text("1,1,9,9\n0,0,0,0\n1,1,9,9\n")
    sequence = open_folder(tmp_path, None).load(tmp_path.name)
    assert sequence.absent[1].tolist() == [False, True, False]
    assert prepare(sequence, bad="skip").skipped == []


def test_one_video_is_not_a_folder(tmp_path):
    (tmp_path / "c.mp4").touch()
    with pytest.raises(UserError, match=r"run_annotate.py video .*c\.mp4"):
        open_folder(tmp_path / "c.mp4", None)


@pytest.mark.parametrize(
    ("absent", "max_gap", "filled"),
    [
        pytest.param([], 4, [0, 1, 2, 3, 4, 7], id="a gap that is short enough"),
        pytest.param([], 3, [0, 4, 5, 6, 7], id="one that is too long, one that is not"),
        pytest.param([2], 9, [0, 4, 5, 6, 7], id="absent in between"),
        pytest.param([], 0, [0, 4, 7], id="none"),
    ],
)
def test_fill_gaps(absent, max_gap, filled):
    track = np.full((9, 4), np.nan)
    track[[0, 4, 7]] = [[0, 0, 10, 10], [4, 8, 14, 10], [7, 8, 14, 10]]
    flags = np.isin(np.arange(9), absent)
    if max_gap == 4:
        flags[5] = True
    found = fill_gaps(track, flags, max_gap)
    assert np.flatnonzero(np.isfinite(found).all(axis=1)).tolist() == filled
    if 1 in filled:
        assert found[1].tolist() == [1, 2, 11, 10]


def test_prepare_leaves_out_what_cannot_be_used(tmp_path):
    paths = tuple(write_frames(tmp_path, [f"{i}.png" for i in range(4)]))
    good = [5.0, 5.0, 10.0, 10.0]
    boxes = {1: np.array([good, [5, 5, 0, 9], [5, np.nan, 9, 9], good]), 2: np.array([[99.0, 99, 5, 5]] + [NAN] * 3)}
    prepared = prepare(BoxedSequence("s", Pictures(paths), (0, 1, 2, 3), boxes), max_gap=9, bad="skip")
    assert prepared.given[1].tolist() == [True, False, False, True]
    assert prepared.boxes[1][1].tolist() == good, "the gap it leaves is filled"
    assert list(prepared.boxes) == [1], "an object without a usable box gets no masks"
    assert len(prepared.skipped) == 3 and "frame 0 object 2: box (99, 99, 5, 5)" in prepared.skipped[2]


def test_input_hash_follows_boxes_and_files(tmp_path):
    folder = got10k_sequence(tmp_path, "s", 3)

    def current() -> str:
        return Got10kSource(tmp_path).load("s").input_hash()

    before = current()
    assert current() == before
    write_boxes(folder / "groundtruth.txt", wandering_boxes(3) + 1)
    moved = current()
    write_frames(folder, ["00000002.jpg"], size=(20, 20))
    assert len({before, moved, current()}) == 3


@pytest.mark.parametrize(("stem", "number"), [("00000012", 12), ("frame7", 4), ("²", 4)])
def test_number_of(stem, number):
    assert number_of(stem, 3) == number


@pytest.mark.parametrize("kind", [Got10kSource, LasotSource, TrackingNetSource, YouTubeVosSource])
def test_an_empty_folder_is_refused(tmp_path, kind):
    with pytest.raises(UserError, match="no sequences"):
        kind(tmp_path).names()
