"""A grid of tracker parameters over a data set."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from ltr_ext.errors import UserError
from tracker_ext.sweep import read_sweep, setting_name
from tracker_ext.tracker.cue_config import CueTrackerConfig


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "grid.toml").write_text(text)
    return tmp_path / "grid.toml"


def test_every_combination(tmp_path):
    settings = read_sweep(written(tmp_path, "memory_size = [16, 32]\nsearch_scale = [2, 2.5]\nmin_part = 0.0\n"))
    assert len(settings) == 4 and settings[1] == {"memory_size": 16, "search_scale": 2.5, "min_part": 0.0}
    assert setting_name(settings[1]) == "memory_size=16,search_scale=2.5,min_part=0.0"
    assert len({setting_name(one) for one in settings}) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max_size_change = [0.9, 1.12]", [(0.9, 1.12)]),
        ("max_size_change = [[0.9, 1.12], [0.95, 1.1]]", [(0.9, 1.12), (0.95, 1.1)]),
        ("box_scale = [2, 2.5]", [2, 2.5]),
        ('precision = ["float32"]', ["float32"]),
    ],
)
def test_values_by_kind(tmp_path, text, expected):
    settings = read_sweep(written(tmp_path, text))
    assert [next(iter(one.values())) for one in settings] == expected
    assert "/" not in setting_name(settings[0]) and " " not in setting_name(settings[0])


def test_fields_of_another_tracker(tmp_path):
    settings = read_sweep(written(tmp_path, "crf = [false, true]"), CueTrackerConfig)
    assert settings == [{"crf": False}, {"crf": True}]
    with pytest.raises(UserError, match="fine_tune: "):
        read_sweep(written(tmp_path, "fine_tune = [1]"), CueTrackerConfig)


def test_a_long_name_is_a_digest():
    changes = {f"field_{number}": 1.0 for number in range(20)}
    assert len(setting_name(changes)) == 16 != setting_name({**changes, "field_0": 2.0})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("memory_sise = [16]", "memory_sise: .*did you mean memory_size"),
        ("memory_size = [16.5]", "memory_size: 16.5 is not a whole number"),
        ("memory_size = [true]", "memory_size: True is not a whole number"),
        ("search_scale = ['a']", "search_scale: 'a' is not a number"),
        ("max_size_change = [[1, 2, 3]]", "is no pair of numbers"),
        ("memory_size = []", "memory_size: has an empty list"),
        ("memory_size = [16, 16]", "memory_size: is twice in its list"),
        ("", "is empty; write lines such as memory_size"),
        ("memory_size = ", "is no TOML"),
        (None, "cannot be read .*; check the path"),
    ],
)
def test_mistakes_in_the_file_are_one_line(tmp_path, text, said):
    path = tmp_path / "nothing.toml" if text is None else written(tmp_path, text)
    with pytest.raises(UserError, match=said) as error:
        read_sweep(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """`sweep(*options)`: the command, over two tiny clips, with tiny random networks; gives the exit code."""
    import cv2
    import numpy as np
    import torch
    from miniatures.tiny_lwl import CONFIG, TINY, TINY_BOX2MASK, label_map
    from pytracking.evaluation import datasets
    from pytracking.evaluation.data import SequenceList
    from pytracking.utils import TrackerParams

    import run_tracker
    from ltr_ext.data.image_io import write_mask
    from ltr_ext.errors import run_command
    from ltr_ext.models.box2mask import Box2MaskNet
    from ltr_ext.models.lwl import LWLNet
    from tracker_ext.evaluation.sequences import find_sequences
    from tracker_ext.registration import register
    from tracker_ext.tracker.lwl_tracker import LWLTrackerParts

    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        for kind in ("JPEGImages", "Annotations"):
            (tmp_path / "clips" / kind / "480p" / name).mkdir(parents=True)
        for frame in range(3):
            labels = label_map(_1=(20 + 2 * frame, 20, 30, 24))
            picture = (rng.integers(0, 60, (*labels.shape, 3)) + 150 * labels[..., None]).astype(np.uint8)
            cv2.imwrite(str(tmp_path / f"clips/JPEGImages/480p/{name}/{frame:05d}.jpg"), picture)
            write_mask(tmp_path / f"clips/Annotations/480p/{name}/{frame:05d}.png", labels)

    torch.manual_seed(0)
    net, box_net = LWLNet(TINY).eval(), Box2MaskNet(TINY_BOX2MASK).eval()
    for one in (net, box_net):
        one.backbone.fold_batch_norm()

    def parameters(weights=()):
        params = TrackerParams()
        params.device, params.weights = "cpu", ()
        params.parts = LWLTrackerParts(net, CONFIG, box_net)
        return params

    sequences = SequenceList(find_sequences(str(tmp_path / "clips")))
    register()
    as_the_host_sees_it = importlib.import_module("pytracking.parameter.lwl.box2mask_init")
    monkeypatch.setattr(as_the_host_sees_it, "parameters", parameters)
    monkeypatch.setattr("tracker_ext.evaluation.sequences.get_dataset", lambda name: sequences)
    monkeypatch.setitem(datasets.dataset_dict, "tiny", datasets.DatasetInfo(__name__, "Tiny", {}))

    def call(*options: str) -> int:
        words = ["lwl", "box2mask_init", "tiny", "--out", str(tmp_path / "out"), *options]
        return run_command(lambda: run_tracker.main(words))

    return call


def test_settings_have_folders_and_a_table_and_go_on(sweep, tmp_path, capsys):
    path = written(tmp_path, "memory_size = [2, 3]\nupdate_iterations = 2\n")
    assert sweep("--sweep", str(path)) == 0
    said = capsys.readouterr().out
    out = tmp_path / "out"
    names = ["memory_size=2,update_iterations=2", "memory_size=3,update_iterations=2"]
    assert sorted(folder.name for folder in out.iterdir() if folder.is_dir()) == names
    table = (out / "sweep.md").read_text()
    assert table in said and all(name in table for name in names) and "2 settings, best first" in said
    rows = [line.split("|")[3].strip() for line in table.splitlines()[2:4]]
    assert rows == sorted(rows, reverse=True)
    record = json.loads((out / names[0] / "tracking_results/lwl/box2mask_init/run.json").read_text())
    assert record["runs"][0]["parameters"] == {"memory_size": 2, "update_iterations": 2}

    box_file = out / names[1] / "tracking_results/lwl/box2mask_init/b.txt"
    kept = out / names[0] / "tracking_results/lwl/box2mask_init/b.txt"
    times = kept.stat().st_mtime_ns
    box_file.unlink()
    written(tmp_path, "memory_size = [2, 3, 4]\nupdate_iterations = 2\n")
    assert sweep("--sweep", str(path)) == 0
    assert box_file.exists() and kept.stat().st_mtime_ns == times, "only what was missing is tracked"
    assert (out / "sweep.md").read_text().count("memory_size=") == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("memory_size = [16, 1]", "memory_size=1: memory_size must be at least 2, got 1"),
        ("lower_first_weight = true", "lower_first_weight=True: lower_first_weight belongs to upstream's rules"),
    ],
)
def test_values_that_do_not_go_together_are_said_before_anything_is_tracked(sweep, tmp_path, capsys, text, said):
    assert sweep("--sweep", str(written(tmp_path, text))) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()
