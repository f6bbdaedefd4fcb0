"""The settings file: defaults, values, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ltr_ext import paths as paths_module
from ltr_ext.errors import UserError
from ltr_ext.paths import EXAMPLE_FILE, PATH_FIELDS, REPOSITORY, SETTINGS_VARIABLE, load_paths


def use(monkeypatch, tmp_path: Path, text: str) -> Path:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    monkeypatch.setenv(SETTINGS_VARIABLE, str(file))
    return file


def test_values_are_taken_from_the_folder_of_the_file(monkeypatch, tmp_path):
    use(monkeypatch, tmp_path, 'davis_dir = "sets/DAVIS"\nlasot_dir = "/data/LaSOT"\n[host]\notb_path = "otb"\n')
    paths = load_paths()
    assert paths.davis_dir == tmp_path / "sets" / "DAVIS"
    assert paths.lasot_dir == Path("/data/LaSOT")
    assert paths.host == {"otb_path": str(tmp_path / "otb")}
    assert paths.got10k_dir is None
    assert paths.results_dir == REPOSITORY / "results"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param('davis_dri = "x"', ["davis_dri", "did you mean davis_dir?", "got10k_dir"], id="misspelt"),
        pytest.param("davis_dir = 3", ["davis_dir", "3"], id="not a string"),
        pytest.param('davis_dir = ""', ["davis_dir"], id="empty"),
        pytest.param("davis_dir = ", ["mine.toml"], id="not TOML"),
        pytest.param('host = "x"', ["host"], id="table expected"),
        pytest.param('davis_dir = "a\\u0000b"', ["davis_dir"], id="a character that no path has"),
        pytest.param('source = "x"', ["source"], id="not a path of the user's"),
    ],
)
def test_a_bad_file_is_refused_by_name(monkeypatch, tmp_path, text, named):
    use(monkeypatch, tmp_path, text)
    with pytest.raises(UserError) as caught:
        load_paths()
    assert all(name in str(caught.value) for name in named)


def test_a_byte_order_mark_is_passed_over(monkeypatch, tmp_path):
    use(monkeypatch, tmp_path, '\ufeffdavis_dir = "sets"\n')
    assert load_paths().davis_dir == tmp_path / "sets"


def test_a_home_folder_that_nobody_has_is_a_path_that_does_not_exist(monkeypatch, tmp_path):
    use(monkeypatch, tmp_path, 'davis_dir = "~nobody-of-this-name/DAVIS"\n')
    with pytest.raises(UserError, match="does not exist"):
        load_paths().require("davis_dir", needed_for="dv2017_val")


@pytest.mark.parametrize(
    "variable, folder",
    [
        pytest.param("/etc/xdg-of-mine", "/etc/xdg-of-mine", id="XDG_CONFIG_HOME"),
        pytest.param(None, "/home/me/.config", id="unset"),
        pytest.param("relative", "/home/me/.config", id="not absolute: not valid"),
    ],
)
def test_without_a_checkout_settings_are_the_user_s_and_results_go_into_the_current_folder(
    monkeypatch, tmp_path, variable, folder
):
    monkeypatch.setattr(paths_module, "INSTALLED", True)
    monkeypatch.delenv(SETTINGS_VARIABLE)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    if variable:
        monkeypatch.setenv("XDG_CONFIG_HOME", variable)
    monkeypatch.chdir(tmp_path)
    paths = load_paths()
    assert paths.source == Path(folder) / "box2mask" / "paths.toml"
    assert (paths.results_dir, paths.workspace_dir) == (tmp_path / "results", tmp_path / "workspace")


def test_in_a_checkout_settings_and_results_are_its_own(monkeypatch, tmp_path):
    monkeypatch.delenv(SETTINGS_VARIABLE)
    monkeypatch.chdir(tmp_path)
    assert paths_module.default_file() == REPOSITORY / "settings" / "paths.toml"
    assert paths_module.Paths().workspace_dir == REPOSITORY / "workspace"
    assert paths_module.Paths().weights_dir == REPOSITORY / "weights"


def test_a_file_that_is_named_must_exist(monkeypatch, tmp_path):
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "none.toml"))
    with pytest.raises(UserError, match=r"none\.toml"):
        load_paths()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", "not set", id="unset"),
        pytest.param('got10k_dir = "nowhere"', "does not exist", id="set to a folder that is not there"),
    ],
)
def test_require_names_field_purpose_and_file(monkeypatch, tmp_path, text, found):
    file = use(monkeypatch, tmp_path, text)
    with pytest.raises(UserError) as caught:
        load_paths().require("got10k_dir", needed_for="got10k_val")
    message = str(caught.value)
    assert all(part in message for part in ("got10k_dir", "got10k_val", found, str(file)))


def test_the_example_file_names_every_path(monkeypatch, tmp_path):
    """Uncommented, the example is valid and complete, so it cannot fall behind the code."""
    example = EXAMPLE_FILE.read_text()
    lines = [line.removeprefix("# ") for line in example.splitlines() if " = " in line or line == "# [host]"]
    use(monkeypatch, tmp_path, "\n".join(lines))
    paths = load_paths()
    assert [name for name in PATH_FIELDS if getattr(paths, name) is None] == []
    assert set(paths.host) == {"otb_path"}
