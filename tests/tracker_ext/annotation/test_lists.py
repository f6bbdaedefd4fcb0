"""Lists, failed.csv and report: derived from what lies in the folder, by whoever comes last."""

from __future__ import annotations

import csv
import json
import signal
import threading
from pathlib import Path

import pytest
from miniatures import job_files
from miniatures.job_files import NAMES, annotate, failures, finished, leftovers

from tracker_ext.annotation import lists, output_folder, run_summary, sequence_run
from tracker_ext.annotation.formats import images
from tracker_ext.annotation.lock import lists_lock
from tracker_ext.annotation.review.decisions import read_manifests


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"


def listed(out: Path) -> list[str]:
    return (out / "davis/ImageSets/2017/train.txt").read_text().split()


def in_report(out: Path, name: str) -> bool:
    return f'["{name}",' in (out / "report.html").read_text(encoding="utf-8")


def test_who_is_slow_between_reading_and_writing_does_not_lose_the_others(run, out, monkeypatch):
    """Without locks between machines the second one writes its lists while the first still holds older names."""
    monkeypatch.setattr(lists, "lists_lock", lambda *_: (_ for _ in ()).throw(lists.UserError("no locks here")))
    real, other = images.DavisFormat.finish, []

    def slow(self, folder, names):
        if not other:
            other.append(1)
            assert run("--only", "b") == 0
        return real(self, folder, names)

    monkeypatch.setattr(images.DavisFormat, "finish", slow)
    assert run("--only", "a") == 0
    assert listed(out) == ["a", "b"] and in_report(out, "a") and in_report(out, "b")


def test_who_comes_second_waits_for_the_lock(run, out):
    assert run("--only", "a") == 0
    with lists_lock(out, 0.0) as held:
        assert held
        second = threading.Thread(target=run, args=("--only", "b"))
        second.start()
        second.join(5)
        assert second.is_alive() and listed(out) == ["a"]
    second.join(60)
    assert listed(out) == ["a", "b"]


def test_failures_of_two_shards_stay_until_they_are_mended(run, data, out):
    for name in ("a", "b"):
        (data / name / "groundtruth.txt").write_text("nothing\n")
    assert run("--shard", "1/3") == 2  # nothing came of it
    assert run("--shard", "2/3") == 2
    assert list(failures(out)) == ["a", "b"]
    job_files.got10k_sequence(data, "a", NAMES["a"])
    assert run("--shard", "1/3") == 0
    assert list(failures(out)) == ["b"]
    job_files.got10k_sequence(data, "b", NAMES["b"], seed=1)
    assert run("--only", out / "failed.csv") == 0
    assert not (out / "failed.csv").exists() and not list((out / "failures").iterdir())


def test_a_long_reason_is_cut(run, data, out):
    (data / "b/groundtruth.txt").write_text("2" * 200_000 + ",1,1,1\n")
    for _ in range(2):
        assert run() == 1
        assert 20 < len(failures(out)["b"]) <= 300


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xff\x00", id="bytes"),
        pytest.param(b"sequence,reason\na," + b"x" * 200_000 + b"\n", id="a cell without end"),
        pytest.param(b"sequence,reason,mine\nb,x,remember\n", id="edited by hand"),
        pytest.param(b"", id="empty"),
    ],
)
def test_a_failed_csv_that_is_none_is_set_aside(run, data, out, capsys, content):
    (data / "b/groundtruth.txt").write_text("nothing\n")
    assert run() == 1
    (out / "failed.csv").write_bytes(content)
    assert run() == 1
    assert "kept as failed.unreadable-1.csv" in capsys.readouterr().out
    assert (out / "failed.unreadable-1.csv").read_bytes() == content
    assert list(failures(out)) == ["b"]


def test_only_takes_any_table_with_the_column(run, out, tmp_path, capsys):
    (tmp_path / "mine.csv").write_text("why;sequence\nlate;c\n")
    assert run("--only", tmp_path / "mine.csv") == 0
    assert finished(out) == ["c"]
    (tmp_path / "mine.csv").write_bytes(b"\xff")
    assert run("--only", tmp_path / "mine.csv") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_failures_that_an_older_version_listed_are_taken_over(run, data, out):
    (data / "b/groundtruth.txt").write_text("nothing\n")
    assert run("--only", "a") == 0
    (out / "failures").rmdir()
    (out / "failed.csv").write_text("sequence,reason\na,was broken\nb,was broken too\n")
    assert run("--only", "c") == 0
    assert failures(out) == {"b": "was broken too"}


def test_a_name_that_is_no_text_is_reported_and_the_others_are_made(run, data, out, capfd):
    job_files.write_frames(data / "odd", ["1.jpg", "2.jpg"])
    job_files.write_boxes(data / "odd/groundtruth.txt", job_files.wandering_boxes(2))
    try:
        (data / "odd").rename(data / "caf\udce9")
    except OSError:
        pytest.skip("a file system that knows text only")
    (data / "list.txt").unlink()
    assert run() == 1
    assert finished(out) == sorted(NAMES) == listed(out)
    assert in_report(out, "a")
    assert list(failures(out)) == ["caf\\udce9"]
    assert "caf\\udce9" in capfd.readouterr().err
    assert run("--only", out / "failed.csv") == 2
    (data / "caf\udce9").rename(data / "café")
    assert run() == 0
    assert finished(out) == sorted([*NAMES, "café"])


def test_names_with_line_breaks_of_every_kind(tmp_path, out, run):
    data = tmp_path / "in"
    job_files.write_frames(data / "s", ["1.jpg"])
    names = ["a\rb", "c\nd", "e\r\nf", 'g"h,i', "bad\r"]
    box = [8, 6, 24, 20]
    content = {
        "videos": [{"id": i, "name": name, "file_names": ["s/1.jpg"]} for i, name in enumerate(names, 1)],
        "annotations": [{"id": i, "video_id": i, "bboxes": [box if i < 5 else [900, 900, 1, 1]]} for i in range(1, 6)],
    }
    (tmp_path / "b.json").write_text(json.dumps(content))
    for _ in range(2):
        assert run("--boxes", tmp_path / "b.json", path=data) == 1
        assert sorted(manifest["name"] for _, manifest in read_manifests(out)) == sorted(names[:4])
        with (out / "failed.csv").open(newline="") as file:
            assert [row["sequence"] for row in csv.DictReader(file)] == ["bad\r"]
    (tmp_path / "d.csv").write_bytes(b'sequence,decision\n"a\rb",reject\n')
    assert annotate("--apply", tmp_path / "d.csv", "--out", out) == 0
    assert len(listed(out)) == 3


@pytest.mark.parametrize("way", ["Ctrl-C", "SIGTERM", "a full disk"])
def test_a_run_that_is_stopped_leaves_lists_and_report(run, out, monkeypatch, way):
    make = sequence_run.make_sequence

    def stop_at_b(job, sequence, *rest):
        if sequence.name == "b":
            if way == "Ctrl-C":
                raise KeyboardInterrupt
            if way == "SIGTERM":
                signal.raise_signal(signal.SIGTERM)
            raise OSError(28, "No space left on device")
        return make(job, sequence, *rest)

    monkeypatch.setattr(sequence_run, "make_sequence", stop_at_b)
    assert run() == (2 if way == "a full disk" else 130)
    assert listed(out) == ["a"] and in_report(out, "a") and leftovers(out) == []


def test_lists_and_report_come_up_to_date_during_a_run(run, out, monkeypatch):
    seen = []
    make = sequence_run.make_sequence

    def look(job, sequence, *rest):
        seen.append(listed(out) if (out / "davis/ImageSets").exists() and in_report(out, "a") else [])
        return make(job, sequence, *rest)

    monkeypatch.setattr(sequence_run, "make_sequence", look)
    monkeypatch.setattr(run_summary, "LISTS_INTERVAL", 0.0)
    monkeypatch.setattr(run_summary, "LISTS_PAUSE_FACTOR", 0)
    assert run() == 0
    assert seen == [[], ["a"], ["a", "b"]]


@pytest.mark.parametrize("folder", [".work", ".locks", "sequences", "trust", "davis", "davis/Annotations", "failures"])
def test_links_are_not_followed(run, out, tmp_path, capsys, folder):
    assert run("--only", "a") == 0
    precious = tmp_path / "precious"
    (precious / "data/a").mkdir(parents=True)
    (out / folder).rename(tmp_path / "moved")
    (out / folder).symlink_to(precious)
    assert run() in (1, 2)
    assert f"{out / folder} is a symbolic link" in capsys.readouterr().err
    assert [path.name for path in precious.rglob("*")] == ["data", "a"]


def test_leftovers_of_killed_runs_go(run, out):
    assert run("--only", "a") == 0
    left = [".probe-1.partial", "sequences/.a.json.1.partial", "davis/ImageSets/2017/.train.txt.1.partial"]
    left += [".locks/a.lock", ".work/b/davis/x.png", ".locks/b.lock", "failures/.b.json.1.partial"]
    for name in left:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("half")
    assert run() == 0
    assert not [name for name in left if (out / name).exists()]
    assert leftovers(out) == []


def test_signals_are_as_they_were_after_a_run(run):
    before = signal.getsignal(signal.SIGTERM)
    assert run() == 0
    assert signal.getsignal(signal.SIGTERM) is before
    with output_folder.stopped_like_ctrl_c(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_a_review_of_a_sequence_that_has_no_masks_now_is_left_out(run, data, out, tmp_path, capsys):
    assert run() == 0
    (data / "b/groundtruth.txt").write_text("nothing\n")
    assert run("--redo", "b") == 1
    (tmp_path / "d.csv").write_text("sequence,decision\na,reject\nb,reject\n")
    assert annotate("--apply", tmp_path / "d.csv", "--out", out) == 0
    assert "left out, for they have no masks now, see failed.csv: b" in capsys.readouterr().out
    assert listed(out) == ["c"]


def test_decisions_that_cannot_be_read_are_said_before_the_work(run, out, capsys):
    assert run("--only", "a") == 0
    (out / "decisions.csv").write_text("sequence,decision\na,maybe\n")
    assert run() == 2
    assert "decisions.csv line 2: decision 'maybe'" in capsys.readouterr().err
    assert finished(out) == ["a"]


def test_an_input_without_permission_is_the_sequences_fault(run, data, out, monkeypatch):
    """And not that of the output folder, which would stop the run."""
    make = sequence_run.make_sequence

    def without_permission(job, sequence, *rest):
        if sequence.name == "b":
            raise PermissionError(13, "Permission denied", str(data / "b/00000001.jpg"))
        return make(job, sequence, *rest)

    monkeypatch.setattr(sequence_run, "make_sequence", without_permission)
    assert run() == 1
    assert finished(out) == ["a", "c"] and "Permission denied" in failures(out)["b"]
