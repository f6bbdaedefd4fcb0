"""Registration: what is added, that nothing is hidden, that a taken name is refused."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from ltr_ext.errors import UserError
from ltr_ext.paths import REPOSITORY
from tracker_ext import registration


def test_our_entries_are_found_through_the_host():
    registered = registration.register()
    assert registration.register() is registered
    assert "ltr.train_settings.box2mask.lite" in registered.modules
    for name in registered.modules:
        assert importlib.util.find_spec(name) is not None, name
    from pytracking.evaluation.datasets import dataset_dict

    assert "demo" in registered.datasets
    for name in registered.datasets:
        info = dataset_dict[name]
        assert hasattr(importlib.import_module(info.module), info.class_name), name


LISTING = """
import pkgutil
from ltr_ext import host
host.resolve()
from tracker_ext.registration import register
import ltr.train_settings, pytracking.parameter
from pytracking.evaluation.datasets import dataset_dict

def show(when):
    for package in (ltr.train_settings, pytracking.parameter):
        for group in pkgutil.iter_modules(package.__path__):
            path = __import__(f"{package.__name__}.{group.name}", fromlist=["_"]).__path__ if group.ispkg else []
            for info in pkgutil.iter_modules(path):
                name = f"{package.__name__}.{group.name}.{info.name}"
                print(when, "module", name, info.module_finder.find_spec(info.name).origin)
    for name, info in dataset_dict.items():
        print(when, "dataset", name, info.module, info.class_name, sorted(info.kwargs.items()))

show("BEFORE")
register()
show("AFTER")
"""


def test_importing_us_changes_nothing_and_registering_hides_nothing(tmp_path):
    """In a new process, where nobody has registered yet."""
    script = tmp_path / "listing.py"
    script.write_text(LISTING)
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    before = {entry for when, _, entry in lines if when == "BEFORE"}
    after = {entry for when, _, entry in lines if when == "AFTER"}
    assert any("lasot" in entry for entry in before)
    assert not any("box2mask.lite" in entry or "dataset demo" in entry for entry in before)
    assert before <= after
    for added in ("module ltr.train_settings.box2mask.lite", "dataset demo"):
        assert any(entry.startswith(added) for entry in after - before)


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A host package `host_of_test` with group `lwl` (module `theirs`), and a folder of ours."""
    for path in ("host_of_test/lwl/theirs.py", "ours/lwl/mine.py", "ours/fresh/first.py"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"WHERE = {path!r}\n")
    for folder in ("host_of_test", "host_of_test/lwl", "ours/lwl", "ours/fresh"):
        (tmp_path / folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("host_of_test")]:
        del sys.modules[name]


def test_a_group_that_both_have_shows_the_modules_of_both(packages):
    registration.extend("host_of_test", packages / "ours")
    found = {
        name: importlib.import_module(f"host_of_test.{name}").WHERE
        for name in ("lwl.theirs", "lwl.mine", "fresh.first")
    }
    assert found == {
        "lwl.theirs": "host_of_test/lwl/theirs.py",
        "lwl.mine": "ours/lwl/mine.py",
        "fresh.first": "ours/fresh/first.py",
    }


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        pytest.param(["lwl.mine", "fresh.first"], [], id="free"),
        pytest.param(["lwl.theirs", "fresh.first"], ["host_of_test.lwl.theirs"], id="module taken"),
    ],
)
def test_taken_modules(packages, names, taken):
    assert registration.taken_modules("host_of_test", names) == taken


def test_modules_below_lists_one_level(packages):
    assert registration.modules_below(packages / "ours") == ["fresh.first", "lwl.mine"]


def test_a_taken_data_set_name_is_refused_and_nothing_is_added(monkeypatch):
    from pytracking.evaluation.datasets import dataset_dict

    from tracker_ext.evaluation import dataset_names

    registration.register()
    monkeypatch.setattr(registration, "_registered", None)
    monkeypatch.setattr(registration, "_EXTENDED_PACKAGES", {})
    monkeypatch.setattr(dataset_names, "DATASETS", {"lasot": ("x", "X", {}), "fresh": ("x", "X", {})})
    with pytest.raises(UserError, match="lasot"):
        registration.register()
    assert "fresh" not in dataset_dict
    assert dataset_dict["lasot"].module != "x"


def test_our_folders_are_packages():
    """A group without `__init__.py` would silently not be registered."""
    for folder in registration._EXTENDED_PACKAGES.values():
        groups = {path.parent.name for path in folder.glob("*/*.py")}
        assert groups == {info.name for info in pkgutil.iter_modules([str(folder)]) if info.ispkg}, Path(folder).name
