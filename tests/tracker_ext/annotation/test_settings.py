"""The settings of a job: filled from the command line, stored in the output folder, the same in later versions."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from ltr_ext.errors import UserError
from tracker_ext.annotation.run_options import RunOptions
from tracker_ext.annotation.settings import JobSettings, check_same, read_settings
from tracker_ext.annotation.sources import DATASETS
from tracker_ext.commands import annotate
from tracker_ext.segmentation.config import AnnotateConfig, from_options

ROOT = Path(__file__).resolve().parents[3]
STORED_BEFORE = {
    "dataset": "lasot_train", "formats": ["davis", "upstream"], "weights_hash": "0123456789abcdef", "variant": None,
    "every": 5, "most": 200, "max_gap": 60, "min_confidence": 0.0, "num_frames": 5, "interval": 15, "mode": "strided",
    "tolerance": 0.05, "tolerance_between": 0.15, "iterations": None, "scale": None, "version": 2,
}  # fmt: skip
"""A settings.json as it was written when `max_frames` was called `most`."""


def settings_of(*options: str, kind: str = "lasot_train") -> JobSettings:
    """The settings that a command line gives."""
    args = annotate.parser().parse_args([kind, "--out", "out", *options])
    defaults = {"dataset": kind, **DATASETS[kind].defaults}
    return from_options(
        JobSettings, args, config=from_options(AnnotateConfig, args), weights_hash="0123456789abcdef", **defaults
    )


def test_every_option_of_the_command_line_is_a_field():
    args = vars(annotate.parser().parse_args(["folder", "in", "--out", "out"]))
    known = {field.name for kind in (JobSettings, AnnotateConfig, RunOptions) for field in fields(kind)}
    assert set(args) - known == {"apply"}


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        pytest.param((), "every", 5, id="the data set's"),
        pytest.param((), "max_gap", 60, id="everybody's"),
        pytest.param(("--every", "2"), "every", 2, id="given, against the data set's"),
        pytest.param(("--max-frames", "7"), "max_frames", 7, id="frames"),
        pytest.param(("--format", "davis,mots", "--format", "davis"), "formats", ["davis", "mots"], id="formats"),
        pytest.param(("--frames", "3"), "num_frames", 3, id="window"),
        pytest.param((), "mode", "centred", id="a named data set: the paper's windows"),
        pytest.param(("--mode", "strided"), "mode", "strided", id="the fast mode"),
        pytest.param(("--variant", "multi_frame_plus"), "variant", "multi_frame_plus", id="variant"),
    ],
)
def test_what_is_given_comes_before_what_the_data_set_has(options, name, value):
    assert settings_of(*options).stored()[name] == value


@pytest.mark.parametrize("kind", [["folder", "in"], ["video", "in", "--boxes", "b"]])
def test_ones_own_clips_have_the_fast_mode(kind):
    assert annotate.parser().parse_args([*kind, "--out", "out"]).mode == "strided"


@pytest.mark.parametrize("options", [("--batch", "1"), ("--workers", "3"), ("--shard", "1/2"), ("--limit", "1")])
def test_what_does_not_change_the_masks_is_not_stored(options):
    assert settings_of(*options).stored() == settings_of().stored()


def test_an_output_folder_of_an_earlier_version_goes_on(tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps(STORED_BEFORE))
    assert read_settings(tmp_path)["max_frames"] == 200
    earlier = ("--format", "upstream,davis", "--no-colour", "--mode", "strided")
    check_same(tmp_path, settings_of(*earlier))
    with pytest.raises(UserError, match="max_frames is 200 there and 100 here"):
        check_same(tmp_path, settings_of(*earlier, "--max-frames", "100"))
    with pytest.raises(UserError, match="mode is strided there and centred here"):
        check_same(tmp_path, settings_of(*earlier[:3]))


def test_the_command_line_is_there_before_torch():
    code = "import sys; from tracker_ext.commands.annotate import parser; parser().format_help()"
    code += "; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
