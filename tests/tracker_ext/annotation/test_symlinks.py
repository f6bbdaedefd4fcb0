"""Pictures beside the masks: symbolic links, or files where these are not wanted or cannot be."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from miniatures.job_files import NAMES, everything

PICTURES = Path("davis/JPEGImages/480p")


def test_without_symbolic_links_the_folder_stands_alone(run, data, tmp_path):
    linked, files = tmp_path / "linked", tmp_path / "files"
    assert run(out=linked) == run("--no-symlinks", out=files) == 0
    assert all(path.is_symlink() for path in (linked / PICTURES).glob("*/*"))
    assert not any(path.is_symlink() for path in files.rglob("*"))
    assert everything(linked) == everything(files), "settings.json too"
    shutil.rmtree(data)
    assert len([path.read_bytes() for path in (files / PICTURES).glob("*/*")]) == sum(NAMES.values())


def test_one_run_may_have_them_and_the_next_not(run, tmp_path):
    assert run("--limit", "1") == run("--no-symlinks") == 0
    kinds = [all(path.is_symlink() for path in folder.iterdir()) for folder in (tmp_path / "out" / PICTURES).iterdir()]
    assert sorted(kinds) == [False, False, True]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
def test_a_file_system_without_symbolic_links(run, tmp_path, monkeypatch, capsys, number):
    def refuse(*args, **options):
        raise OSError(number, os.strerror(number), args[1])

    monkeypatch.setattr(os, "symlink", refuse)
    assert run() == 0
    assert capsys.readouterr().err.count("note: ") == 1
    pictures = list((tmp_path / "out" / PICTURES).glob("*/*"))
    assert len(pictures) == sum(NAMES.values()) and not any(path.is_symlink() for path in pictures)
    assert run("--format", "upstream", out=tmp_path / "alone") == 0
    assert "note: " not in capsys.readouterr().err, "no pictures, nothing to say"


def test_neither_kind_of_link(run, data, tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise PermissionError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert run("--no-symlinks") == 0
    for path in (tmp_path / "out" / PICTURES / "a").iterdir():
        original = data / "a" / f"{int(path.stem) + 1:08d}.jpg"
        assert path.read_bytes() == original.read_bytes() and not path.samefile(original)
