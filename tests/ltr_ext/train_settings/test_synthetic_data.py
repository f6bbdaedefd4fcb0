"""The pictures that are drawn where there are no photographs."""

from __future__ import annotations

import pytest

from ltr_ext.paths import SETTINGS_VARIABLE
from ltr_ext.train_settings import synthetic_data
from ltr_ext.train_settings.synthetic_data import find_photographs
from ltr_ext.trainers.options import RunOptions, set_run_options


@pytest.mark.parametrize("workspace", [None, "other"])
def test_they_are_drawn_below_the_workspace_of_the_run(tmp_path, monkeypatch, workspace):
    (tmp_path / "paths.toml").write_text('workspace_dir = "work"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    monkeypatch.setattr(synthetic_data, "DEMO_STILLS", 3)
    set_run_options(RunOptions(workspace=None if workspace is None else tmp_path / workspace))
    try:
        photographs = find_photographs()
    finally:
        set_run_options(RunOptions())
    assert photographs.root == tmp_path / (workspace or "work") / "demo_stills"
    assert len(list(photographs.root.glob("*.png"))) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["paths.toml", workspace or "work"])
