"""A data set whose run is interrupted or hindered: a sequence is whole or absent, and the next run goes on."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from miniatures.job_files import NAMES, annotate, failures, finished, got10k_sequence, leftovers

from ltr_ext.output import replacing
from tracker_ext.annotation.formats import images
from tracker_ext.annotation.lock import SequenceLock


def test_ctrl_c_leaves_whole_sequences_and_the_next_run_goes_on(run, tmp_path, monkeypatch):
    out = tmp_path / "out"
    write = images.write_mask
    monkeypatch.setattr(images, "write_mask", interrupting(write, after=9, error=KeyboardInterrupt()))
    assert run() == 130
    assert finished(out) == ["a"]
    assert leftovers(out) == []
    assert sorted(path.name for path in (out / "davis/Annotations/480p").iterdir()) == ["a"]
    monkeypatch.setattr(images, "write_mask", write)
    assert run() == 0
    assert finished(out) == sorted(NAMES)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_fills_up_stops_the_run_and_keeps_what_is_finished(run, tmp_path, monkeypatch, capsys, code):
    out = tmp_path / "out"
    write = images.write_mask
    full = OSError(code, os.strerror(code), str(out / "x.png"))
    monkeypatch.setattr(images, "write_mask", interrupting(write, after=9, error=full))
    assert run() == 2
    error = capsys.readouterr().err
    assert os.strerror(code) in error and "same command again" in error and "Traceback" not in error
    assert finished(out) == ["a"]
    assert leftovers(out) == []
    monkeypatch.setattr(images, "write_mask", write)
    assert run() == 0
    assert finished(out) == sorted(NAMES)


def interrupting(function, after: int, error: BaseException):
    """The function, until it was called so many times."""
    calls = []

    def call(*arguments):
        calls.append(1)
        if len(calls) > after:
            raise error
        return function(*arguments)

    return call


def truncate(folder: Path) -> str:
    path = folder / "00000003.jpg"
    path.write_bytes(path.read_bytes()[:200])
    return "00000003.jpg"


def drop_frame(folder: Path) -> str:
    (folder / "00000003.jpg").unlink()
    return "a picture is missing between 00000002.jpg and 00000004.jpg"


def garble(folder: Path) -> str:
    (folder / "00000002.jpg").write_bytes(b"no picture")
    return "00000002.jpg"


def drop_box(folder: Path) -> str:
    lines = (folder / "groundtruth.txt").read_text().splitlines()
    (folder / "groundtruth.txt").write_text("\n".join(lines[:-1]) + "\n")
    return "4 boxes for 5 frames"


def drop_all_boxes(folder: Path) -> str:
    (folder / "groundtruth.txt").write_text("0,0,0,0\n" * 5)
    return "there is not one box"


@pytest.mark.parametrize("damage", [truncate, drop_frame, garble, drop_box, drop_all_boxes])
def test_a_broken_sequence_is_named_and_does_not_stop_the_others(run, data, tmp_path, capsys, damage):
    out = tmp_path / "out"
    reason = damage(data / "b")
    assert run() == 1
    assert finished(out) == ["a", "c"]
    assert list(failures(out)) == ["b"]
    assert any(part in failures(out)["b"] for part in reason.split("|"))
    error = capsys.readouterr().err
    assert "failed: b: " in error and "Traceback" not in error
    assert f"--only {out / 'failed.csv'}" in error
    assert not (out / "davis/Annotations/480p/b").exists()

    got10k_sequence(data, "b", 5, seed=1)
    assert run("--only", out / "failed.csv") == 0
    assert finished(out) == sorted(NAMES)
    assert not (out / "failed.csv").exists()


def test_a_read_only_folder_is_refused(run, tmp_path, monkeypatch, capsys):
    def refuse(path, *rest, **options):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert run() == 2
    assert "cannot be written (Permission denied)" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(run, tmp_path, capsys):
    (tmp_path / "out").mkdir(mode=0o555)
    assert run() == 2
    assert "cannot be written" in capsys.readouterr().err


def test_what_another_run_has_in_hand_is_left_to_it(run, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("--limit", 1) == 0
    with SequenceLock(out / ".locks/b.lock") as claimed:
        assert claimed
        assert run() == 0
        assert finished(out) == ["a", "c"]
        assert "1 sequence is being made by another run" in capsys.readouterr().out
    assert run() == 0
    assert finished(out) == sorted(NAMES)


@pytest.mark.parametrize("folder", ["sequences", "failures"])
def test_a_folder_that_cannot_be_made_is_named_on_one_line(run, tmp_path, monkeypatch, capsys, folder):
    make = os.mkdir

    def full(path, *arguments, **options):
        if os.path.basename(path) == folder:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        make(path, *arguments, **options)

    monkeypatch.setattr(os, "mkdir", full)
    assert run() == 2
    error = capsys.readouterr().err
    assert error.count("error: ") == 1 and f"output folder {tmp_path / 'out'} cannot be written" in error
    monkeypatch.setattr(os, "mkdir", make)
    assert run() == 0 and finished(tmp_path / "out") == sorted(NAMES)


def test_masks_are_on_the_disk_before_the_manifest_says_so(run, tmp_path, monkeypatch):
    """What a power cut leaves is a whole sequence or one without a manifest."""
    out = tmp_path / "out"
    synced: list[str] = []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    assert run("--limit", 1) == 0
    files = [path.rpartition("/.work/a/")[2] for path in synced]
    [manifest] = [number for number, path in enumerate(files) if "/sequences/.a.json" in path]
    before = set(files[:manifest])
    masks = {path.relative_to(out).as_posix() for path in (out / "davis/Annotations/480p/a").iterdir()}
    assert len(masks) == NAMES["a"]
    assert masks | {"trust/a.csv", "davis/Annotations/480p/a"} <= before
    assert {str(out / "davis/Annotations/480p"), str(out / "trust"), str(out / "preview")} <= before


def test_a_folder_of_something_else_is_refused_untouched(run, data, tmp_path, capsys):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "settings.json").write_text('{"mine": 1}')
    assert run(out=foreign) == 2
    assert "not run_annotate.py's" in capsys.readouterr().err
    assert [path.name for path in foreign.iterdir()] == ["settings.json"]
    assert run(out=data / "masks") == 2
    assert "lies in the input" in capsys.readouterr().err
    assert not (data / "masks").exists()


@pytest.mark.parametrize("command", ["make", "apply"])
def test_half_written_files_of_killed_processes_are_removed_by_every_command(run, tmp_path, command):
    out = tmp_path / "out"
    (tmp_path / "decisions.csv").write_text("sequence,decision\nb,reject\n")
    commands = {
        "make": lambda: run("--format", "davis,ytvos"),
        "apply": lambda: annotate("--apply", tmp_path / "decisions.csv", "--out", out),
    }
    assert commands["make"]() == 0
    left = [
        out / name
        for name in (
            ".decisions.csv.1.partial",
            ".report.html.1.partial",
            "sequences/.a.json.1.partial",
            "failures/.a.json.1.partial",
            "davis/ImageSets/2017/.train.txt.1.partial",
            "ytvos/.meta.json.1.partial",
        )
    ]
    for path in left:
        path.write_text("half")
    with replacing(out / "failed.csv") as file:
        file.write(b"sequence,reason\n")
        assert commands[command]() == 0
        assert list(out.rglob("*.partial")) == [Path(file.name)], "what a living process writes stays"
    assert not list(out.rglob("*.partial"))
