"""The small files of an output folder, damaged in every way: refused, or "not done", never a wrong "done"."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from miniatures.fuzzing import trials
from miniatures.review_job import write_sequence

from ltr_ext.data.decisions import CHOICES, read_decisions
from ltr_ext.data.trust_table import read_trust
from ltr_ext.errors import UserError
from tracker_ext.annotation.failures import read_failures, record_failure, recorded_failures, write_failed
from tracker_ext.annotation.manifests import done_manifest, read_manifest, remove_damaged
from tracker_ext.annotation.settings import read_settings


@pytest.fixture
def out(tmp_path) -> Path:
    write_sequence(tmp_path / "out", "a", [0.5, 0.9], pictures=1)
    return tmp_path / "out"


@st.composite
def damage(draw, whole: bytes) -> bytes:
    """Other bytes altogether, or some of them replaced, left out, doubled, or the rest cut off."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=60))
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 12)))
        new = draw(
            st.sampled_from([b"", b'"', b"\n", b",", b"\x00", b"\xff", b"null", b"{}", b"-1", b"inf", b"..", b"/"])
        )
        content[start:end] = draw(st.sampled_from([new, new, bytes(content[start:end]) * 2]))
    return bytes(content)[: draw(st.sampled_from([None, len(content) // 2]))]


def parse(content: bytes):
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


@trials(150)
@given(data=st.data())
def test_manifests(out, data):
    path = out / "sequences/a.json"
    whole = json.dumps({"name": "a", "frames": 2, "outputs": ["masks/a"], "trust_bytes": 153}).encode()
    path.write_bytes(data.draw(damage(whole)))
    manifest = done_manifest(out, "a")
    found = parse(path.read_bytes())
    if manifest is not None:
        assert found["name"] == "a" and isinstance(found["frames"], int) and found["outputs"]
        assert all((out / entry).exists() and ".." not in entry for entry in found["outputs"])
    assert (read_manifest(path) is None) == (remove_damaged(out) == ["a"])


@pytest.mark.parametrize(
    "content", ["[" * 100_000, "[]", "1", '{"name": "a", "outputs": "masks"}', '{"name": "a", "outputs": [1]}', ""]
)
def test_no_manifest(out, content):
    (out / "sequences/a.json").write_text(content)
    assert done_manifest(out, "a") is None


@trials(150)
@given(data=st.data())
def test_trust_tables(out, data):
    path = out / "trust/a.csv"
    whole = (
        b"sequence,frame,file,object,boxed,confidence,tightness,area,area_jump,parts,touches_border\n"
        b"a,0,00000001,1,1,0.5000,0.9000,100,0.1000,1,0\na,1,00000002,1,1,,,0,,0,0\n"
    )
    path.write_bytes(data.draw(damage(whole)))
    try:
        rows = read_trust(path)
    except UserError:
        return
    for row in rows:
        assert row.frame >= 0 and row.trust.area >= 0
        assert not row.trust.confidence > 1 and not row.trust.confidence < 0
        assert row.trust.area_jump != float("inf")


@trials(150)
@given(data=st.data())
def test_decisions(tmp_path, data):
    path = tmp_path / "decisions.csv"
    path.write_bytes(data.draw(damage(b'sequence,decision,comment\na,reject,"no, legs"\nb,accept,\n')))
    try:
        decided = read_decisions(path)
    except UserError:
        return
    assert all(name and name == decision.sequence and decision.choice in CHOICES for name, decision in decided.items())


@trials(150)
@given(data=st.data())
def test_failed_csv(out, data):
    record_failure(out, "b", "reason")
    whole = b"sequence,reason\nb,reason\n"
    (out / "failed.csv").write_bytes(data.draw(damage(whole)))
    with suppress(UserError):
        assert all(set(row) == {"sequence", "reason"} for row in read_failures(out / "failed.csv"))
    assert write_failed(out, lambda name: False) == out / "failed.csv"
    assert (out / "failed.csv").read_bytes() == whole
    for path in out.glob("failed.unreadable-*.csv"):
        path.unlink()


@trials(150)
@given(data=st.data())
def test_records_of_failures(out, data):
    record_failure(out, "b", "reason")
    path = out / "failures/b.json"
    path.write_bytes(data.draw(damage(path.read_bytes())))
    assert list(recorded_failures(out)) == ["b"], "the file's name is known whatever is in it"


@trials(150)
@given(data=st.data())
def test_settings(tmp_path, data):
    path = tmp_path / "settings.json"
    path.write_bytes(data.draw(damage(b'{"dataset": "x", "formats": ["davis"], "weights_hash": "0", "every": 1}')))
    try:
        found = read_settings(tmp_path)
    except UserError:
        return
    assert {"dataset", "formats", "weights_hash"} <= found.keys()
