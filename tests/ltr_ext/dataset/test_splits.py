"""The splits of YouTube-VOS: the published 300, and a tenth of the others."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from miniatures.vos import YT300

from ltr_ext import host
from ltr_ext.dataset import splits
from ltr_ext.dataset.splits import OWN_LIST, UPSTREAM_LIST, main, part_of, split_a_b, split_yt300, yt300_names
from ltr_ext.errors import UserError

OTHERS = [f"{number:010x}" for number in range(100)]


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """A training set: all of YT300 and a hundred others."""
    folder = tmp_path / "2019/train/JPEGImages"
    for name in (*OWN_LIST.read_text().split(), *OTHERS):
        (folder / name).mkdir(parents=True)
    (folder / "list.txt").touch()  # no sequence
    return folder


def test_yt300_is_the_published_list() -> None:
    names = OWN_LIST.read_text().split()
    assert names == sorted(set(names)) and len(names) == 300 and set(YT300) < set(names)
    assert all(re.fullmatch("[0-9a-f]{10}", name) for name in names)
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
    assert digest == "ea6a39a7a03f20b6ea9e42d553a9a86e08e1fcd70aa5fafd3de0dc9b6a956385"


@pytest.mark.skipif(host.find("auto").name != "upstream", reason="pytracking is not checked out")
def test_upstreams_tree_has_the_same() -> None:
    home = host.find("auto").home
    assert yt300_names() == set((home / UPSTREAM_LIST).read_text().split()) == set(OWN_LIST.read_text().split())
    train = (home / "ltr/data_specs/youtubevos_jjtrain.txt").read_text().split()
    assert len(set(train)) == 3171 and not yt300_names() & set(train)


def test_a_list_in_upstreams_tree_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits.host, "find", lambda choice: host.Host("upstream", tmp_path, "test"))
    assert yt300_names() == set(OWN_LIST.read_text().split())
    (tmp_path / "ltr/data_specs").mkdir(parents=True)
    (tmp_path / UPSTREAM_LIST).write_text("b\na\n")
    assert yt300_names() == {"a", "b"}


def test_training_sees_all_but_yt300(frames: Path) -> None:
    train, held_out = split_yt300(frames)
    assert train == OTHERS and held_out == sorted(yt300_names())
    assert part_of(frames, "train") == train and part_of(frames, "YT300") == held_out


@pytest.mark.parametrize(
    ("names", "found"),
    [([], "0 sequences found, 0 of them"), (OTHERS[:5], "5 sequences found, 0 of them"), (YT300, "6 .*, 6 of them")],
)
def test_another_folder_is_refused(tmp_path: Path, names: list[str], found: str) -> None:
    for name in names:
        (tmp_path / "frames" / name).mkdir(parents=True)
    with pytest.raises(UserError, match=rf"frames: {found} of YT300; .*correct youtubevos_dir"):
        split_yt300(tmp_path / "frames")


def test_a_and_b_are_a_fixed_tenth_of_training_and_the_rest(
    frames: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = split_a_b(OTHERS)
    assert len(a) == 10 and sorted(a + b) == OTHERS
    assert split_a_b(OTHERS[::-1]) == (a, b)
    assert split_a_b(OTHERS[:3])[0]
    assert (part_of(frames, "A"), part_of(frames, "B")) == (a, b)
    monkeypatch.setattr("sys.argv", ["splits", str(frames.parents[2]), "--part", "A"])
    assert main() == 0
    assert capsys.readouterr().out.split() == a
