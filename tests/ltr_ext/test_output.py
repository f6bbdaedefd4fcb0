"""Output folders: whole or not there."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from ltr_ext.errors import UserError
from ltr_ext.output import OutputFolder, recover, remove, remove_partials, replacing


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
        raise error("broken off")


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


def old_result(target) -> None:
    (target / "masks").mkdir(parents=True)
    (target / "masks/old.png").write_text("old")
    (target / "boxes.txt").write_text("old")
    (target / "mine.txt").write_text("mine")


def publish(target) -> None:
    with OutputFolder(target) as work:
        (work / "masks").mkdir()
        (work / "masks/new.png").write_text("new")
        (work / "boxes.txt").write_text("new")
        (work / "result.json").write_text("new")


OLD = {"masks/old.png": "old", "boxes.txt": "old", "mine.txt": "mine"}
NEW = {"masks/new.png": "new", "boxes.txt": "new", "result.json": "new", "mine.txt": "mine"}


def texts(folder) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def renames(monkeypatch):
    """Lets the n-th rename fail, or all from there on."""

    def fail(number: int, error: BaseException, always: bool = False) -> None:
        count = []
        real = Path.rename

        def rename(self, target):
            count.append(1)
            if len(count) == number or (always and len(count) > number):
                raise error
            return real(self, target)

        monkeypatch.setattr(Path, "rename", rename)

    return fail


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(5, "Input/output error")])
def test_an_interruption_between_two_moves_leaves_the_old_result(tmp_path, renames, number, error):
    old_result(tmp_path / "out")
    renames(number, error)
    with pytest.raises((KeyboardInterrupt, UserError)):
        publish(tmp_path / "out")
    assert texts(tmp_path / "out") == OLD


@pytest.mark.parametrize("number", range(3, 7))
def test_what_could_be_moved_neither_in_nor_back_is_moved_in_by_the_next_run(tmp_path, monkeypatch, renames, number):
    """As after kill -9: the folder of the new result lies there, and nobody holds it."""
    target = tmp_path / "out"
    old_result(target)
    renames(number, OSError(5, "Input/output error"), always=True)
    with pytest.raises(UserError, match="cannot be written"):
        publish(target)
    monkeypatch.undo()
    recover(target)
    assert texts(target) == NEW
    assert {path.name for path in target.iterdir()} == {"masks", "boxes.txt", "result.json", "mine.txt"}


def test_a_folder_that_a_living_process_moves_is_left_to_it(tmp_path):
    target = tmp_path / "out"
    old_result(target)
    ready = target / ".out-x.ready"
    (ready / "masks").mkdir(parents=True)
    handle = os.open(ready, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    recover(target)
    assert ready.is_dir() and (target / "masks/old.png").exists()
    os.close(handle)
    recover(target)
    assert not ready.exists() and not (target / "masks/old.png").exists()


def test_unfinished_files_of_the_dead_are_removed_and_those_of_the_living_stay(tmp_path):
    (tmp_path / ".a.json.123.partial").write_text("half")
    (tmp_path / "precious").write_text("precious")
    (tmp_path / ".link.1.partial").symlink_to(tmp_path / "precious")
    with replacing(tmp_path / "b.json") as file:
        file.write(b"new")
        remove_partials(tmp_path)
        assert len(list(tmp_path.glob(".b.json.*.partial"))) == 1
    assert (tmp_path / "b.json").read_text() == "new"
    remove_partials(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"b.json", "precious", ".link.1.partial"}
    assert (tmp_path / "precious").read_text() == "precious"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_file_whose_writing_breaks_off_is_as_before(tmp_path, error):
    def break_off() -> None:
        with replacing(tmp_path / "a.txt") as file:
            file.write(b"half")
            raise error

    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(error):
        break_off()
    assert texts(tmp_path) == {"a.txt": "old"}


def test_removing_a_link_leaves_what_it_points_to(tmp_path):
    (tmp_path / "folder/inside").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    for name in ("link", "folder", "missing"):
        remove(tmp_path / name)
        assert (tmp_path / "folder").exists() == (name == "link")
