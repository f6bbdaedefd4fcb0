"""Which host is taken, and what the two `local` modules say."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ltr_ext import host
from ltr_ext.errors import UserError
from ltr_ext.paths import REPOSITORY, SETTINGS_VARIABLE


def checkout(folder: Path) -> Path:
    """The marks by which a checkout of upstream is known."""
    for mark in host._MARKS_OF_A_CHECKOUT:
        (folder / mark).parent.mkdir(parents=True, exist_ok=True)
        (folder / mark).touch()
    return folder


@pytest.mark.parametrize(
    ("choice", "variable", "submodule", "expected"),
    [
        pytest.param("auto", False, "absent", ("minihost", "minihost"), id="nothing there"),
        pytest.param("auto", False, "empty", ("minihost", "minihost"), id="submodule not checked out"),
        pytest.param("auto", False, "full", ("upstream", "pytracking"), id="submodule"),
        pytest.param("auto", True, "full", ("upstream", "elsewhere"), id="the variable comes first"),
        pytest.param("minihost", True, "full", ("minihost", "minihost"), id="asked for"),
        pytest.param("upstream", False, "full", ("upstream", "pytracking"), id="upstream asked for"),
    ],
)
def test_order(monkeypatch, tmp_path, choice, variable, submodule, expected):
    monkeypatch.delenv(host.HOME_VARIABLE, raising=False)
    if variable:
        monkeypatch.setenv(host.HOME_VARIABLE, str(checkout(tmp_path / "elsewhere")))
    if submodule != "absent":
        (tmp_path / "pytracking").mkdir()
    if submodule == "full":
        checkout(tmp_path / "pytracking")
    found = host.find(choice, tmp_path)
    assert (found.name, found.home) == (expected[0], tmp_path / expected[1])


def test_a_home_that_is_no_checkout_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(host.HOME_VARIABLE, str(tmp_path))
    with pytest.raises(UserError, match=str(tmp_path)):
        host.find("auto", tmp_path)


def test_upstream_that_is_not_there_is_refused(monkeypatch, tmp_path):
    monkeypatch.delenv(host.HOME_VARIABLE, raising=False)
    with pytest.raises(UserError, match="submodule update"):
        host.find("upstream", tmp_path)


def test_resolve_is_idempotent_and_will_not_change_its_mind():
    found = host.resolve()
    assert host.resolve(found.name) is found
    other = "minihost" if found.name == "upstream" else "upstream"
    with pytest.raises(UserError, match=found.name):
        host.resolve(other)
    with pytest.raises(UserError, match="upstream, minihost"):
        host.resolve("maxihost")


@pytest.mark.parametrize("name", ["ltr", "pytracking"])
def test_the_packages_come_from_the_host(name):
    assert Path(importlib.import_module(name).__file__).is_relative_to(host.resolve().home)


def test_an_empty_submodule_folder_does_not_shadow_the_host(tmp_path):
    """A folder `pytracking/` without a package in it is a namespace package, and the script's folder is first."""
    (tmp_path / "pytracking").mkdir()
    script = tmp_path / "script.py"
    script.write_text(
        "import importlib.util\nfrom ltr_ext import host\nhost.resolve('minihost')\n"
        "print(importlib.util.find_spec('pytracking').origin)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), host.CHOICE_VARIABLE: ""}
    output = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert Path(output.strip()) == REPOSITORY / "minihost" / "pytracking" / "__init__.py"


def test_both_local_modules_speak_from_the_settings(monkeypatch, tmp_path):
    from ltr.admin.environment import env_settings as training
    from pytracking.evaluation.environment import env_settings as evaluation

    file = tmp_path / "paths.toml"
    file.write_text('results_dir = "out"\nworkspace_dir = "work"\ngot10k_dir = "got"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(file))
    assert training().workspace_dir == str(tmp_path / "work")
    assert training().got10k_dir == str(tmp_path / "got" / "train")
    assert evaluation().got10k_path == str(tmp_path / "got")
    assert evaluation().results_path == str(tmp_path / "out" / "tracking_results")
    for env, name, remedy in (
        (training(), "davis_dir", "davis_dir"),
        (evaluation(), "lasot_path", "lasot_dir"),
        (evaluation(), "otb_path", "[host]"),
    ):
        with pytest.raises(UserError) as caught:
            getattr(env, name)
        assert remedy in str(caught.value)
        assert str(file) in str(caught.value)


def test_an_error_in_the_settings_reaches_the_user(monkeypatch, tmp_path):
    """Upstream alone would hide it, and write a template into its own tree."""
    from ltr.admin.environment import env_settings as training
    from pytracking.evaluation.environment import env_settings as evaluation

    file = tmp_path / "paths.toml"
    file.write_text("davis_dir = 1\n")
    monkeypatch.setenv(SETTINGS_VARIABLE, str(file))
    for ask in (training, evaluation):
        with pytest.raises(UserError, match="davis_dir"):
            ask()
    home = host.resolve().home
    assert not (home / "ltr/admin/local.py").exists()
    assert not (home / "pytracking/evaluation/local.py").exists()
