"""The journal: nothing that was said is lost, whatever ends the program."""

from __future__ import annotations

import pytest

from ltr_ext.errors import UserError
from tracker_ext.editor import journal as journal_module
from tracker_ext.editor.journal import JOURNAL_FILE, Journal, read_journal


def step(number: int) -> dict:
    return {"edit": f"step {number}", "changes": {"object/1": [None, {"name": str(number)}]}}


@pytest.fixture
def folder(tmp_path):
    with_three = Journal(tmp_path)
    for number in range(3):
        with_three.append(step(number))
    with_three.close()
    return tmp_path


def test_it_is_read_again(folder):
    again = Journal(folder)
    assert again.document.objects() == {1: "2"} and len(again.document.done) == 3
    again.close()


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_half_a_line_at_the_end_is_dropped_and_what_follows_is_whole(folder, cut):
    path = folder / JOURNAL_FILE
    path.write_bytes(path.read_bytes()[:-cut])
    again = Journal(folder)
    assert again.document.objects() == {1: "1"}
    again.append(step(9))
    again.close()
    assert read_journal(path)[0].objects() == {1: "9"}


def test_a_damaged_line_in_the_middle_is_refused(folder):
    path = folder / JOURNAL_FILE
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], b"{broken", *lines[1:]]))
    with pytest.raises(UserError, match="line 2 is damaged"):
        Journal(folder)


def test_it_becomes_one_line_and_says_the_same(folder, monkeypatch):
    monkeypatch.setattr(journal_module, "COMPACT_BYTES", 10)
    again = Journal(folder)
    assert (folder / JOURNAL_FILE).read_bytes().count(b"\n") == 1
    again.append({"undo": True})
    again.close()
    document, _ = read_journal(folder / JOURNAL_FILE)
    assert document.undone[0].says == "step 2" and len(document.done) == 2


def test_two_editors_on_one_folder(folder):
    first = Journal(folder)
    with pytest.raises(UserError, match="is open in another editor"):
        Journal(folder)
    first.close()
    Journal(folder).close()


def test_a_full_disk_leaves_the_document_as_it_was(folder, monkeypatch):
    journal = Journal(folder)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal_module.os, "fsync", full)
    with pytest.raises(UserError, match="No space left"):
        journal.append(step(7))
    monkeypatch.undo()
    assert journal.document.objects() == {1: "2"}
    journal.append(step(8))
    journal.close()
    assert [edit.says for edit in read_journal(folder / JOURNAL_FILE)[0].done] == [
        "step 0",
        "step 1",
        "step 2",
        "step 8",
    ]
