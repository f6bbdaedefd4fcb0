"""Every number of a train setting is a field of its recipe, acts, and is compared when a run is resumed."""

from __future__ import annotations

import ast
import importlib
import json
from collections.abc import Iterator
from dataclasses import field, fields, is_dataclass, make_dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch

from ltr_ext.data.search_crops import SearchConfig
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskConfig
from ltr_ext.train_settings import box2mask_recipe, common, lwl_recipe
from ltr_ext.train_settings.box2mask import default, lite_authors
from ltr_ext.train_settings.box2mask import lite as box2mask_lite
from ltr_ext.train_settings.common import fingerprint_of
from ltr_ext.train_settings.lwl import lite as lwl_lite
from ltr_ext.trainers.config import TrainerConfig
from ltr_ext.trainers.options import RunOptions, set_run_options
from ltr_ext.trainers.state import check_fingerprint

FOLDER = Path(common.__file__).parent
SETTINGS = sorted(f"{path.parent.name}.{path.stem}" for path in FOLDER.glob("*/*.py") if path.stem != "__init__")
SOURCES = sorted((*FOLDER.glob("*/*.py"), *FOLDER.glob("*_recipe.py"), FOLDER / "common.py"))
PLACES = (default, lite_authors, box2mask_recipe, box2mask_lite, lwl_lite, lwl_recipe, common)
PARTS = (
    "VideoSampler", "SyntheticSampler", "MixedSampler", "FewShotSampler", "YouTubeVOS", "Davis", "part_of",
    "find_photographs", "made_masks", "require_dataset", "Box2MaskNet", "LWLNet", "load_backbone_weights",
    "initial_network", "load_start", "he_initialise", "parameter_groups", "Box2MaskActor", "LWLActor", "WeakLWLActor",
    "make_loaders", "Box2MaskTrainer", "LambdaLR", "announce",
)  # fmt: skip
"""What the settings build of: the arguments of these are how a recipe acts."""


def setting(name: str) -> Any:
    return importlib.import_module(f"ltr_ext.train_settings.{name}")


def described(value: Any) -> Any:
    """An argument as a value that equals that of another run if and only if it acts the same."""
    if isinstance(value, partial):
        return [value.func.__qualname__, described(value.args), described(value.keywords)]
    if isinstance(value, TrainerConfig):
        return repr(replace(value, fingerprint={}))
    if isinstance(value, MagicMock):
        return "a part"
    if isinstance(value, dict):
        return {str(key): described(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [described(entry) for entry in value]
    if isinstance(value, SimpleNamespace):
        return described(vars(value))
    return repr(value)


@pytest.fixture
def behaviour(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Call it with the module of a setting and a recipe: every call that the setting makes, without its fingerprint."""
    calls: list[Any] = []

    def recorded(name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            calls.append([name, described(args), described(kwargs)])
            part = MagicMock()
            if name == "Box2MaskTrainer":
                part.train = lambda max_epochs: calls.append(["train", max_epochs])
            part.facts = dict
            part.dataset.get_num_sequences.return_value = part.get_num_sequences.return_value = 3
            return (part, "start") if name == "initial_network" else part

        return call

    for place in PLACES:
        for name in PARTS:
            if hasattr(place, name):
                monkeypatch.setattr(place, name, recorded(name))
    monkeypatch.setattr(torch.optim, "Adam", recorded("Adam"))
    monkeypatch.setattr(lwl_recipe, "SOURCES", {name: recorded(name) for name in (*lwl_recipe.SOURCES, "another")})
    monkeypatch.setattr(common, "has_fast_bfloat16", lambda device: True)
    monkeypatch.setattr(lwl_recipe, "_youtubevos", recorded("YT300"))
    paths = MagicMock()
    paths.weights_dir = paths.require.return_value = tmp_path
    for place in (default, lwl_lite, lwl_recipe):
        monkeypatch.setattr(place, "load_paths", lambda: paths)

    def run(module: Any, recipe: Any) -> list[Any]:
        calls.clear()
        monkeypatch.setattr(module, "RECIPE", recipe)
        env = SimpleNamespace(workspace_dir=str(tmp_path), tensorboard_dir=str(tmp_path))
        settings = SimpleNamespace(env=env, script_name="test", use_gpu=False)
        module.run(settings)
        calls.append(["clip", getattr(settings, "grad_clip_max_norm", None)])
        return list(calls)

    set_run_options(RunOptions())
    yield run
    set_run_options(RunOptions())


def changed(recipe: Any, name: str) -> Any:
    """Another value for a field."""
    value = getattr(recipe, name)
    by_name: dict[str, Any] = {
        "clip_norm": 7.0, "part": "B", "start": "stage2", "weak": "mil_crf" if value == "mil" else "mil",
        "made_turns": (5, 2), "trained_backbone": ("layer4",), "turns": (2, *value[1:]) if name == "turns" else None,
        "sources": {"another": 2}, "loss": "lovasz_hinge", "frames": "distinct",
    }  # fmt: skip
    if name in by_name:
        return by_name[name]
    if is_dataclass(value):
        return next(iter(variants(value)))[1]
    if isinstance(value, dict):
        return {key: 2 * number for key, number in value.items()}
    if isinstance(value, bool):
        return not value
    return tuple(2 * number for number in value) if isinstance(value, tuple) else 2 * value or 1


def variants(config: Any) -> Iterator[tuple[str, Any]]:
    """(name of a field, config with another value there) for every field that takes one."""
    words = {
        "backbone": ("resnet50", "efficientnet_lite0"), "variant": ("iterative", "multi_frame"),
        "upsampling": ("bicubic", "bilinear"), "reduction": ("mean", "sum"), "parametrisation": ("exp", "square"),
        "box_edges": ("covered", "whole_pixels"),
    }  # fmt: skip
    for entry in fields(config):
        value = getattr(config, entry.name)
        if entry.name in words:
            value = next(word for word in words[entry.name] if word != value)
        elif entry.name == "filter_size":
            value += 2
        elif entry.name == "single_dropout":
            value = 0.5 - value / 2
        elif isinstance(value, bool):
            value = not value
        elif isinstance(value, tuple):
            value = tuple(2 * number for number in value)
        else:
            value = 2 * value if value else 1
        yield entry.name, replace(config, **{entry.name: value})


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_its_recipe(name: str) -> None:
    """Nothing in its file but the recipe, for what else it had could not be compared; its numbers become JSON."""
    recipe = setting(name).RECIPE
    assert isinstance(recipe, common.BaseRecipe)
    assert json.loads(json.dumps(fingerprint_of(recipe)))["model"]["backbone"] == recipe.model.backbone


def test_no_two_settings_are_alike() -> None:
    """But for the rows that are the parent itself, by its other name."""
    prints: dict[str, list[str]] = {}
    for name in SETTINGS:
        prints.setdefault(json.dumps(fingerprint_of(setting(name).RECIPE)), []).append(name)
    assert [names for names in prints.values() if len(names) > 1] == [["box2mask.default", "box2mask.iterative"]]


@pytest.mark.parametrize(
    "name", [
        "box2mask.default", "box2mask.lite_authors", "box2mask.lite", "box2mask.lite2", "lwl.lite_boxes", "lwl.stage1",
        "lwl.mil_crf",
    ],
)  # fmt: skip
def test_every_field_acts_and_is_compared(name: str, behaviour: Any) -> None:
    module = setting(name)
    recipe = module.RECIPE
    usual, silent = behaviour(module, recipe), []
    assert behaviour(module, recipe) == usual
    assert ["train", recipe.epochs] in usual
    for entry in fields(recipe):
        other = replace(recipe, **{entry.name: changed(recipe, entry.name)})
        assert (fingerprint_of(other) != fingerprint_of(recipe)) == entry.compare, entry.name
        if behaviour(module, other) == usual:
            silent.append(entry.name)
    # of weights in a loss on boxes there is nothing to see in a recipe without boxes
    of_boxes = ["smoothness_weight", "crf_weight", "crf_sigmas"]
    assert silent == {"lwl.stage1": of_boxes, "lwl.mil": of_boxes[1:]}.get(name, [])


@pytest.mark.parametrize("name", ["box2mask.default", "box2mask.lite", "lwl.lite_boxes", "lwl.stage1"])
def test_every_field_of_a_config_is_compared(name: str, tmp_path: Path) -> None:
    """The message names it, with both values."""
    recipe = setting(name).RECIPE
    seen = 0
    for entry in fields(recipe):
        config = getattr(recipe, entry.name)
        for inner, other in variants(config) if is_dataclass(config) else ():
            before, after = fingerprint_of(recipe), fingerprint_of(replace(recipe, **{entry.name: other}))
            with pytest.raises(UserError) as caught:
                check_fingerprint(json.loads(json.dumps(before)), after, tmp_path)
            values = [json.loads(json.dumps(getattr(c, inner))) for c in (config, other)]
            assert f"({entry.name}.{inner} was {values[0]!r}, is now {values[1]!r})" in str(caught.value)
            seen += 1
    assert seen > 20


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iterations", 0), ("iterations_per_epoch", -1), ("batch_size", 0), ("validation_clips", 0), ("num_frames", 0),
        ("num_workers", -1), ("checkpoint_every", 0), ("learning_rate", -1e-3), ("learning_rate", float("nan")),
        ("clip_norm", float("inf")), ("warm_up", -1), ("cross_entropy", -0.5),
    ],
)  # fmt: skip
def test_a_recipe_that_no_training_can_be_made_of(name: str, value: float) -> None:
    with pytest.raises(UserError, match=rf"recipe: {name} = {value}: must be [01] or more; correct the train setting"):
        replace(box2mask_lite.RECIPE, **{name: value})


def test_a_run_may_be_all_warm_up() -> None:
    factors = [replace(box2mask_lite.RECIPE, iterations=3, warm_up=3).rate_factor(i) for i in range(4)]
    assert factors == pytest.approx([1 / 3, 2 / 3, 1, 1])


def test_fields_that_change_no_weight_are_free() -> None:
    free = {entry.name for name in SETTINGS for entry in fields(setting(name).RECIPE) if not entry.compare}
    assert free == {"num_workers", "checkpoint_every"}


def test_a_new_field_is_compared_without_being_told(tmp_path: Path) -> None:
    more = make_dataclass("More", [("label_smoothing", float, field(kw_only=True, default=0.1))],
                          bases=(default.Recipe,), frozen=True)  # fmt: skip
    values = {entry.name: getattr(default.RECIPE, entry.name) for entry in fields(default.RECIPE)}
    before, after = fingerprint_of(default.RECIPE), fingerprint_of(more(**values))
    with pytest.raises(UserError, match=r"label_smoothing was 'not set', is now 0\.1"):
        check_fingerprint(before, after, tmp_path)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_functions_of_settings_hold_no_numbers_of_their_own(path: Path) -> None:
    """But 0, 1 and 2, which count and halve; and no constants of the file, which a fingerprint would miss."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        target.id for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target]) if isinstance(target, ast.Name)
    } - {"RECIPE", "SOURCES", "BACKBONE_FILE", "POSITIVE"}  # fmt: skip
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for part in (part for statement in function.body for part in ast.walk(statement)):
            if isinstance(part, ast.Constant) and type(part.value) in (int, float):
                assert part.value in (0, 0.5, 1, 2), f"{path.name}:{part.lineno}: {part.value} belongs into the recipe"
            if isinstance(part, ast.Name):
                assert part.id not in constants, f"{path.name}:{part.lineno}: {part.id} belongs into the recipe"


def test_the_configs_are_those_that_are_checked() -> None:
    """Guards the helper above: it changes every field of a config, each to a value that is allowed."""
    for config in (Box2MaskConfig(), SearchConfig()):
        assert [name for name, other in variants(config) if getattr(other, name) == getattr(config, name)] == []
        assert len(list(variants(config))) == len(fields(config))
