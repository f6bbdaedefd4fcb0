"""The recipes of LWL run on miniature data; their figures are those of the papers."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from ltr.admin.settings import Settings
from ltr.dataset import YouTubeVOS
from miniatures.boxes import make_got10k, make_lasot

from ltr_ext.data.image_io import read_mask, write_mask
from ltr_ext.dataset.splits import part_of
from ltr_ext.errors import UserError
from ltr_ext.export import export_checkpoint
from ltr_ext.models.lwl import LWLNet
from ltr_ext.paths import load_paths
from ltr_ext.train_settings import lwl_recipe
from ltr_ext.train_settings.common import parameter_groups, stepped_decay
from ltr_ext.trainers.checkpoint import read_checkpoint, write_checkpoint
from ltr_ext.weights import load_network

SMALL = {"feature_dim": 8, "encoder_widths": (4, 4, 8), "decoder_widths": (8, 8, 8, 8), "crop_hw": (64, 64)}
TABLE_3 = ("only_a", "mil", "mil_crf", "pseudo", "full")
NAMES = ("stage1", "stage2", "ours", "baseline_ft", *TABLE_3)


def setting(name: str) -> Any:
    return importlib.import_module(f"ltr_ext.train_settings.lwl.{name}")


def run(name: str, iterations: int = 2) -> Path:
    """Run it as the host does, shortened; returns the last checkpoint."""
    module = setting(name)
    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = "lwl", name, f"ltr/lwl/{name}"
    settings.use_gpu = False
    recipe, module.RECIPE = module.RECIPE, dataclasses.replace(module.RECIPE, iterations=iterations)
    try:
        module.run(settings)
    finally:
        module.RECIPE = recipe
    folder = Path(settings.env.workspace_dir) / "checkpoints" / settings.project_path
    return sorted(folder.glob("LWLNet_0*.safetensors"))[-1]


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch):
    """Call it with fields of all recipes."""

    def change_all(**fields) -> None:
        modules = [setting(name) for name in NAMES]  # all, before the first changes: some are made of others
        for module in modules:
            monkeypatch.setattr(module, "RECIPE", dataclasses.replace(module.RECIPE, **fields))

    return change_all


@pytest.fixture
def tiny(change) -> None:
    """A tiny network, two iterations of two clips."""
    recipe = setting("stage1").RECIPE
    change(
        model=dataclasses.replace(recipe.model, **SMALL),
        first_crops=dataclasses.replace(recipe.first_crops, crop_hw=(64, 64)),
        later_crops=dataclasses.replace(recipe.later_crops, crop_hw=(64, 64)),
        iterations_per_epoch=2, batch_size=2, validation_clips=2, num_workers=0, num_later=2,
    )  # fmt: skip


def tensors(path: Path) -> dict[str, torch.Tensor]:
    return read_checkpoint(path).tensors


def test_the_second_stage_goes_on_from_the_first(workspace, video_data, tiny, tmp_path):
    workspace(*video_data)
    with pytest.raises(UserError, match=r"no checkpoint of lwl stage1 in .*: run run_training.py lwl stage1 first"):
        run("stage2")
    first = run("stage1")
    assert not any(name.startswith("net.backbone") for name in tensors(first)), "the backbone was fixed"
    second = run("stage2", iterations=2)
    header = read_checkpoint(second).header
    assert header["fingerprint"]["data"]["start"].startswith("stage1 ")
    before = torch.load(tmp_path / "nets" / lwl_recipe.BACKBONE_FILE)
    after = tensors(second)
    changed = {
        name for name, old in before.items() if not torch.equal(after.get(f"net.backbone.body.{name}", old), old)
    }
    assert {"layer2.0.conv1.weight", "layer4.2.bn3.weight"} <= changed
    assert not any(name.startswith(("conv1", "bn1", "layer1")) or "running" in name for name in changed)
    # two Adam steps of 2e-5 from where stage 1 ended
    moved = (after["net.decoder.tail.weight"] - tensors(first)["net.decoder.tail.weight"]).abs().max()
    assert 0 < moved <= 5e-5

    weights = tmp_path / "lwl.safetensors"
    export_checkpoint(second, weights, tmp_path / "nets" / lwl_recipe.BACKBONE_FILE)
    net = load_network(weights)
    assert isinstance(net, LWLNet)
    assert torch.allclose(net.decoder.tail.weight, after["net.decoder.tail.weight"], atol=1e-3)


def test_an_unfinished_first_stage_is_not_gone_on_from(workspace, video_data, tiny):
    workspace(*video_data)
    path = run("stage1")
    checkpoint = read_checkpoint(path)
    checkpoint.header["fingerprint"]["iterations"] = 70_000
    write_checkpoint(path, checkpoint)
    with pytest.raises(UserError, match=r"has done 2 of 70000 iterations: finish run_training.py lwl stage1 first"):
        run("baseline_ft")


def test_the_whole_network_is_fine_tuned(workspace, video_data, tiny, tmp_path):
    workspace(*video_data)
    run("stage1")
    after = tensors(run("baseline_ft"))
    before = torch.load(tmp_path / "nets" / lwl_recipe.BACKBONE_FILE)
    same = [name for name, old in before.items() if torch.equal(after[f"net.backbone.body.{name}"], old)]
    assert all("running" in name or "num_batches" in name for name in same), "batch statistics stay, nothing else does"
    assert not torch.equal(after["net.backbone.body.conv1.weight"], before["conv1.weight"])


@pytest.mark.skipif(
    "minihost" not in Path(YouTubeVOS.__init__.__code__.co_filename).parts,
    reason="upstream's list of LaSOT names sequences that the miniature lacks",
)
def test_lwl_ours_reads_the_masks_of_all_four(workspace, video_data, tiny, tmp_path, monkeypatch, change):
    workspace(
        *video_data,
        'got10k_dir = "got10k"',
        'lasot_dir = "lasot"',
        'got10k_masks_dir = "m/g"',
        'lasot_masks_dir = "m/l"',
    )
    make_got10k(tmp_path / "got10k", splits=("train",), frames=12)
    make_lasot(tmp_path / "lasot", frames=60)
    for pattern, step, masks in (("got10k/train/*", 1, "m/g"), ("lasot/*/*", 5, "m/l")):
        for folder in tmp_path.glob(pattern):
            if (folder / "groundtruth.txt").is_file():
                write_filled_boxes(folder, tmp_path / masks / folder.name, step)
    # the readers take the paths from the host's environment
    environment = SimpleNamespace(got10k_dir=str(tmp_path / "got10k/train"), lasot_dir=str(tmp_path / "lasot"))
    for name in ("ltr.dataset.got10k", "ltr.dataset.lasot"):
        monkeypatch.setattr(importlib.import_module(name), "env_settings", lambda: environment)
    run("stage1")
    change(iterations_per_epoch=10)  # a whole turn of 6 + 1 + 6 + 6
    found = read_checkpoint(run("ours", iterations=10)).header["fingerprint"]["data"]["sequences"]
    assert [name for name, _ in found] == list(setting("ours").RECIPE.sources) and all(count > 0 for _, count in found)


def write_filled_boxes(sequence: Path, masks: Path, step: int) -> None:
    """Masks as the host's readers want them: the box of every `step`th frame, filled, 0 and 1."""
    masks.mkdir(parents=True)
    boxes = np.loadtxt(sequence / "groundtruth.txt", delimiter=",")
    frame = next(path for path in sorted(sequence.rglob("*.jpg")))
    height, width = cv2.imread(str(frame)).shape[:2]
    for number in range(0, len(boxes), step):
        x, y, w, h = boxes[number].round().astype(int)
        mask = np.zeros((height, width), np.uint8)
        mask[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)] = 1
        write_mask(masks / f"{number + 1:08d}.png", mask)


@pytest.mark.parametrize("name", TABLE_3)
def test_table_3_trains(workspace, video_data, tiny, tmp_path, change, name):
    workspace(*video_data, 'youtubevos_masks_dir = "masks"')
    train = tmp_path / "yt/2019/train"
    b = part_of(train / "JPEGImages", "B")
    for sequence in b:
        (tmp_path / "masks" / sequence).mkdir(parents=True)
        for path in (train / "Annotations" / sequence).glob("*.png"):
            write_mask(tmp_path / "masks" / sequence / path.name, np.roll(read_mask(path), 3, axis=1))
            if name != "full":  # nobody may need the masks of B: only their boxes are left
                write_mask(path, boxes_of(read_mask(path)))
    change(batch_size=4)
    header = read_checkpoint(run(name)).header
    sequences = [count for _, count in header["fingerprint"]["data"]["sequences"]]
    assert sequences == {"only_a": [2], "full": [8]}.get(name, [2, 6])
    assert header["iteration"] == 2
    if name.startswith("mil"):
        assert header["stats"]["train"]["Loss/boxes"][1]["history"][0] > 0


def boxes_of(labels: np.ndarray) -> np.ndarray:
    """Every object as its filled box."""
    out = np.zeros_like(labels)
    for object_id in np.unique(labels[labels > 0]):
        x, y, w, h = cv2.boundingRect((labels == object_id).astype(np.uint8))
        out[y : y + h, x : x + w] = object_id
    return out


def test_a_missing_pseudo_mask_is_named(workspace, video_data, tiny, tmp_path):
    workspace(*video_data, 'youtubevos_masks_dir = "masks"')
    (tmp_path / "masks").mkdir()
    with pytest.raises(UserError, match=r"pseudo mask .*masks/.*png is missing: annotate .* with run_annotate.py"):
        run("pseudo")


def test_rejected_sequences_take_no_part(workspace, video_data, tiny, tmp_path):
    workspace(*video_data, 'youtubevos_masks_dir = "job/ytvos/Annotations"')
    (tmp_path / "job/ytvos/Annotations").mkdir(parents=True)
    names = lwl_recipe.part_of(tmp_path / "yt/2019/train/JPEGImages", "B")
    (tmp_path / "job/decisions.csv").write_text(f"sequence,decision\n{names[0]},reject\n")
    paths = load_paths()
    whole = lwl_recipe.SOURCES["YouTube-VOS B, boxes"](paths, "test", 1).dataset
    made = lwl_recipe.SOURCES["YouTube-VOS B, pseudo masks"](paths, "test", 1).dataset
    assert made.get_num_sequences() < whole.get_num_sequences()


@pytest.mark.parametrize(
    ("name", "lines", "missing"),
    [
        ("stage1", (), "pretrained_dir"),
        ("stage1", ('pretrained_dir = "."',), "youtubevos_dir"),
        ("ours", (), "got10k_dir"),
        ("ours", ('got10k_dir = "."',), "got10k_masks_dir"),
        ("pseudo", (), "youtubevos_masks_dir"),
    ],
)
def test_what_is_missing_is_said_in_one_line(workspace, video_data, name, lines, missing):
    workspace(*(lines if name == "stage1" else (*video_data, *lines)))
    with pytest.raises(UserError, match=rf"{missing} is not set, but run_training.py lwl {name} needs it: set .* in"):
        run(name)


@pytest.mark.parametrize(
    ("name", "iterations", "rates"),
    [
        ("stage1", 70_000, {0: 1, 39_999: 1, 40_000: 0.2, 69_999: 0.2}),
        ("stage2", 80_000, {0: 1, 24_999: 1, 25_000: 0.2, 75_000: 0.04}),
        ("ours", 120_000, {0: 1, 37_500: 0.2, 112_500: 0.04}),
        ("baseline_ft", 120_000, {0: 1, 37_500: 0.2, 112_500: 0.04}),
        *[(name, 100_000, {0: 1, 57_000: 0.2}) for name in TABLE_3],
    ],
)
def test_schedules(name, iterations, rates):
    recipe = setting(name).RECIPE
    assert recipe.iterations == iterations
    for iteration, factor in rates.items():
        found = stepped_decay(iteration, milestones=recipe.milestones, decay=recipe.decay)
        assert found == pytest.approx(factor)


def test_recipes_are_those_of_the_papers():
    recipe = setting("stage1").RECIPE
    crops = [(c.scale, c.crop_hw, c.scale_jitter, c.centre_jitter, c.rotation, c.zoom, c.brightness, c.grey, c.flip)
             for c in (recipe.first_crops, recipe.later_crops)]  # fmt: skip
    assert crops[0] == (5.0, (480, 832), 0.25, (3.0, 3.0), 15.0, 0.2, 0.2, 0.05, 0.5)
    assert crops[1] == (5.0, (480, 832), 0.5, (5.5, 4.5), 15.0, 0.2, 0.2, 0.05, 0.5)
    assert (recipe.batch_size, recipe.num_later, recipe.max_gap, recipe.model.crop_hw) == (20, 3, 100, (480, 832))
    assert setting("stage1").RECIPE.sources == setting("stage2").RECIPE.sources == {"YouTube-VOS": 6, "DAVIS": 1}
    assert list(setting("ours").RECIPE.sources.values()) == [6, 1, 6, 6]
    for name in NAMES:
        assert set(setting(name).RECIPE.sources) <= set(lwl_recipe.SOURCES)
        assert setting(name).RECIPE.start == ("stage1" if name in ("stage2", "ours", "baseline_ft") else None)


def test_learning_rates_by_part():
    recipe = setting("stage1").RECIPE
    net = LWLNet(dataclasses.replace(recipe.model, **SMALL))
    groups = parameter_groups(net, recipe.rates)
    of = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    assert of[id(next(net.label_encoder.parameters()))] == 2e-4
    assert of[id(next(net.target_features.parameters()))] == 2e-5
    assert of[id(net.decoder.tail.weight)] == of[id(net.aggregation.raw_regularisation)] == 1e-4
    assert not any(id(parameter) in of for parameter in net.backbone.parameters())
