"""The train settings of systems that are choices of cues: each runs, is kept, and is tracked with."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ltr.admin.settings import Settings
from miniatures.tiny_cues import SHAPE, write_backbone
from miniatures.tiny_lwl import label_map

from ltr_ext.errors import UserError
from ltr_ext.export import export_checkpoint
from ltr_ext.models.cues import CueNet
from ltr_ext.paths import REPOSITORY
from ltr_ext.train_settings import cue_recipe, synthetic_data
from ltr_ext.weights import SHARED_BACKBONE, load_network

NAMES = sorted(
    path.stem for path in (REPOSITORY / "ltr_ext/train_settings/cues").glob("*.py") if path.stem != "__init__"
)
TINY = {**SHAPE, "cue_width": 8, "match_width": 8, "key_dim": 8, "value_dim": 4}


def recipe_of(name: str) -> cue_recipe.CueRecipe:
    return importlib.import_module(f"ltr_ext.train_settings.cues.{name}").RECIPE


def train(name: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Two iterations on drawn pictures, with a tiny network."""
    monkeypatch.setattr(synthetic_data, "DEMO_STILLS", 12)
    recipe = recipe_of(name)
    small = replace(
        recipe, model=replace(recipe.model, **TINY), iterations=2, iterations_per_epoch=2, batch_size=2,
        validation_clips=2, num_workers=0, first_crops=replace(recipe.first_crops, crop_hw=(64, 64)),
        later_crops=replace(recipe.later_crops, crop_hw=(64, 64)), clips=replace(recipe.clips, canvas_side=160),
    )  # fmt: skip
    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = "cues", name, f"ltr/cues/{name}"
    settings.use_gpu = False
    cue_recipe.train(settings, replace(small, **changes))


@pytest.mark.parametrize("name", NAMES)
def test_recipes_share_what_can_be_shared(name: str) -> None:
    """Same data, length and rates: the rows of a table differ by their cues."""
    recipe = recipe_of(name)
    shared = ["clips", "first_crops", "later_crops", "batch_size", "rates", "absent_share"]
    if recipe.deform is None:
        shared += ["iterations", "warm_up", "validation_clips"]
    assert all(getattr(recipe, field) == getattr(recipe_of("stm"), field) for field in shared)
    lines = (REPOSITORY / f"ltr_ext/train_settings/cues/{name}.py").read_text().splitlines()
    assert len(lines) < 60


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_small_and_most_of_them_come_from_lwl_lite(name: str) -> None:
    net, _ = cue_recipe.initial_network(recipe_of(name).model, REPOSITORY / "weights" / SHARED_BACKBONE)
    count = sum(one.numel() for part, one in net.named_parameters() if not part.startswith("backbone."))
    assert 2 * count < 4e6


@pytest.mark.parametrize("name", ["masktrack", "maskrnn", "osvos"])
def test_a_setting_trains_is_exported_and_tracks(
    name: str, workspace: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = workspace('weights_dir = "weights"')
    folder = work.parent / "weights"
    folder.mkdir()
    write_backbone(folder)
    train(name, monkeypatch)
    checkpoint = work / f"checkpoints/ltr/cues/{name}/CueNet_best.safetensors"
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (72, 96, 3), dtype=np.uint8) for _ in range(2)]
    labels = label_map(_1=(30, 20, 30, 24))
    masks = []
    for made in (None, folder / "systems" / f"{name}-lite.safetensors"):
        if made is not None:
            made.parent.mkdir()
            export_checkpoint(checkpoint, made, folder / SHARED_BACKBONE)
            assert isinstance(load_network(made), CueNet)
        module = importlib.import_module(f"tracker_ext.parameter.{name}.default")
        params = module.parameters()
        assert params.weights == (made or checkpoint,)
        tracker = module.TRACKER_CLASS(params)
        tracker.initialize(frames[0], {"init_mask": labels, "init_bbox": [30.0, 20.0, 30.0, 24.0]})
        masks.append(tracker.track(frames[1])["object_presence_score"])
    assert masks[0] == pytest.approx(masks[1], abs=0.02), "a file in half precision says nearly the same"


def test_training_without_its_start_says_which_file_is_missing(
    workspace: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace('weights_dir = "nowhere"')
    with pytest.raises(UserError, match=SHARED_BACKBONE):
        train("stm", monkeypatch)


def test_tracking_without_weights_says_how_to_train_them(workspace: Callable[..., Path]) -> None:
    workspace('weights_dir = "nowhere"')
    module = importlib.import_module("tracker_ext.parameter.stm.default")
    with pytest.raises(UserError, match=r"stm-lite.safetensors do not exist: train them .* run_training.py cues stm"):
        module.parameters()


def test_weights_of_other_cues_are_refused(workspace: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from miniatures.tiny_cues import tiny_cues

    from ltr_ext.weights import save_network

    work = workspace('weights_dir = "weights"')
    folder = work.parent / "weights"
    folder.mkdir()
    write_backbone(folder)
    save_network(tiny_cues("refine"), folder / "other.safetensors")
    module = importlib.import_module("tracker_ext.parameter.stm.default")
    with pytest.raises(UserError, match="are of a network of refine; stm default needs one of match"):
        module.parameters([folder / "other.safetensors"])
