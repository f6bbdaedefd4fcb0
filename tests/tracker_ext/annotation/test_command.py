"""A whole data set: what is written, and which options do what."""

from __future__ import annotations

import json
import sys

import cv2
import numpy as np
import pytest
from miniatures import job_files
from miniatures.job_files import NAMES, annotate, everything, finished, got10k_sequence, leftovers

from ltr_ext.data.image_io import read_mask
from ltr_ext.data.trust_table import read_trust
from tracker_ext.annotation import sequence_run
from tracker_ext.annotation.review.report_page import find_pictures

ODD = "Straße 7%/ä b"


def test_a_folder(run, tmp_path, capsys):
    out = tmp_path / "out"
    assert run() == 0
    assert finished(out) == sorted(NAMES)
    assert leftovers(out) == []
    assert not (out / "failed.csv").exists()
    for name, count in NAMES.items():
        masks = sorted((out / "davis/Annotations/480p" / name).iterdir())
        assert [path.name for path in masks] == [f"{index:05d}.png" for index in range(count)]
        rows = read_trust(out / "trust" / f"{name}.csv")
        assert [row.frame for row in rows] == list(range(count))
        assert [row.file for row in rows] == [f"{index + 1:08d}" for index in range(count)]
        assert [row.trust.area for row in rows] == [int(read_mask(path).astype(bool).sum()) for path in masks]
        assert list((out / "preview" / name).glob("*.jpg"))
        manifest = json.loads((out / "sequences" / f"{name}.json").read_text())
        assert (manifest["frames"], manifest["size"], manifest["skipped_boxes"]) == (count, [48, 64], [])
        assert all((out / path).exists() for path in manifest["outputs"])
    assert any(read_mask(path).any() for path in out.glob("davis/Annotations/480p/*/*.png"))
    assert (out / "report.html").is_file()
    assert "made 3 sequences, 18 frames" in capsys.readouterr().out


def test_a_second_run_does_nothing_and_a_third_only_what_is_missing(run, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    assert run("--limit", 2) == 0
    assert finished(out) == ["a", "b"]
    made = []
    make = sequence_run.make_sequence
    monkeypatch.setattr(
        sequence_run,
        "make_sequence",
        lambda job, sequence, *rest: (made.append(sequence.name), make(job, sequence, *rest))[1],
    )
    assert run() == 0
    assert made == ["c"]
    whole = everything(out)
    assert run() == 0
    assert made == ["c"]
    assert everything(out) == whole
    assert "3 done before, 0 to do" in capsys.readouterr().out


def test_masks_that_were_taken_away_are_made_again(run, tmp_path):
    out = tmp_path / "out"
    assert run() == 0
    whole = everything(out)
    for path in (out / "davis/Annotations/480p/b").iterdir():
        path.unlink()
    (out / "davis/Annotations/480p/b").rmdir()
    assert run() == 0
    assert everything(out) == whole


def test_changed_boxes_are_made_again_when_asked(run, data, tmp_path, capsys):
    out = tmp_path / "out"
    assert run() == 0
    before = everything(out)
    job_files.write_boxes(data / "b/groundtruth.txt", job_files.wandering_boxes(5) + 3)
    assert run() == 0
    assert everything(out) == before
    assert run("--check-inputs") == 0
    assert "changed since they were made: b\n" in capsys.readouterr().out
    after = everything(out)
    different = [name for name in before if before[name] != after.get(name)]
    assert different and all("/b" in name for name in different)


def test_decisions_of_a_review_are_applied(run, tmp_path, capsys):
    out = tmp_path / "out"
    assert run() == 0
    (tmp_path / "decisions.csv").write_text("sequence,decision,comment\nb,reject,lost\n")
    assert annotate("--apply", tmp_path / "decisions.csv", "--out", out) == 0
    assert (out / "rejected/davis/Annotations/480p/b").is_dir()
    assert (out / "davis/ImageSets/2017/train.txt").read_text() == "a\nc\n"
    assert run() == 0, "a rejected sequence is done"
    assert "3 done before, 0 to do" in capsys.readouterr().out
    assert annotate("--apply", tmp_path / "decisions.csv") == 2


@pytest.mark.parametrize(
    ("options", "named"),
    [
        pytest.param(("--tolerance", 0.5), "tolerance is 0.05 there and 0.5 here", id="window option"),
        pytest.param(("--format", "ytvos"), "formats is", id="format"),
        pytest.param(("--min-confidence", 0.5), "min_confidence", id="threshold"),
    ],
)
def test_a_run_with_other_settings_is_refused_and_changes_nothing(run, tmp_path, capsys, options, named):
    assert run("--limit", 1) == 0
    whole = everything(tmp_path / "out")
    assert run(*options) == 2
    assert named in capsys.readouterr().err
    assert everything(tmp_path / "out") == whole


def test_a_format_that_cannot_hold_a_sequence_is_left_out_of_it(run, tmp_path, capsys):
    data = tmp_path / "two"
    job_files.write_frames(data / "s", ["00000.jpg", "00001.jpg"])
    rows = [f"{frame},{i},{10 * i},5,20,20" for frame in (0, 1) for i in (1, 2)]
    (data / "s/boxes.csv").write_text("\n".join(["frame,object,x,y,w,h", *rows]) + "\n")
    assert run("--format", "upstream,davis", path=data) == 0
    assert "upstream cannot hold 1 sequence" in capsys.readouterr().out
    manifest = json.loads((tmp_path / "out/sequences/s.json").read_text())
    assert list(manifest["left_out"]) == ["upstream"]
    assert len(list((tmp_path / "out/davis/Annotations/480p/s").iterdir())) == 2
    assert not (tmp_path / "out/upstream/s").exists()
    assert run("--format", "upstream", path=data, out=tmp_path / "alone") == 2
    assert "failed: s: 2 objects, but --format upstream holds one" in capsys.readouterr().err


def test_a_format_that_cannot_be_written_at_all_is_not_left_out(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    assert run("--format", "davis,coco-rle") == 2
    assert "failed: a: " in capsys.readouterr().err
    assert not list((tmp_path / "out/sequences").iterdir())


def test_other_boxes_are_other_settings(run, data, tmp_path, capsys):
    for number, name in enumerate(("one.txt", "two.txt")):
        job_files.write_boxes(tmp_path / name, job_files.wandering_boxes(NAMES["a"]) + number)
    assert run("--boxes", tmp_path / "one.txt", path=data / "a") == 0
    assert run("--boxes", tmp_path / "two.txt", path=data / "a") == 2
    assert "made with other settings: dataset is folder" in capsys.readouterr().err


def test_a_run_with_another_batch_goes_on(run, tmp_path):
    """It changes the speed, not the masks."""
    assert run("--limit", 1) == 0
    assert run("--batch", 2) == 0


def test_a_bad_box_is_skipped_and_reported(run, data, tmp_path, capsys):
    lines = (data / "b/groundtruth.txt").read_text().splitlines()
    (data / "b/groundtruth.txt").write_text("\n".join([*lines[:2], "900,900,5,5", *lines[3:]]) + "\n")
    assert run("--max-gap", 0) == 0
    assert "1 unusable box left out" in capsys.readouterr().out
    manifest = json.loads((tmp_path / "out/sequences/b.json").read_text())
    assert ["outside the 64x48 image" in text for text in manifest["skipped_boxes"]] == [True]
    assert not read_mask(tmp_path / "out/davis/Annotations/480p/b/00002.png").any()
    assert read_mask(tmp_path / "out/davis/Annotations/480p/b/00003.png").any()


def test_names_with_slashes_spaces_and_other_letters(run, tmp_path):
    data, out = tmp_path / "odd data é", tmp_path / "out dir ü"
    got10k_sequence(data, ODD, 4)
    got10k_sequence(data, ".hidden", 4)
    assert run(path=data, out=out) == 0
    assert finished(out) == [ODD], "hidden folders are no input"
    assert (out / "davis/Annotations/480p/Straße 7%25%2Fä b/00003.png").is_file()
    assert run("--only", ODD, path=data, out=out) == 0


def test_shards_make_up_the_whole(run, data, tmp_path):
    assert run(out=tmp_path / "whole") == 0
    for part in ("1/2", "2/2"):
        assert run("--shard", part, out=tmp_path / "parts") == 0
    assert everything(tmp_path / "parts") == everything(tmp_path / "whole")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(("--shard", "0/2"), "--shard 0/2: write i/n", id="shard from 0"),
        pytest.param(("--shard", "3/2"), "--shard 3/2", id="shard beyond"),
        pytest.param(("--format", "png"), "--format png is unknown", id="format"),
        pytest.param(("--only", "z"), "no sequence 'z'", id="unknown sequence"),
        pytest.param(("--workers", 0), "--workers 0", id="workers"),
        pytest.param(("--limit", 0), "--limit 0", id="limit"),
        pytest.param(("--min-confidence", 2), "--min-confidence must be 0 to 1", id="confidence"),
        pytest.param(("--max-gap", -1), "--max-gap -1", id="gap"),
        pytest.param(("--variant", "single_image"), "are of variant iterative", id="variant"),
        pytest.param(("--weights", "missing.safetensors"), "missing.safetensors do not exist", id="weights"),
        pytest.param(("--cluster", "moon"), "--cluster moon", id="cluster"),
        pytest.param(("--only", "failde.csv"), "failde.csv: no such file", id="mistyped list"),
        pytest.param(("--slurm", "a=b"), "--slurm a=b: goes with --cluster slurm", id="slurm without cluster"),
        pytest.param(("--tolerance", 7), "--tolerance must be 0 to 1", id="tolerance"),
        pytest.param(("--boxes", "missing.json"), "missing.json: does not exist", id="boxes"),
    ],
)
def test_bad_options_in_one_line(run, capsys, options, message):
    assert run(*options) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_dry_run_counts_and_writes_nothing(run, tmp_path, capsys):
    assert run("--dry-run", "--format", "davis,coco-rle" if has_coco() else "davis") == 0
    text = capsys.readouterr().out
    assert "3 sequences, 0 done, 3 to do" in text and "about 18 frames" in text
    assert "davis: about" in text and "time: about" in text
    assert not (tmp_path / "out").exists()


def has_coco() -> bool:
    try:
        import pycocotools.mask  # noqa: F401
    except ImportError:
        return False
    return True


def test_min_confidence_leaves_masks_empty_and_keeps_the_opinion(run, tmp_path):
    assert run(out=tmp_path / "all") == 0
    trust = read_trust(tmp_path / "all/trust/a.csv")
    known = sorted(row.trust.confidence for row in trust if row.trust.area)
    limit = (known[0] + known[-1]) / 2
    assert run("--min-confidence", limit, out=tmp_path / "some") == 0
    assert read_trust(tmp_path / "some/trust/a.csv") == trust
    kept = [read_mask(tmp_path / "some/davis/Annotations/480p/a" / f"{row.frame:05d}.png").any() for row in trust]
    assert kept == [bool(row.trust.area) and row.trust.confidence >= limit for row in trust]
    manifest = json.loads((tmp_path / "some/sequences/a.json").read_text())
    assert manifest["summary"]["dropped"] == sum(row.trust.area > 0 for row in trust) - sum(kept) > 0


def test_without_refinement_is_another_result_of_the_same_weights(run, tmp_path, tiny_net):
    assert run(out=tmp_path / "full") == 0
    assert run("--variant", "multi_frame_plus", out=tmp_path / "short") == 0
    assert everything(tmp_path / "full") != everything(tmp_path / "short")
    assert run(out=tmp_path / "again") == 0
    assert everything(tmp_path / "full") == everything(tmp_path / "again"), "the network itself is as it was"


def test_frames_in_between_get_masks_of_less_confidence_and_absent_ones_none(run, tmp_path):
    data = tmp_path / "sparse"
    count = 13
    job_files.write_frames(data / "s", [f"{number:05d}.jpg" for number in range(count)])
    boxes = job_files.wandering_boxes(count)
    rows = [f"{i},1,{','.join(map(str, boxes[i]))}" for i in (0, 4, 8)] + ["9,1,nan,nan,nan,nan"]
    rows += [f"12,1,{','.join(map(str, boxes[12]))}"] + [f"{i},2,30,20,20,18" for i in range(3, 7)]
    (data / "s/boxes.csv").write_text("\n".join(["frame,object,x,y,w,h", *rows]) + "\n")
    assert run(path=data) == 0
    table = {(row.object, row.frame): row for row in read_trust(tmp_path / "out/trust/s.csv")}
    assert [f for f in range(count) if table[1, f].boxed] == [0, 4, 8, 12]
    assert [f for f in range(count) if table[2, f].boxed] == [3, 4, 5, 6]
    assert all(table[1, f].trust.area == 0 for f in (9, 10, 11)), "absent by the data set's word"
    assert all(table[2, f].trust.area == 0 for f in (0, 1, 2, 7, 8)), "before it enters, after it leaves"
    assert any(table[1, f].trust.area for f in (1, 2, 3, 5, 6, 7))
    manifest = json.loads((tmp_path / "out/sequences/s.json").read_text())
    assert manifest["summary"]["between"] > 0


def test_sizes_that_change_in_mid_sequence(run, tmp_path):
    data = tmp_path / "sizes"
    got10k_sequence(data, "s", 6)
    for number in (5, 6):
        cv2.imwrite(str(data / f"s/{number:08d}.jpg"), np.zeros((60, 90, 3), np.uint8))
    assert run(path=data) == 0
    shapes = [read_mask(path).shape for path in sorted((tmp_path / "out/davis/Annotations/480p/s").iterdir())]
    assert shapes == [(48, 64)] * 4 + [(60, 90)] * 2


def test_the_report_shows_each_picture_with_its_own_confidence(run, tmp_path):
    """Pictures are numbered from 1 here, the masks of the format from 0."""
    assert run() == 0
    out = tmp_path / "out"
    for name in NAMES:
        rows = read_trust(out / "trust" / f"{name}.csv")
        pictures = find_pictures(out / "preview" / name, rows)
        assert pictures
        for _, stem, confidence in pictures:
            assert confidence == pytest.approx(rows[int(stem) - 1].trust.confidence, abs=1e-4)
