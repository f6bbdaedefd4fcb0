"""The parameter modules, through the host's own runner."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from miniatures.tiny_lwl import HEIGHT, WIDTH, label_map

from ltr_ext.data.image_io import write_mask
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.lwl import LWLNet
from ltr_ext.weights import save_network
from tracker_ext.segmentation import networks

BOXES = {"3": [30.0, 20.0, 30.0, 24.0], "8": [4.0, 40.0, 20.0, 24.0]}


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, net: LWLNet, box_net: Box2MaskNet) -> Path:
    """A folder with both weight files, which the settings name."""
    (tmp_path / "paths.toml").write_text(
        'weights_dir = "weights"\nresults_dir = "results"\nworkspace_dir = "workspace"\n'
    )
    monkeypatch.setenv("BOX2MASK_SETTINGS", str(tmp_path / "paths.toml"))
    folder = tmp_path / "weights"
    folder.mkdir()
    save_network(net, folder / "lwl-lite.safetensors")
    save_network(box_net, folder / "box2mask-lite.safetensors")
    return folder


@pytest.fixture
def sequence(tmp_path: Path, frames: list[np.ndarray]) -> Callable[..., Any]:
    """`sequence(many, masks)`: a host `Sequence` on disk."""
    import cv2
    from pytracking.evaluation import Sequence

    def make(many: bool, masks: bool) -> Sequence:
        paths = [tmp_path / f"{number:05d}.png" for number in range(3)]
        for path, frame in zip(paths, frames, strict=False):
            cv2.imwrite(str(path), frame)
        truth = {object_id: np.array([box] * 3) for object_id, box in BOXES.items()}
        further: dict[str, Any] = {}
        if masks:
            label_file = tmp_path / "mask.png"
            whole = {f"_{i}": tuple(int(v) for v in box) for i, box in BOXES.items()}
            write_mask(label_file, label_map(**whole if many else {"_1": whole["_3"]}))
            further["ground_truth_seg"] = [str(label_file)] * 3
        if many:
            further |= {"object_ids": list(BOXES), "multiobj_mode": True}
        return Sequence("mini", [str(p) for p in paths], "mini", truth if many else truth["3"], **further)

    return make


def run(name: str, sequence: Any) -> dict[str, Any]:
    from tracker_ext.tracker_handle import TrackerHandle

    return TrackerHandle("lwl", name).run_sequence(sequence)


@pytest.mark.parametrize("many", [False, True], ids=["single", "several"])
@pytest.mark.parametrize(("name", "masks"), [("default", True), ("box2mask_init", False), ("box2mask_init", True)])
def test_through_the_host(weights: Path, sequence: Callable[..., Any], name: str, masks: bool, many: bool) -> None:
    output = run(name, sequence(many, masks))
    assert len(output["target_bbox"]) == len(output["segmentation"]) == len(output["time"]) == 3
    assert all(mask.shape == (HEIGHT, WIDTH) and mask.dtype == np.uint8 for mask in output["segmentation"])
    if many:
        assert all(list(boxes) == list(BOXES) for boxes in output["target_bbox"])
        assert list(output["object_presence_score"][2]) == list(BOXES)
        assert set(np.unique(output["segmentation"][0])) == {0, 3, 8}
    else:
        assert np.array(output["target_bbox"]).shape == (3, 4)
        assert set(np.unique(output["segmentation"][0])) == {0, 1}


def test_a_mask_start_without_a_mask(weights: Path, sequence: Callable[..., Any]) -> None:
    with pytest.raises(UserError, match="box2mask_init"):
        run("default", sequence(many=False, masks=False))


@pytest.mark.parametrize(("name", "file"), [
    ("default", "lwl-lite"), ("box2mask_init", "lwl-lite"), ("box2mask_init", "box2mask-lite"),
])  # fmt: skip
def test_missing_weights(weights: Path, sequence: Callable[..., Any], name: str, file: str) -> None:
    (weights / f"{file}.safetensors").unlink()
    with pytest.raises(UserError, match=file):
        run(name, sequence(many=False, masks=True))


def test_weights_of_the_other_network(weights: Path, sequence: Callable[..., Any]) -> None:
    (weights / "box2mask-lite.safetensors").replace(weights / "lwl-lite.safetensors")
    with pytest.raises(UserError, match="Box2MaskNet, not LWLNet"):
        run("default", sequence(many=False, masks=True))


def test_weights_are_read_once(weights: Path) -> None:
    path = weights / "lwl-lite.safetensors"
    first = networks.network(path, LWLNet, "cpu")
    assert networks.network(path, LWLNet, "cpu") is first
    save_network(first, path)
    assert networks.network(path, LWLNet, "cpu") is not first, "a file that was replaced is read again"


@pytest.mark.parametrize("many", [False, True], ids=["single", "several"])
@pytest.mark.parametrize("masks", [False, True], ids=["boxes", "masks"])
@pytest.mark.parametrize("name", ["ours", "baseline_ft", "sta_init"])
def test_weights_that_are_named(
    weights: Path, sequence: Callable[..., Any], name: str, masks: bool, many: bool
) -> None:
    """From the mask where there is one, else from the box; the files in any order."""
    from tracker_ext.tracker_handle import TrackerHandle

    tracker = TrackerHandle("lwl", name)
    tracker.weights = (weights / "box2mask-lite.safetensors", weights / "lwl-lite.safetensors")
    assert [path.name for path in tracker.get_parameters().weights] == [
        "lwl-lite.safetensors",
        "box2mask-lite.safetensors",
    ]
    first = tracker.run_sequence(sequence(many, masks))["segmentation"][0]
    whole = label_map(**{f"_{i}": tuple(int(v) for v in box) for i, box in BOXES.items() if many or i == "3"})
    given = whole if many else (whole > 0).astype(np.uint8)
    assert np.array_equal(first, given) == (masks and name != "sta_init")
    assert not (first[whole == 0]).any(), "nothing outside the boxes"


@pytest.mark.parametrize("name", ["ours", "baseline_ft"])
def test_missing_trainings_are_named(weights: Path, sequence: Callable[..., Any], name: str) -> None:
    from tracker_ext.tracker_handle import TrackerHandle

    with pytest.raises(UserError, match=rf"run_training.py lwl {name}, or name .* with --weights FILE$"):
        run(name, sequence(many=False, masks=True))
    tracker = TrackerHandle("lwl", name)
    tracker.weights = (weights / "lwl-lite.safetensors",)
    tracker.run_sequence(sequence(many=False, masks=True))
    with pytest.raises(UserError, match=r"run_training.py box2mask default, or name its weight file"):
        tracker.run_sequence(sequence(many=False, masks=False))


@pytest.mark.parametrize(("name", "files", "message"), [
    ("default", ["box2mask-lite"], "holds a Box2MaskNet; lwl default takes LWLNet$"),
    ("ours", ["lwl-lite", "lwl-lite"], "a second LWLNet beside"),
    ("ours", ["absent"], "absent"),
])  # fmt: skip
def test_weights_that_do_not_fit(weights: Path, name: str, files: list[str], message: str) -> None:
    from tracker_ext.tracker_handle import TrackerHandle

    tracker = TrackerHandle("lwl", name)
    tracker.weights = tuple(weights / f"{file}.safetensors" for file in files)
    with pytest.raises(UserError, match=message):
        tracker.get_parameters()


def test_a_training_checkpoint_is_taken_as_it_is(weights: Path, net: LWLNet) -> None:
    """As the trainer leaves it, without the frozen backbone: here that of the weights that ship."""
    from ltr_ext.trainers.checkpoint import Checkpoint, write_checkpoint
    from ltr_ext.trainers.state import NET_PREFIX, frozen_digest, net_tensors
    from ltr_ext.weights import load_network
    from tracker_ext.tracker.trained import checkpoint_of
    from tracker_ext.tracker_handle import TrackerHandle

    stored = load_network(weights / "lwl-lite.safetensors")  # rounded to half precision
    header = {
        "fingerprint": {"model": asdict(stored.config), "frozen": frozen_digest(stored), "setting": "x", "seed": 0},
        "net_type": "LWLNet", "iteration": 1, "best": 0.5, "torch": torch.__version__,
    }  # fmt: skip
    path = checkpoint_of(LWLNet, "lwl ours")
    assert path.parts[-5:-1] == ("checkpoints", "ltr", "lwl", "ours")
    write_checkpoint(path, Checkpoint({NET_PREFIX + key: value for key, value in net_tensors(stored).items()}, header))
    found = TrackerHandle("lwl", "ours").get_parameters().parts.net.state_dict()
    assert all(torch.equal(found[key], value) for key, value in stored.state_dict().items())
    for file in weights.iterdir():
        file.unlink()
    path.touch()
    with pytest.raises(UserError, match=r"trained on another backbone; name its file with python -m ltr_ext.export"):
        TrackerHandle("lwl", "ours").get_parameters()


@pytest.mark.parametrize("name", ["ours", "baseline_ft", "sta_init", "lwl_stage2"])
def test_the_papers_rows_have_no_step_of_ours(name: str) -> None:
    """No crumbs are dropped, in float32, by upstream's rules."""
    config = importlib.import_module(f"tracker_ext.parameter.lwl.{name}").CONFIG
    assert (config.min_part, config.precision, config.rules) == (0, "float32", "upstream")


@pytest.mark.parametrize("asked, seen", [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_the_precision_that_is_asked_for_is_worked_in(weights, sequence, monkeypatch, asked, seen):
    """And it is the one the handle's parameters say."""
    from tracker_ext.tracker_handle import TrackerHandle

    tracker = TrackerHandle("lwl", "box2mask_init")
    tracker.precision = asked
    params = tracker.get_parameters()
    assert params.parts.precision == asked
    used = []
    conv = params.parts.net.backbone.register_forward_hook(
        lambda _module, _inputs, output: used.extend(value.dtype for value in output.values())
    )
    engine = tracker.tracker_class(params)
    engine.initialize(np.zeros((HEIGHT, WIDTH, 3), np.uint8), {"init_bbox": BOXES["3"]})
    conv.remove()
    assert set(used) == {seen}
