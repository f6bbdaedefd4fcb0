"""The README names what exists, and all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def names(folder: str) -> list[str]:
    """`<sub-folder> <file>` of the modules two levels below a folder."""
    files = sorted((ROOT / folder).glob("*/*.py"))
    return [f"{path.parent.name} {path.stem}" for path in files if not path.stem.startswith("_")]


@pytest.mark.parametrize("name", names("ltr_ext/train_settings"))
def test_every_train_setting_is_in_the_readme(name):
    assert f"run_training.py {name}" in README


@pytest.mark.parametrize("name", names("tracker_ext/parameter"))
def test_every_parameter_module_is_in_the_readme(name):
    assert f"`{name}`" in README


def test_every_data_set_of_ours_is_in_the_readme():
    from tracker_ext.evaluation.datasets import DATASETS

    assert [name for name in DATASETS if f"`{name}`" not in README] == []


def test_every_dependency_earns_its_line():
    packages = re.findall(r'"([a-z][a-z0-9-]+)[><=]', (ROOT / "setup.py").read_text(encoding="utf-8"))
    assert len(packages) > 10
    table = README[README.index("## Dependencies") :]
    assert [package for package in packages if package not in table] == []


def test_every_file_that_is_named_exists():
    named = set(re.findall(r"[`(]((?:ltr_ext|tracker_ext|settings|docs|weights|benchmarks)/[\w./-]+\.\w+)[`)]", README))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists() and name != "settings/paths.toml"] == []


def test_no_placeholder_is_left():
    for page in (ROOT / "README.md", *sorted((ROOT / "weights").glob("*.md"))):
        assert "@@" not in page.read_text(encoding="utf-8"), page.name
