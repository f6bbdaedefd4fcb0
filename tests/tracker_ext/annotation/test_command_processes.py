"""Several processes on one output folder, and processes that are killed in the middle of a sequence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from miniatures.job_files import annotate, everything, got10k

from tracker_ext.annotation.job import AnnotationJob, open_output
from tracker_ext.annotation.sequence_run import Outcome
from tracker_ext.annotation.settings import JobSettings
from tracker_ext.annotation.sources.folder import FolderSource
from tracker_ext.annotation.workers import run_in_processes
from tracker_ext.segmentation.config import AnnotateConfig

ROOT = Path(__file__).resolve().parents[3]
LONG = 250
WINDOWS = ("--frames", "3", "--interval", "2")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="finds the holder of a lock through /proc"),
]


@pytest.fixture
def data(tmp_path) -> Path:
    return got10k(tmp_path / "data", {"a": 5, "long": LONG, "c": 5, "d": 5})


@pytest.fixture
def job(data, tmp_path, tiny_weights) -> AnnotationJob:
    made = AnnotationJob(
        settings=JobSettings(
            dataset=f"folder {data}",
            formats=("davis",),
            weights_hash="0",
            config=AnnotateConfig(num_frames=3, interval=2),
        ),
        source=FolderSource(data),
        out=tmp_path / "out",
        weights=tiny_weights,
    )
    open_output(made)
    return made


def finished(out: Path) -> list[str]:
    return sorted(json.loads(path.read_text())["name"] for path in (out / "sequences").glob("*.json"))


def holder(lock: Path) -> int | None:
    """The process that has a file open."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if any(os.path.realpath(handle) == str(lock) for handle in (entry / "fd").iterdir()):
                    return int(entry.name)
            except OSError:
                continue
    return None


def wait_for(condition: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def in_the_middle(out: Path) -> bool:
    """Whether some masks of the long sequence are written, and not all."""
    return 5 <= len(list((out / ".work/long").glob("davis/Annotations/480p/long/*.png"))) < LONG


def killer(out: Path, times: int) -> threading.Thread:
    """Kills who makes the long sequence, in the middle of it."""

    def kill() -> None:
        for _ in range(times):
            before = None
            wait_for(lambda: in_the_middle(out))
            wait_for(lambda: holder(out / ".locks/long.lock") not in (None, before))
            before = holder(out / ".locks/long.lock")
            assert before is not None
            os.kill(before, signal.SIGKILL)
            wait_for(lambda before=before: holder(out / ".locks/long.lock") != before)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


def heed_ctrl_c() -> None:
    """A shell starts background commands with SIGINT ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def command(data: Path, out: Path, weights: Path, *options: str) -> subprocess.Popen[str]:
    arguments = ["folder", str(data), "--out", str(out), "--weights", str(weights), *WINDOWS, *options]
    return subprocess.Popen(
        [sys.executable, "run_annotate.py", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )


def run(data: Path, out: Path, weights: Path) -> int:
    return annotate("folder", data, "--out", out, "--weights", weights, *WINDOWS)


def test_kill_9_in_mid_sequence_loses_that_sequence_only(data, tmp_path, tiny_weights):
    out = tmp_path / "out"
    process = command(data, out, tiny_weights)
    wait_for(lambda: in_the_middle(out))
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert finished(out) == ["a", "c", "d"], "sequences of the folder are in the order of their names"
    assert not (out / "davis/Annotations/480p/long").exists()
    assert (out / ".work/long").exists()
    assert run(data, out, tiny_weights) == 0
    assert finished(out) == ["a", "c", "d", "long"]
    assert list((out / ".work").iterdir()) == list((out / ".locks").iterdir()) == []
    assert run(data, tmp_path / "whole", tiny_weights) == 0
    assert everything(out) == everything(tmp_path / "whole")


def test_two_runs_on_one_folder_share_the_work(tmp_path, tiny_weights, capsys):
    names = {f"s{number:02d}": 40 for number in range(8)}
    data, out = got10k(tmp_path / "data", names), tmp_path / "out"
    first = command(data, out, tiny_weights)
    wait_for(lambda: (out / "settings.json").exists())
    assert run(data, out, tiny_weights) == 0
    stdout, stderr = first.communicate(timeout=300)
    assert first.returncode == 0, stderr
    made = [int(text.split("made ")[1].split()[0]) for text in (stdout, capsys.readouterr().out)]
    assert sum(made) == len(names) and min(made) > 0
    assert finished(out) == sorted(names)


def test_a_killed_worker_loses_nothing(job, tmp_path):
    outcomes: list[Outcome] = []
    thread = killer(job.out, times=1)
    run_in_processes(job, ["a", "long", "c", "d"], 2, outcomes.append)
    thread.join(10)
    assert not thread.is_alive(), "a worker was killed"
    assert sorted((outcome.name, outcome.status) for outcome in outcomes) == [
        (name, "made") for name in ("a", "c", "d", "long")
    ]
    assert finished(job.out) == ["a", "c", "d", "long"]


def test_a_sequence_that_kills_its_workers_is_given_up(job):
    outcomes: list[Outcome] = []
    thread = killer(job.out, times=2)
    run_in_processes(job, ["long", "a"], 1, outcomes.append)
    thread.join(10)
    assert {outcome.name: outcome.status for outcome in outcomes} == {"a": "made", "long": "failed"}
    assert "its worker died twice (exit code -9)" in next(o.reason for o in outcomes if o.status == "failed")
    assert finished(job.out) == ["a"]


def test_ctrl_c_with_workers(data, tmp_path, tiny_weights):
    out = tmp_path / "out"
    process = command(data, out, tiny_weights, "--workers", "2")
    wait_for(lambda: in_the_middle(out))
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert "long" not in finished(out)
    assert list((out / ".work").iterdir()) == []
    assert run(data, out, tiny_weights) == 0
    assert finished(out) == ["a", "c", "d", "long"]


def test_workers_of_a_killed_run_stop_and_the_same_command_makes_all(data, tmp_path, tiny_weights):
    """Sequences in the hands of orphans would count as busy, and be missing from the lists."""
    out = tmp_path / "out"
    process = command(data, out, tiny_weights, "--workers", "2")
    wait_for(lambda: in_the_middle(out))
    worker = holder(out / ".locks/long.lock")
    assert worker not in (None, process.pid)
    process.kill()
    process.communicate()
    assert run(data, out, tiny_weights) == 0
    assert finished(out) == ["a", "c", "d", "long"]
    assert (out / "davis/ImageSets/2017/train.txt").read_text().split() == ["a", "c", "d", "long"]
    assert not Path(f"/proc/{worker}").exists()
