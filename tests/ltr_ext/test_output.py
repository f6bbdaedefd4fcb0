"""Output folders: whole or not there."""

from __future__ import annotations

import os

import pytest

from ltr_ext.errors import UserError
from ltr_ext.output import OutputFolder


def files(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_new_folder_appears_at_the_end(tmp_path):
    target = tmp_path / "a" / "out"
    with OutputFolder(target) as work:
        (work / "masks").mkdir()
        (work / "masks" / "0.png").write_text("new")
        assert not target.exists()
    assert files(tmp_path) == {"a/out/masks/0.png"}


def test_existing_folder_keeps_what_is_not_replaced(tmp_path):
    (tmp_path / "masks").mkdir()
    for name in ("masks/0.png", "masks/1.png", "boxes.txt", "mine.txt"):
        (tmp_path / name).write_text("old")
    with OutputFolder(tmp_path) as work:
        (work / "masks").mkdir()
        (work / "masks" / "0.png").write_text("new")
        (work / "boxes.txt").write_text("new")
        assert (tmp_path / "boxes.txt").read_text() == "old"
    assert files(tmp_path) == {"masks/0.png", "boxes.txt", "mine.txt"}, "masks of the longer clip are gone"
    assert (tmp_path / "boxes.txt").read_text() == "new"
    assert (tmp_path / "mine.txt").read_text() == "old"


def break_off(target, error: type[BaseException]) -> None:
    with OutputFolder(target) as work:
        (work / "boxes.txt").write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, UserError])
def test_after_an_error_all_is_as_before(tmp_path, error):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "boxes.txt").write_text("old")
    for target in (tmp_path / "old", tmp_path / "new"):
        with pytest.raises(error):
            break_off(target, error)
    assert files(tmp_path) == {"old/boxes.txt"}
    assert not (tmp_path / "new").exists()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file"), OutputFolder(tmp_path / "file"):
        pass
    with pytest.raises(UserError, match="cannot be written"), OutputFolder(tmp_path / "file" / "out"):
        pass


def test_permissions_are_those_of_any_new_folder(tmp_path):
    (tmp_path / "plain").mkdir()
    with OutputFolder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_full_disk_is_the_users_to_mend(tmp_path):
    with pytest.raises(UserError, match="nothing was written"), OutputFolder(tmp_path / "out") as work:
        raise OSError(28, "No space left on device", str(work / "overlay.mp4"))
    with pytest.raises(FileNotFoundError), OutputFolder(tmp_path / "out"):
        (tmp_path / "elsewhere").read_text()


@pytest.mark.parametrize("exists", [True, False])
def test_what_a_killed_run_left_is_removed_and_what_a_living_one_has_is_not(tmp_path, exists):
    target = tmp_path / "out"
    if exists:
        target.mkdir()
    place = target if exists else tmp_path
    left, other = place / ".out-killed.partial", place / ".out2-killed.partial"
    with OutputFolder(target) as living:
        os.utime(living, (0, 0))
        for folder in (left, other):
            (folder / "masks").mkdir(parents=True)
            os.utime(folder, (0, 0))
        with OutputFolder(target) as work:
            (work / "b.txt").touch()
            assert living.is_dir()
            assert not left.exists()
            assert other.is_dir(), "of another output"
        (living / "a.txt").touch()
    assert {path.name for path in target.iterdir()} >= {"a.txt", "b.txt"}
