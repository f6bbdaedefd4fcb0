"""`--apply decisions.csv`: rejected masks go, nothing is lost, and they come back."""

from __future__ import annotations

import json

import pytest
from miniatures.review_job import AWKWARD, write_job

from ltr_ext.data.decisions import read_decisions
from ltr_ext.errors import UserError
from tracker_ext.annotation.review.decisions import apply_decisions


@pytest.fixture
def job(tmp_path):
    return write_job(tmp_path / "out", 4)


def decide(path, *lines: str):
    path.write_text("\n".join(["sequence,decision,comment", *lines]) + "\n", encoding="utf-8")
    return path


def tree(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}


def test_rejected_masks_move_and_come_back(job, tmp_path):
    before = tree(job)
    applied = apply_decisions(
        job, decide(tmp_path / "d.csv", "seq_00001,reject,bad", "seq_00002,flag,look", "seq_00000,accept,")
    )
    assert (applied.rejected, applied.restored, applied.flagged) == (["seq_00001"], [], ["seq_00002"])
    assert not (job / "masks/seq_00001").exists()
    assert (job / "rejected/masks/seq_00001/00000001.png").is_file()
    assert "flagged: seq_00002 (look)" in applied.summary()
    again = apply_decisions(job, decide(tmp_path / "d.csv", "seq_00001,accept,"))
    assert (again.rejected, again.restored) == ([], ["seq_00001"])
    assert tree(job) == before
    kept = {name: decision.choice for name, decision in read_decisions(job / "decisions.csv").items()}
    assert kept == {"seq_00000": "accept", "seq_00001": "accept", "seq_00002": "flag"}


def test_applying_twice_changes_nothing(job, tmp_path):
    file = decide(tmp_path / "d.csv", '"' + AWKWARD.replace('"', '""') + '",reject,')
    apply_decisions(job, file)
    before = tree(job)
    applied = apply_decisions(job, file)
    assert (applied.rejected, applied.restored) == ([], [])
    assert tree(job) == before


def test_an_interrupted_run_is_finished_by_the_next(job, tmp_path):
    file = decide(tmp_path / "d.csv", "seq_00000,reject,", "seq_00001,reject,")
    apply_decisions(job, file)
    (job / "rejected/masks/seq_00001").rename(job / "masks/seq_00001")
    assert apply_decisions(job, file).rejected == ["seq_00001"]


def test_its_own_file_can_be_applied(job, tmp_path):
    apply_decisions(job, decide(tmp_path / "d.csv", "seq_00000,reject,"))
    assert apply_decisions(job, job / "decisions.csv").rejected == []


def test_a_sequence_of_another_job_is_refused_before_anything_moves(job, tmp_path):
    before = tree(job)
    with pytest.raises(UserError, match=r"1 sequence not in .*\(elsewhere\)"):
        apply_decisions(job, decide(tmp_path / "d.csv", "seq_00000,reject,", "elsewhere,reject,"))
    assert tree(job) == before and not (job / "decisions.csv").exists()


@pytest.mark.parametrize("outputs", [None, [], ["../elsewhere"], ["/etc"], [""]])
def test_a_manifest_cannot_lead_outside(job, tmp_path, outputs):
    path = job / "sequences/seq_00000.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "outputs": outputs}))
    with pytest.raises(UserError, match=r"outputs|outside"):
        apply_decisions(job, decide(tmp_path / "d.csv", "seq_00000,reject,"))


def test_masks_made_anew_are_not_overwritten(job, tmp_path):
    file = decide(tmp_path / "d.csv", "seq_00000,reject,")
    apply_decisions(job, file)
    (job / "masks/seq_00000").mkdir()
    with pytest.raises(UserError, match="exists too"):
        apply_decisions(job, file)


def test_not_a_job(tmp_path):
    with pytest.raises(UserError, match="no folder sequences"):
        apply_decisions(tmp_path, decide(tmp_path / "d.csv", "a,reject,"))
