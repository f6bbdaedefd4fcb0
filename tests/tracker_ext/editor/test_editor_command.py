"""`run_editor.py` as a person starts and ends it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ltr_ext.errors import UserError
from tracker_ext.commands import edit
from tracker_ext.editor.serve import listen

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def running(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """The program, and the address that it prints."""
    command = [sys.executable, "run_editor.py", *map(str, arguments), "--no-browser"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            address = next(found[1] for line in process.stdout if (found := re.match(r"editor: (http://\S+)", line)))
            yield process, address
        finally:
            process.kill()


def test_close_ends_it_well(clip, box_filler, tmp_path):
    with running(clip, "--out", tmp_path / "out", "--weights", box_filler) as (process, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", address)
        for path, body in (("clips/0/act", b'{"do": "box", "frame": 3, "box": [5, 5, 20, 20]}'), ("leave", b"")):
            with urllib.request.urlopen(f"{address}{path}", body, timeout=20) as answer:
                assert answer.status == 200
        assert process.wait(30) == 0
    assert len(list((tmp_path / "out" / "masks").iterdir())) == 30
    assert "3,1,5,5,20,20" in (tmp_path / "out" / "given_boxes.csv").read_text()


def test_where_nothing_was_drawn_nothing_is_left(clip, box_filler, tmp_path):
    with running(clip, "--out", tmp_path / "some" / "out", "--weights", box_filler) as (process, address):
        with urllib.request.urlopen(f"{address}leave", b"", timeout=20):
            pass
        assert process.wait(30) == 0
    assert not list(tmp_path.iterdir())


def test_ctrl_c_ends_it_with_130(clip, box_filler, tmp_path):
    with running(clip, "--out", tmp_path / "out", "--weights", box_filler) as (process, address):
        with urllib.request.urlopen(f"{address}clips", timeout=20) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 130 and "Traceback" not in errors


def test_every_start_has_an_address_of_its_own(clip, box_filler, tmp_path):
    found = set()
    for name in "ab":
        with running(clip, "--out", tmp_path / name, "--weights", box_filler) as (_, address):
            found.add(address.split("/")[3])
    assert len(found) == 2


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere.mp4"], "nowhere.mp4 does not exist"),
        (["{empty}"], "has no clips"),
        (["{text}"], "cannot be opened"),
        (["{clip}", "--frames", "0"], "--frames must be at least 1"),
        (["{clip}", "--weights", "nowhere"], "weights nowhere do not exist"),
        (["{clip}", "--port", "99999"], "--port 99999"),
        (["{clip}", "--port", "{taken}"], r"--port \d+: cannot be used"),
        (["{clip}", "--max-gap", "-1"], "--max-gap -1"),
        (["{clip}", "--out", "{text}"], "is a file|cannot be written"),
        (["{pictures}", "--out", "{pictures}/out"], "lies in the input"),
    ],
)
def test_what_can_be_mended_is_one_line(arguments, message, clip, box_filler, tmp_path, monkeypatch):
    import cv2
    import numpy as np

    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        cv2.imwrite(str(tmp_path / "pictures" / f"{number}.png"), np.zeros((48, 64, 3), np.uint8))
    taken = listen(0)
    places = {
        "taken": taken.getsockname()[1],
        "clip": clip,
        "empty": tmp_path / "empty",
        "text": tmp_path / "text.mp4",
        "pictures": tmp_path / "pictures",
    }
    before = sorted(tmp_path.rglob("*"))
    with taken, pytest.raises(UserError, match=message) as error:
        edit.main([argument.format(**places) for argument in arguments])
    assert "\n" not in str(error.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_without_the_packages_of_the_extra(clip, monkeypatch):
    monkeypatch.setattr(edit.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install '.\[editor\]'"):
        edit.main([str(clip)])
