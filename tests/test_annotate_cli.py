"""`run_annotate.py` from the command line: files, and bad input in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from miniatures.networks import write_box_filler

import run_annotate
from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import run_command
from tracker_ext.segmentation import masks_from_boxes
from tracker_ext.video.box_files import read_boxes, read_given_boxes
from tracker_ext.video.result_tables import read_confidences

NUM_FRAMES = 4
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A tiny random network whose masks fill their boxes."""
    return write_box_filler(tmp_path_factory.mktemp("weights") / "tiny.safetensors")


@pytest.fixture
def clip(tmp_path) -> Path:
    """A folder of four pictures of 64x48."""
    folder = tmp_path / "walk"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(NUM_FRAMES):
        cv2.imwrite(str(folder / f"{number:05d}.png"), rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    return folder


def boxes_file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "boxes.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(clip: Path, boxes: Path, out: Path, weights: Path, *options: str) -> int:
    arguments = ["video", str(clip), "--boxes", str(boxes), "--out", str(out), "--weights", str(weights), *options]
    return run_command(lambda: run_annotate.main(arguments))


def test_one_object(clip, tmp_path, weights, capsys):
    boxes = boxes_file(tmp_path, "10,8,20,16", "11,8,20,16", "nan,nan,nan,nan", "13,8,20,16")
    out = tmp_path / "out"
    assert run(clip, boxes, out, weights, "--tolerance", "0") == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "boxes.txt", "confidence.csv", "given_boxes.csv", "masks", "overlay.mp4", "result.json"
    ]  # fmt: skip
    given = read_given_boxes(out / "given_boxes.csv", NUM_FRAMES)
    assert given.boxes[1][3].tolist() == [13, 8, 20, 16] and given.absent[1].tolist() == [False, False, True, False]
    assert set(read_confidences(out / "confidence.csv")) == {(1, 0), (1, 1), (1, 3)}
    masks = [read_mask(out / "masks" / f"{number:05d}.png") for number in range(NUM_FRAMES)]
    assert [int(mask.sum()) for mask in masks] == [320, 320, 0, 320]
    assert (out / "boxes.txt").read_text() == boxes.read_text()
    capture = cv2.VideoCapture(str(out / "overlay.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == NUM_FRAMES
    said = capsys.readouterr().out
    assert "sha256" in said
    assert "device: cpu" in said
    assert str(out) in said


def test_two_objects(clip, tmp_path, weights):
    starts = {1: 10, 2: 35}
    rows = [f"{frame},{number},{x},8,20,16" for frame in range(NUM_FRAMES) for number, x in starts.items()]
    boxes = boxes_file(tmp_path, "frame,object,x,y,w,h", *rows[:-1])
    out = tmp_path / "out"
    options = ("--mode", "centred", "--frames", "3", "--interval", "1", "--tolerance", "0")
    assert run(clip, boxes, out, weights, *options) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "boxes_1.txt",
        "boxes_2.txt",
        "confidence.csv",
        "given_boxes.csv",
        "masks",
        "overlay.mp4",
        "result.json",
    ]
    first = read_mask(out / "masks" / "00000.png")
    assert (first[8:24, 10:30] == 1).all()
    assert (first[8:24, 35:55] == 2).all()
    assert np.count_nonzero(first) == 640
    assert read_boxes(out / "boxes_2.txt", NUM_FRAMES)[1][:3].tolist() == [[35, 8, 20, 16]] * 3
    assert np.isnan(read_boxes(out / "boxes_2.txt", NUM_FRAMES)[1][3]).all()


def test_a_longer_older_result_is_replaced(clip, tmp_path, weights):
    out = tmp_path / "out"
    (out / "masks").mkdir(parents=True)
    (out / "masks" / "00009.png").touch()
    names = ("overlay.mp4", "boxes_1.txt", "boxes_2.txt", "notes.md", "boxes_of_mine.txt")
    for name in names:
        (out / name).touch()
    (out / "result.json").write_text(json.dumps({"files": ["masks/00009.png", *names[:3]]}))
    assert run(clip, boxes_file(tmp_path, *["10,8,20,16"] * 4), out, weights) == 0
    assert len(list((out / "masks").iterdir())) == NUM_FRAMES
    assert {path.name for path in out.iterdir()} == {
        "masks", "boxes.txt", "confidence.csv", "given_boxes.csv", "overlay.mp4", "result.json", "notes.md",
        "boxes_of_mine.txt",
    }  # fmt: skip


def test_nothing_of_the_users_is_overwritten(clip, tmp_path, weights, capsys):
    boxes = boxes_file(tmp_path, *GOOD)
    content = boxes.read_text()
    assert boxes.name == "boxes.txt"
    assert run(clip, boxes, tmp_path, weights) == 2, "the result would be called like the input"
    assert f"the input {boxes} would be replaced" in capsys.readouterr().err
    mine = tmp_path / "mine"
    (mine / "masks").mkdir(parents=True)
    for name in ("overlay.mp4", "masks/car.png"):
        (mine / name).write_text("mine")
    assert run(clip, boxes, mine, weights) == 2
    assert "masks/car.png is of no earlier result" in capsys.readouterr().err
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/result.json").write_text("mine")
    assert run(clip, boxes, tmp_path / "notes", weights) == 2
    assert "result.json is of no earlier result" in capsys.readouterr().err
    assert run(clip, boxes, clip / "masks", weights) == 2
    assert "lies in the input" in capsys.readouterr().err
    dataset = tmp_path / "dataset"
    (dataset / "sequences").mkdir(parents=True)
    (dataset / "settings.json").touch()
    assert run(clip, boxes, dataset, weights) == 2
    assert "masks of a data set" in capsys.readouterr().err
    assert boxes.read_text() == content
    assert (mine / "masks/car.png").read_text() == (mine / "overlay.mp4").read_text() == "mine"


def test_masks_that_were_mended_by_hand_are_not_overwritten(clip, tmp_path, weights, capsys):
    boxes, out = boxes_file(tmp_path, *GOOD), tmp_path / "out"
    assert run(clip, boxes, out, weights) == 0
    assert run(clip, boxes, out, weights) == 0, "as it was written, it may be replaced"
    later = (out / "result.json").stat().st_mtime + 60
    os.utime(out / "masks/00001.png", (later, later))
    assert run(clip, boxes, out, weights) == 2
    assert "masks/00001.png was changed by hand" in capsys.readouterr().err
    os.utime(out / "masks/00001.png", (0, 0))
    (out / "masks/00001_corrected.png").touch()
    assert run(clip, boxes, out, weights) == 2
    assert "masks/00001_corrected.png is of no earlier result" in capsys.readouterr().err


def test_a_json_is_not_shown_whole(clip, tmp_path, weights, capsys):
    boxes = boxes_file(tmp_path, '{"videos": [' + "1, " * 1000 + "1]}")
    assert run(clip, boxes, tmp_path / "out", weights) == 2
    error = capsys.readouterr().err
    assert "'videos' is no list of objects" in error and len(error) < 300


def test_a_picture_left_out_is_noticed_where_boxes_count_frames(clip, tmp_path, weights, capsys):
    for number in range(NUM_FRAMES, 12):
        cv2.imwrite(str(clip / f"{number:05d}.png"), np.zeros((48, 64, 3), np.uint8))
    (clip / "00006.png").unlink()
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("frame,object,x,y,w,h\n0,1,10,8,20,16\n8,1,10,8,20,16\n")
    assert run(clip, boxes, tmp_path / "out", weights) == 2
    assert "a picture is missing between 00005.png and 00007.png" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_frames_left_without_a_mask_are_counted(clip, tmp_path, weights, capsys):
    boxes = boxes_file(tmp_path, GOOD[0], "nan,nan,nan,nan", "0,0,0,0", GOOD[3])
    assert run(clip, boxes, tmp_path / "out", weights) == 0
    assert "2 frames without a box left empty" in capsys.readouterr().out


GOOD = ["10,8,20,16"] * NUM_FRAMES


@pytest.mark.parametrize(
    ("lines", "options", "words"),
    [
        pytest.param(GOOD[:3], (), ["3 boxes", "4 frames"], id="counts differ"),
        pytest.param([*GOOD[:2], "70,8,20,16", GOOD[3]], (), ["frame 2", "(70, 8, 20, 16)", "outside"], id="outside"),
        pytest.param([*GOOD[:3], "10,8,0,16"], (), ["frame 3", "no area"], id="no area"),
        pytest.param([*GOOD[:3], "10,8,20"], (), ["line 4", "not four numbers"], id="three numbers"),
        pytest.param(["nan,nan,nan,nan"] * 4, (), ["not one box"], id="never there"),
        pytest.param(GOOD, ("--frames", "0"), ["--frames", "0"], id="T of 0"),
        pytest.param(GOOD, ("--interval", "-1"), ["--interval", "-1"], id="negative D"),
        pytest.param(GOOD, ("--tolerance", "nan"), ["--tolerance", "nan"], id="tolerance is no number"),
    ],
)
def test_bad_boxes_and_options(clip, tmp_path, weights, capsys, lines, options, words):
    boxes = boxes_file(tmp_path, *lines)
    assert_refused(run(clip, boxes, tmp_path / "out", weights, *options), tmp_path, capsys, words)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        pytest.param("no video", ["nowhere.mp4", "does not exist"], id="missing video"),
        pytest.param("text as video", ["cannot be opened"], id="unreadable video"),
        pytest.param("empty folder", ["no pictures"], id="empty folder"),
        pytest.param("no boxes", ["box file", "does not exist"], id="missing boxes"),
        pytest.param("boxes in a folder", ["has no boxes", "no XML, json or text"], id="boxes are a folder"),
        pytest.param("no weights", ["weights", "do not exist"], id="missing weights"),
        pytest.param("corrupt weights", ["weights", "corrupt"], id="corrupt weights"),
        pytest.param("empty weights", ["weights", "empty file"], id="empty weights"),
        pytest.param("zipped weights", ["weights", "name it .pth"], id="weights of PyTorch"),
        pytest.param("changed size", ["frame 00002.png is 40x30", "64x48"], id="changed frame size"),
        pytest.param("broken frames", ["00000.png", "cannot be decoded"], id="not one whole frame"),
        pytest.param("out is a file", ["output folder", "is a file"], id="output is a file"),
    ],
)
def test_bad_files(clip, tmp_path, weights, capsys, broken, words):
    video, boxes, out = clip, boxes_file(tmp_path, *GOOD), tmp_path / "out"
    if broken == "no video":
        video = tmp_path / "nowhere.mp4"
    elif broken == "text as video":
        video = tmp_path / "text.mp4"
        video.write_text("not a video")
    elif broken == "empty folder":
        video = tmp_path / "empty"
        video.mkdir()
    elif broken == "no boxes":
        boxes = tmp_path / "nowhere.txt"
    elif broken == "boxes in a folder":
        boxes = clip
    elif broken == "no weights":
        weights = tmp_path / "nowhere.safetensors"
    elif broken == "corrupt weights":
        corrupt = tmp_path / "corrupt.safetensors"
        corrupt.write_bytes(weights.read_bytes()[:-100])
        weights = corrupt
    elif broken == "empty weights":
        weights = tmp_path / "empty.pth.tar"
        weights.touch()
    elif broken == "zipped weights":
        weights = tmp_path / "zipped.safetensors"
        torch.save({}, weights)
    elif broken == "changed size":
        cv2.imwrite(str(clip / "00002.png"), np.zeros((30, 40, 3), np.uint8))
    elif broken == "broken frames":
        for path in clip.iterdir():  # only decoding tells
            path.write_bytes(path.read_bytes()[:-500])
    elif broken == "out is a file":
        out = tmp_path / "taken"
        out.touch()
    assert_refused(run(video, boxes, out, weights), tmp_path, capsys, words)


def assert_refused(code: int, tmp_path: Path, capsys, words: list[str]) -> None:
    """Exit code 2, one line that names what is wrong, nothing written."""
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert code == 2
    assert len(errors) == 1
    assert [word for word in words if word not in errors[0]] == []
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.glob(".*")) == []


def test_help_has_an_example_and_starts_fast():
    done = subprocess.run(
        [sys.executable, "run_annotate.py", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0
    assert "python run_annotate.py video" in done.stdout


def test_one_call_from_python(clip, tmp_path, weights):
    boxes = boxes_file(tmp_path, *GOOD)
    from_files = list(masks_from_boxes(clip, boxes, weights, tolerance=0.0))
    pictures = [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in sorted(clip.iterdir())]
    from_arrays = list(masks_from_boxes(iter(pictures), np.tile([10.0, 8, 20, 16], (4, 1)), weights, tolerance=0.0))
    assert [result.mask().sum() for result in from_files] == [320] * NUM_FRAMES
    for a, b in zip(from_files, from_arrays, strict=True):
        np.testing.assert_array_equal(a.labels, b.labels)


def test_an_unknown_option_is_an_error(clip, weights):
    with pytest.raises(TypeError, match="intervall"):
        masks_from_boxes(clip, np.tile([10.0, 8, 20, 16], (4, 1)), weights, intervall=3)
