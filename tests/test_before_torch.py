"""A mistake on the command line is said before torch is imported, which takes seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = """
import importlib, json, sys
from ltr_ext.errors import run_command
command = importlib.import_module(sys.argv[1])
for arguments in json.loads(sys.argv[2]):
    assert run_command(lambda: command.main(arguments)) == 2, arguments
    assert "torch" not in sys.modules, arguments
"""


def messages(command: str, lines: list[list[str]]) -> list[str]:
    """What a command says of each line's arguments, in one process without torch; every exit code is 2."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, command, json.dumps(lines)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "BOX2MASK_HOST": "minihost"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    errors = done.stderr.splitlines()
    assert all(line.startswith("error: ") for line in errors)
    return errors


@pytest.fixture
def clip(tmp_path) -> Path:
    """Three pictures of 64x48."""
    folder = tmp_path / "walk"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number:05d}.png"), np.zeros((48, 64, 3), np.uint8))
    return folder


def test_run_tracker(clip, tmp_path):
    (tmp_path / "file").touch()
    video = ["lwl", "box2mask_init", "--video", str(clip), "--out", str(tmp_path / "out")]
    box = ["--box", "1,2,9,9"]
    lines = {
        "unknown; known are": ["lvl", *video[1:], *box],
        "did you mean box2mask_init?": ["lwl", "box2mask_ini", *video[2:], *box],
        "did you mean demo?": ["lwl", "box2mask_init", "dmeo"],
        "did you mean fish?": ["lwl", "box2mask_init", "demo", "--sequence", "fihs"],
        "got10k_dir is not set": ["lwl", "box2mask_init", "got10k_val"],
        "does not exist": ["lwl", "box2mask_init", "--video", "nowhere.mp4", *box],
        "is not four numbers": [*video, "--box", "1,2,3"],
        "has no area": [*video, "--box", "-5,0,9,-9"],
        "parts of the frame": [*video, "--box", "0.1", "0.2", "0.3", "0.4"],
        "lies wholly outside": [*video, "--box", "99,0,9,9"],
        "frame 2 object 1: box": [*video, *box, "--box", "2:99,0,9,9"],
        "frame 9 of 3 frames": [*video, "--box", "9:1,2,9,9"],
        "mask nothing.png does not exist": [*video, "--mask", "0:nothing.png"],
        "needs the object": video,
        "did you mean --video?": ["lwl", "box2mask_init", "--vidoe", "x"],
        "goes with --video": ["lwl", "box2mask_init", "demo", *box],
        "file is a file": [*video[:4], *box, "--out", str(tmp_path / "file/out")],
        "lies in the input": [*video[:4], *box, "--out", str(clip / "out")],
    }
    errors = messages("run_tracker", list(lines.values()))
    assert [(word, error) for word, error in zip(lines, errors, strict=True) if word not in error] == []
    assert not (tmp_path / "out").exists()


def test_run_annotate(clip, tmp_path):
    good, bad = tmp_path / "boxes.txt", tmp_path / "bad.txt"
    good.write_text("1,2,9,9\n" * 3)
    bad.write_text("1,2,9,9\n" * 4)
    relative = tmp_path / "relative.txt"
    relative.write_text("0.1,0.2,0.3,0.4\n" * 3)
    out = ["--out", str(tmp_path / "out")]
    video = ["video", str(clip), *out, "--boxes"]
    folder = ["folder", str(clip), *out]
    lines = {
        "4 boxes for 3 frames": [*video, str(bad)],
        "parts of the frame": [*video, str(relative)],
        "box file nowhere.txt does not exist": [*video, "nowhere.txt"],
        "is a box, not a file; for the first frame": [*video, "1,2,9,9"],
        "run_tracker.py lwl box2mask_init": ["video", str(clip), *out, "--box", "-5,0,9,9"],
        "did you mean --boxes?": ["video", str(clip), *out, "--boxs", str(good)],
        "frame folder nowhere.mp4 does not exist": ["video", "nowhere.mp4", *out, "--boxes", str(good)],
        "lies in the input": [*video[:2], "--out", str(clip / "out"), "--boxes", str(good)],
        "weights nowhere do not exist": [*video, str(good), "--weights", "nowhere"],
        "--frames must be at least 1": [*video, str(good), "--frames", "0"],
        "did you mean got10k_train?": ["got10k_trian", *out],
        "say first what it is": [str(clip), "--boxes", str(good)],
        "got10k_dir is not set": ["got10k_train", *out],
        "nowhere does not exist": ["folder", "nowhere", *out],
        "--boxes nowhere.csv": [*folder, "--boxes", "nowhere.csv"],
        "format nothing is unknown": [*folder, "--boxes", str(good), "--format", "nothing"],
        "weights nothing do not exist": [*folder, "--boxes", str(good), "--weights", "nothing"],
        "near it": [*folder, "--boxes", str(good), "--only", "wlak"],
    }
    errors = messages("run_annotate", list(lines.values()))
    assert [(word, error) for word, error in zip(lines, errors, strict=True) if word not in error] == []
    assert not (tmp_path / "out").exists()


def test_run_export(clip, tmp_path):
    out = ["--out", str(tmp_path / "out")]
    lines = {
        "did you mean coco?": [str(clip), *out, "--format", "cooc"],
        "result nowhere does not exist": ["nowhere", *out, "--format", "coco"],
        "frames of walk are not known": [str(clip), *out, "--format", "gif"],
        "did you mean --polygons?": [str(clip), *out, "--polygon"],
    }
    errors = messages("run_export", list(lines.values()))
    assert [(word, error) for word, error in zip(lines, errors, strict=True) if word not in error] == []
    assert not (tmp_path / "out").exists()


def test_run_editor(clip, tmp_path):
    (tmp_path / "empty").mkdir()
    out = ["--no-browser", "--out", str(tmp_path / "out")]
    lines = {
        "nowhere.mp4 does not exist": ["nowhere.mp4", *out],
        "has no clips": [str(tmp_path / "empty"), *out],
        "did you mean --weights?": [str(clip), *out, "--wieghts", "x"],
        "weights nowhere do not exist": [str(clip), *out, "--weights", "nowhere"],
        "--interval must be at least 1": [str(clip), *out, "--interval", "0"],
        "lies in the input": [str(clip), "--no-browser", "--out", str(clip / "out")],
        "--port -1": [str(clip), *out, "--port", "-1"],
    }
    errors = messages("run_editor", list(lines.values()))
    assert [(word, error) for word, error in zip(lines, errors, strict=True) if word not in error] == []


def test_run_evaluation_compare(tmp_path):
    (tmp_path / "file").touch()
    lines = {
        "write NAME:PARAMETER": ["compare", "demo", "--trackers", "lwl"],
        "did you mean demo?": ["compare", "dmeo"],
        "segtrack_dir is not set": ["compare", "segtrack_v2"],
        "is a file; name a folder": ["compare", "demo", "--out", str(tmp_path / "file")],
        "did you mean --trackers?": ["compare", "demo", "--tracker", "lwl:default"],
        "must be at least 1": ["compare", "demo", "--grabcut-frames", "0"],
    }
    errors = messages("run_evaluation", list(lines.values()))
    assert [(word, error) for word, error in zip(lines, errors, strict=True) if word not in error] == []
