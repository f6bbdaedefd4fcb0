"""Archives of results: what is read of them, and what is refused before a byte is written."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

import run_evaluation
from ltr_ext.errors import UserError, run_command
from tracker_ext.evaluation.archives import Limits, open_results, unpack
from tracker_ext.evaluation.datasets import DavisFolderDataset


def pack(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("packed", "read"),
    [
        pytest.param(["a.txt", "b.txt"], {"a.txt", "b.txt"}, id="TrackingNet: flat"),
        pytest.param(["run/a.txt", "run/masks/a/0.png"], {"a.txt", "masks/a/0.png"}, id="one folder around them"),
        pytest.param(["a/a_001.txt", "a/a_time.txt"], {"a.txt", "a/a_001.txt", "a/a_time.txt"}, id="GOT-10k, one"),
        pytest.param(
            ["a/a_001.txt", "b/b_001.txt"], {"a.txt", "b.txt", "a/a_001.txt", "b/b_001.txt"}, id="GOT-10k, several"
        ),
        pytest.param(["Annotations/a/0.png"], {"masks/a/0.png"}, id="YouTube-VOS"),
        pytest.param(["a/0.png"], {"a/0.png"}, id="masks of one sequence"),
    ],
)
def test_layouts(tmp_path, packed, read):
    path = pack(tmp_path / "results.zip", dict.fromkeys(packed, "1,2,3,4\n"))
    with open_results(path) as folder:
        assert files_below(folder) == read
    assert not folder.exists(), "temporary"


def test_a_folder_is_taken_as_it_is(tmp_path):
    with open_results(tmp_path) as folder:
        assert folder == tmp_path
    assert tmp_path.is_dir()


def entry_of_kind(name: str, kind: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (kind | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        pytest.param("../outside.txt", "leads out", id="parent"),
        pytest.param("a/../../outside.txt", "leads out", id="parent inside"),
        pytest.param("/tmp/outside.txt", "leads out", id="absolute"),
        pytest.param("..\\outside.txt", "no relative path", id="backslash"),
        pytest.param("C:/outside.txt", "no relative path", id="drive"),
        pytest.param(entry_of_kind("link", stat.S_IFLNK), "link or a device", id="link"),
        pytest.param(entry_of_kind("pipe", stat.S_IFIFO), "link or a device", id="pipe"),
    ],
)
def test_entries_that_lead_elsewhere_are_refused_before_anything_is_written(tmp_path, entry, reason):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.txt", "1,2,3,4\n")
        archive.writestr(entry, "../outside.txt")
    folder = tmp_path / "in" / "side"
    folder.mkdir(parents=True)
    with pytest.raises(UserError, match=f"{reason}.*nothing was unpacked"):
        unpack(path, folder)
    assert files_below(tmp_path) == {"evil.zip"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubled_entries_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "1")
        archive.writestr("a.txt", "2")
    with pytest.raises(UserError, match="is there twice"), open_results(tmp_path / "a.zip"):
        pass


def test_encrypted_entries_are_refused(tmp_path):
    data = bytearray(pack(tmp_path / "a.zip", {"a.txt": "1,2,3,4\n"}).read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1  # the flag in the directory at the end
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(UserError, match="is encrypted"), open_results(tmp_path / "a.zip"):
        pass


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        pytest.param(Limits(entries=1), "2 entries, more than 1", id="entries"),
        pytest.param(Limits(total_bytes=1000), "100001 bytes unpacked, more than 1000", id="in all"),
        pytest.param(Limits(entry_bytes=1000), "'b.txt' unpacks to more than 1000", id="in one"),
    ],
)
def test_bombs(tmp_path, limits, reason):
    path = pack(tmp_path / "bomb.zip", {"a.txt": "1", "b.txt": b"0" * 100_000})
    with pytest.raises(UserError, match=reason), open_results(path, limits):
        pass


def test_sizes_are_counted_not_believed(tmp_path):
    """The directory of the archive says 10 bytes, the data are 100,000."""
    data = bytearray(pack(tmp_path / "liar.zip", {"b.txt": b"0" * 100_000}).read_bytes())
    real, small = (100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    (tmp_path / "liar.zip").write_bytes(bytes(data).replace(real, small))
    with pytest.raises(UserError, match=r"liar\.zip"), open_results(tmp_path / "liar.zip", Limits(entry_bytes=1000)):
        pass


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\3\4 cut off"])
def test_what_is_no_zip(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(UserError, match=r"archive .*a\.zip cannot be unpacked"), open_results(tmp_path / "a.zip"):
        pass


def test_damaged_data(tmp_path):
    data = bytearray(pack(tmp_path / "a.zip", {"a.txt": bytes(range(256)) * 40}).read_bytes())
    for place in range(40, 60):
        data[place] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(UserError, match="cannot be unpacked"), open_results(tmp_path / "a.zip"):
        pass


def test_the_command_scores_a_zip(davis_root, store_results, tmp_path, capsys):
    store_results(DavisFolderDataset(davis_root).get_sequence_list(), tmp_path / "mine")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files_below(tmp_path / "mine")):
            archive.write(tmp_path / "mine" / name, f"mine/{name}")
    (tmp_path / "packed.zip").write_bytes(buffer.getvalue())
    assert run_evaluation.main([str(davis_root), "--results", str(tmp_path / "packed.zip")]) == 0
    assert "| packed " in capsys.readouterr().out
    assert (tmp_path / "packed_report" / "table.md").is_file()


def test_the_command_refuses_an_evil_zip_in_one_line(davis_root, tmp_path, capsys):
    pack(tmp_path / "evil.zip", {"../../evil.txt": "x"})
    arguments = [str(davis_root), "--results", str(tmp_path / "evil.zip")]
    assert run_command(lambda: run_evaluation.main(arguments)) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: archive") and "leads out of its folder" in error and "\n" not in error
    assert not list(tmp_path.parent.glob("**/evil.txt"))
