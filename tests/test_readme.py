"""The README and the pages it sends its readers to name what exists, and all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def page(name: str) -> str:
    """A page of docs/, to which the README has a link."""
    assert f"](docs/{name})" in README, name
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def names(folder: str) -> list[str]:
    """`<sub-folder> <file>` of the modules two levels below a folder."""
    files = sorted((ROOT / folder).glob("*/*.py"))
    return [f"{path.parent.name} {path.stem}" for path in files if not path.stem.startswith("_")]


@pytest.mark.parametrize("name", names("ltr_ext/train_settings"))
def test_every_train_setting_is_in_its_table(name):
    text = page("train_settings.md")
    assert f"`{name}`" in text[text.index("## All recipes") : text.index("## Writing a train setting")]


@pytest.mark.parametrize("name", names("tracker_ext/parameter"))
def test_every_parameter_module_is_in_its_table(name):
    assert f"| `{name}` |" in page("evaluation.md")


def test_every_data_set_of_ours_is_in_its_table():
    from tracker_ext.evaluation.dataset_names import DATASETS

    text = page("evaluation.md")
    table = text[text.index("## Data sets and trackers") : text.index("## How good it is")]
    assert [name for name in DATASETS if f"`{name}`" not in table] == []


def test_every_dependency_earns_its_line():
    packages = re.findall(r'"([a-z][a-z0-9-]+)[><=]', (ROOT / "setup.py").read_text(encoding="utf-8"))
    assert len(packages) > 10
    rows = [line for line in page("dependencies.md").splitlines() if line.startswith("|")]
    cells = {name for row in rows for name in re.findall(r"[a-z][a-z0-9-]+", row)}
    assert [package for package in packages if package not in cells] == []


def test_every_extra_has_its_row():
    extras = re.findall(r'^        "([a-z]+)": ', (ROOT / "setup.py").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(extras) > 5
    assert [name for name in extras if f"| `{name}` |" not in page("dependencies.md")] == []


@pytest.mark.parametrize("script", sorted(path.name for path in ROOT.glob("run_*.py")))
def test_every_script_is_in_the_readme(script):
    assert f"python {script} " in README


@pytest.mark.parametrize(
    "command",
    [
        "make demo",
        "make test",
        "python run_training.py box2mask default",
        "python run_tracker.py lwl box2mask_init got10k_val",
        "python -m tracker_ext.vot.workspace",
        "settings/paths.toml",
    ],
)
def test_the_readme_says_what_people_come_for(command):
    assert command in README


def test_the_readme_is_short():
    """What is longer than a person reads standing belongs into docs/."""
    assert len(README.split()) < 1100


def test_the_film_is_one_that_a_page_can_carry():
    film = ROOT / "docs" / "boxes_to_masks.webp"
    assert film.read_bytes()[8:12] == b"WEBP" and film.stat().st_size <= 1.5e6


def test_no_placeholder_is_left():
    for path in (ROOT / "README.md", *sorted((ROOT / "weights").glob("*.md"))):
        assert "@@" not in path.read_text(encoding="utf-8"), path.name
