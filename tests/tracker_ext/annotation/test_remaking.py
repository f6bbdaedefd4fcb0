"""Sequences that are made again: because it is asked for, because their input changed, or because something is gone."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from miniatures import job_files
from miniatures.job_files import NAMES, annotate, everything, finished

from ltr_ext.data.decisions import read_decisions
from tracker_ext.annotation import sequence_run

MASKS = "davis/Annotations/480p"


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def made(monkeypatch) -> list[str]:
    """Names of the sequences that are made from now on."""
    names: list[str] = []
    make = sequence_run.make_sequence

    def noting(job, sequence, *rest):
        names.append(sequence.name)
        return make(job, sequence, *rest)

    monkeypatch.setattr(sequence_run, "make_sequence", noting)
    return names


def review(out: Path, *lines: str) -> int:
    file = out.parent / "decisions.csv"
    file.write_text("\n".join(["sequence,decision,comment", *lines]) + "\n", encoding="utf-8")
    return annotate("--apply", file, "--out", out)


def listed(out: Path) -> list[str]:
    return (out / "davis/ImageSets/2017/train.txt").read_text().split()


def move_boxes(data: Path, name: str) -> None:
    job_files.write_boxes(data / name / "groundtruth.txt", job_files.wandering_boxes(NAMES[name]) + 3)


@pytest.mark.parametrize("way", ["redo", "check-inputs", "masks deleted", "trust table deleted"])
def test_a_rejected_sequence_made_anew_is_undecided_and_in_one_place(run, data, out, capsys, way):
    assert run() == 0
    whole = everything(out)
    assert review(out, "b,reject,no legs", "a,accept,") == 0
    rejected = out / "rejected" / MASKS / "b"
    assert rejected.is_dir() and listed(out) == ["a", "c"]
    options = {"redo": ("--redo", "b"), "check-inputs": ("--check-inputs",)}.get(way, ())
    if way == "check-inputs":
        move_boxes(data, "b")
    elif way == "masks deleted":
        shutil.rmtree(rejected)
    elif way == "trust table deleted":
        (out / "trust/b.csv").unlink()
    capsys.readouterr()
    assert run(*options) == 0
    assert "b: made anew; 'reject' (no legs) was about the older masks and is taken back" in capsys.readouterr().err
    assert (out / MASKS / "b").is_dir() and not rejected.exists()
    assert listed(out) == ["a", "b", "c"]
    assert list(read_decisions(out / "decisions.csv")) == ["a"]
    if way != "check-inputs":
        kept = {name: content for name, content in everything(out).items() if name != "decisions.csv"}
        assert kept == whole
    assert review(out, "b,reject,") == 0
    assert rejected.is_dir() and not (out / MASKS / "b").exists()


def test_redo_takes_several_names_and_tables(run, out, made, tmp_path, capsys):
    (tmp_path / "list.csv").write_text("note,sequence\nx,c\n")
    assert run() == 0
    made.clear()
    assert run("--redo", "a", "--redo", tmp_path / "list.csv") == 0
    assert made == ["a", "c"]
    assert run() == 0
    assert made == ["a", "c"]
    assert run("--redo", "z") == 2
    assert "--redo: the data set has no sequence 'z'" in capsys.readouterr().err


def test_redo_that_was_interrupted_goes_on_without_the_option(run, out, made, monkeypatch):
    assert run() == 0
    make = sequence_run.make_sequence
    with monkeypatch.context() as broken:
        broken.setattr(sequence_run, "make_sequence", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run("--redo", "b") == 130
    assert (out / MASKS / "b").is_dir(), "the older masks stay until there are new ones"
    assert sequence_run.make_sequence is make
    assert listed(out) == ["a", "c"]
    made.clear()
    assert run() == 0
    assert made == ["b"] and listed(out) == ["a", "b", "c"]


def test_boxes_that_changed_are_noticed_without_an_option(run, data, out, made, capsys):
    assert run() == 0
    made.clear()
    capsys.readouterr()
    move_boxes(data, "b")
    os.utime(data / "c/groundtruth.txt", (1, 1))
    assert run() == 0
    said = capsys.readouterr().err
    assert said.count("boxes changed since the masks were made: b; --check-inputs") == 1 and "--redo" in said
    assert made == []
    assert run("--check-inputs") == 0
    assert made == ["b"]
    capsys.readouterr()
    assert run() == 0
    assert "changed" not in capsys.readouterr().err


def test_pixels_that_changed_in_a_file_of_the_same_length(run, tmp_path, out, made):
    data = tmp_path / "flat"
    job_files.write_frames(data / "s", ["1.bmp", "2.bmp"])
    job_files.write_boxes(data / "s/groundtruth.txt", job_files.wandering_boxes(2))
    assert run(path=data) == 0
    stamp = (data / "s/2.bmp").stat()
    cv2.imwrite(str(data / "s/2.bmp"), np.full((48, 64, 3), 7, np.uint8))
    os.utime(data / "s/2.bmp", ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))
    assert run("--check-inputs", path=data) == 0
    assert made == ["s", "s"]
    assert run("--check-inputs", path=data) == 0
    assert made == ["s", "s"]


def test_manifests_of_older_versions_keep_working(run, data, out, made, capsys):
    """They know a hash of boxes, names and lengths, and nothing of box files, sizes and numbers of files."""
    assert run() == 0
    for path in (out / "sequences").glob("*.json"):
        manifest = json.loads(path.read_text())
        for key in ("boxes_hash", "frames_hash", "box_files", "files", "trust_bytes"):
            del manifest[key]
        path.write_text(json.dumps(manifest))
    made.clear()
    assert run("--check-inputs") == 0
    assert made == []
    move_boxes(data, "b")
    later = (out / "sequences/b.json").stat().st_mtime + 5
    os.utime(data / "b/groundtruth.txt", (later, later))
    capsys.readouterr()
    assert run() == 0
    assert "boxes changed since the masks were made: b" in capsys.readouterr().err
    assert run("--check-inputs") == 0
    assert made == ["b"]


def test_a_mask_that_is_gone_is_found_by_check_inputs(run, out, made):
    assert run() == 0
    whole = everything(out)
    (out / MASKS / "b/00001.png").unlink()
    made.clear()
    assert run("--check-inputs") == 0
    assert made == ["b"] and everything(out) == whole


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda out: (out / "trust/b.csv").unlink(), id="trust table gone"),
        pytest.param(lambda out: cut(out / "trust/b.csv"), id="trust table cut off"),
        pytest.param(lambda out: shutil.rmtree(out / "preview/b"), id="preview gone"),
        pytest.param(lambda out: empty(out / "davis/Annotations/480p/b"), id="masks gone, folder left"),
        pytest.param(lambda out: (out / "sequences/b.json").write_text("{"), id="manifest no json"),
        pytest.param(
            lambda out: (out / "sequences/b.json").write_text('{"name": "b", "outputs": []}'), id="no outputs"
        ),
        pytest.param(lambda out: (out / "sequences/b.json").write_bytes(b"\xff\x00"), id="manifest no text"),
    ],
)
def test_what_is_gone_or_damaged_is_made_again_by_the_same_command(run, out, made, damage, monkeypatch):
    # Both runs take as long, and write the same manifest.
    monkeypatch.setattr(sequence_run, "time", SimpleNamespace(perf_counter=lambda: 0.0))
    assert run() == 0
    whole = everything(out)
    damage(out)
    made.clear()
    assert run() == 0
    assert made == ["b"] and everything(out) == whole and finished(out) == sorted(NAMES)


@pytest.mark.parametrize(
    ("formats", "file", "text"),
    [
        pytest.param("davis", "trust/b.csv", None, id="trust table"),
        pytest.param("ytvos", "ytvos/videos/b.json", "[]", id="ytvos"),
        pytest.param("ytvos", "ytvos/videos/b.json", "{", id="ytvos no json"),
    ],
)
def test_what_is_found_damaged_at_the_end_does_not_stand_in_the_way(run, out, made, capsys, formats, file, text):
    """Damage that keeps the length shows only when the file is read for the lists."""
    assert run("--format", formats) == 0
    whole = everything(out)
    size = (out / file).stat().st_size
    (out / file).write_text("x" * size if text is None else text)
    assert run("--format", formats) == 1
    assert "damaged: files of 1 sequence (b); the same command makes them again" in capsys.readouterr().err
    made.clear()
    assert run("--format", formats) == 0
    assert made == ["b"] and everything(out) == whole


def test_what_a_format_no_longer_holds_goes_with_the_older_masks(run, tmp_path, out):
    data = tmp_path / "growing"
    job_files.write_frames(data / "s", ["00000.jpg", "00001.jpg"])
    table = data / "s/boxes.csv"
    table.write_text("frame,object,x,y,w,h\n0,1,5,5,20,20\n1,1,5,5,20,20\n")
    assert run("--format", "upstream,davis", path=data) == 0
    assert (out / "upstream/s").is_dir()
    with table.open("a") as file:
        file.write("0,2,30,5,20,20\n1,2,30,5,20,20\n")
    assert run("--format", "upstream,davis", "--check-inputs", path=data) == 0
    assert not (out / "upstream/s").exists(), "masks of one object beside those of two"


def test_a_folder_in_which_masks_lie_twice_is_mended_by_redo(run, out, capsys):
    """As an older version left a rejected sequence that was made again."""
    assert run() == 0
    assert review(out, "b,reject,") == 0
    shutil.copytree(out / "rejected" / MASKS / "b", out / MASKS / "b", symlinks=True)
    assert review(out, "b,reject,", "a,reject,") == 2
    assert "exists too; delete one of the two, or make them again (--redo)" in capsys.readouterr().err
    assert run("--redo", "b") == 0
    assert not (out / "rejected" / MASKS / "b").exists() and "b" in listed(out)
    assert review(out, "b,reject,") == 0
    assert "b" not in listed(out)
