"""Training checkpoints as files of pytracking, and back."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from upstream_networks import draw_clip, lwl_masks, to_upstream

from ltr_ext import export, host
from ltr_ext.errors import UserError, run_command
from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.models.box2mask.config import LITE
from ltr_ext.models.cues import CueConfig, CueNet
from ltr_ext.models.layers import he_initialise
from ltr_ext.models.lwl import LWLConfig, LWLNet
from ltr_ext.upstream_weights.networks import check_exportable
from ltr_ext.upstream_weights.reader import read_checkpoint
from ltr_ext.upstream_weights.writer import save_upstream
from ltr_ext.weights import load_network

SMALL = {"feature_dim": 24, "encoding_channels": 4, "decoder_widths": (32, 16, 16, 8), "block_bias": False}
BOX2MASK = Box2MaskConfig(encoder_widths=(4, 6, 8, 10), inference_iterations=7, initial_regularisation=0.01, **SMALL)
LWL = LWLConfig(encoder_widths=(4, 6, 8), **SMALL)
CONFIGS = {"sta": BOX2MASK, "lwl": LWL}
needs_upstream = pytest.mark.skipif(host.resolve().name != "upstream", reason="the host is minihost")


def build(config: Box2MaskConfig | LWLConfig) -> Box2MaskNet | LWLNet:
    """A network whose every part matters, its backbone not folded."""
    torch.manual_seed(0)
    net = Box2MaskNet(config) if isinstance(config, Box2MaskConfig) else LWLNet(config)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.3, 0.7)
    he_initialise(net.decoder)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if not name.startswith("backbone.") and parameter.ndim:
                parameter += 0.03 * torch.randn(parameter.shape)
        net.decoder.logit.weight *= 0.1  # logits of the size that trained networks give
    return net.eval()


def write_training_checkpoint(net: Box2MaskNet | LWLNet, folder: Path) -> tuple[Path, Path]:
    """As the trainer leaves it, and the file of the backbone."""
    from ltr_ext.trainers.checkpoint import Checkpoint, write_checkpoint
    from ltr_ext.trainers.state import NET_PREFIX, frozen_digest, net_tensors

    backbone, path = folder / "backbone.pth", folder / "net.safetensors"
    torch.save(net.backbone.body.state_dict(), backbone)
    net.backbone.fold_batch_norm()
    header = {
        "fingerprint": {"model": asdict(net.config), "frozen": frozen_digest(net), "setting": "x", "seed": 0},
        "net_type": type(net).__name__, "iteration": 1, "best": 0.5, "torch": torch.__version__,
    }  # fmt: skip
    write_checkpoint(path, Checkpoint({NET_PREFIX + k: v for k, v in net_tensors(net).items()}, header))
    return path, backbone


@pytest.fixture(scope="module", params=["sta", "lwl"])
def exported(request, tmp_path_factory):
    """The network that was trained, and the exported file."""
    folder = tmp_path_factory.mktemp(request.param)
    net = build(CONFIGS[request.param])
    checkpoint, backbone = write_training_checkpoint(net, folder)
    target = folder / "exported.pth.tar"
    arguments = ["export", str(checkpoint), str(target), "--backbone", str(backbone)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", arguments)
        assert export.main() == 0
    return net, target


@torch.no_grad()
def logits(net: Box2MaskNet | LWLNet) -> torch.Tensor:
    """[T, B, H, W] of one boxed frame, or of two frames after the first."""
    if isinstance(net, Box2MaskNet):
        return net(*draw_clip(1, 2)).final
    images, _ = draw_clip(3, 2)
    return net(images[:1], images[1:], lwl_masks(), num_refinement_iter=0)


def test_what_is_exported_comes_back(exported):
    net, path = exported
    again = load_network(path)
    before, after = net.state_dict(), again.state_dict()
    assert before.keys() == after.keys()
    differing = [name for name in before if not torch.equal(before[name], after[name])]
    assert differing in ([], ["aggregation.raw_regularisation", "refined_aggregation.raw_regularisation"])
    torch.testing.assert_close(again.aggregation.regularisation, net.aggregation.regularisation)
    torch.testing.assert_close(logits(again), logits(net), atol=1e-4, rtol=1e-4)
    second = path.with_name("second.pth")
    save_upstream(again, second)
    save_upstream(again, path.with_name("under_another_name.pth.tar"))
    assert path.with_name("under_another_name.pth.tar").read_bytes() == second.read_bytes()
    third = load_network(second).state_dict()
    assert all(torch.equal(after[name], third[name]) for name in after), "from then on bit by bit"


def test_lambda_is_multiplied_where_upstream_does_not_average(tmp_path):
    """Our mean over T frames is upstream's sum with T times lambda, up to a factor that the minimum does not see."""
    config = replace(BOX2MASK, box_edges="whole_pixels")
    net = build(config)
    net.backbone.fold_batch_norm()
    save_upstream(net, tmp_path / "a.pth", num_frames=3)
    clip = draw_clip(3, 2)
    with torch.no_grad():
        torch.testing.assert_close(
            load_network(tmp_path / "a.pth")(*clip).final, net(*clip).final, atol=1e-4, rtol=1e-4
        )


@pytest.mark.parametrize(
    "config, field",
    [
        pytest.param(LITE, "backbone", id="backbone"),
        pytest.param(replace(BOX2MASK, block_bias=True), "block_bias", id="bias"),
        pytest.param(replace(BOX2MASK, variant="multi_frame"), "variant", id="variant"),
        pytest.param(replace(BOX2MASK, decoder_widths=(8, 8, 8, 8)), "decoder_widths", id="widths"),
        pytest.param(replace(LWL, previous_width=8), "previous_width", id="previous mask"),
    ],
)
def test_what_upstream_does_not_have_is_refused(config, field):
    class Stub:
        pass

    stub = Stub()
    stub.config = config
    with pytest.raises(UserError, match=f"{field}=.* has no counterpart"):
        check_exportable(stub)


def test_a_network_of_cues_is_refused():
    with pytest.raises(UserError, match="CueNet has no counterpart"):
        check_exportable(CueNet(CueConfig(cues=())))


def test_the_name_tells_the_format():
    assert [export.format_of(Path(name)) for name in ("a.pth.tar", "a.pth", "a.safetensors")] == [
        "upstream", "upstream", "safetensors",
    ]  # fmt: skip


def run_export(*arguments: str | Path) -> int:
    """The command, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["export", *map(str, arguments)])
        return run_command(export.main)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        pytest.param("README.md", "no name of a weight file; end it in .safetensors, or in .pth.tar", id="text"),
        pytest.param("weights", "no name of a weight file", id="no ending"),
        pytest.param("masks.tar", "no name of a weight file", id="tar"),
        pytest.param("there.safetensors", "exists; name another file, or replace it with --overwrite", id="ours"),
        pytest.param("there.pth.tar", "exists; name another file, or replace it with --overwrite", id="pytracking's"),
        pytest.param("folder.safetensors", "is a folder", id="folder"),
        pytest.param("nowhere/a.safetensors", "does not exist; create it", id="no folder"),
    ],
)
def test_nothing_else_is_overwritten(tmp_path, capsys, target, message):
    (tmp_path / "folder.safetensors").mkdir()
    for name in ("README.md", "weights", "masks.tar", "there.safetensors", "there.pth.tar"):
        (tmp_path / name).write_text("mine")
    # of the checkpoint, which does not even exist, nothing is said: the target is looked at first
    assert run_export(tmp_path / "checkpoint.safetensors", tmp_path / target) == 2
    err = capsys.readouterr().err
    assert f"{target.split('/')[0]}" in err and message in err and err.count("\n") == 1
    assert {path.read_text() for path in tmp_path.iterdir() if path.is_file()} == {"mine"}


def test_the_checkpoint_itself_is_never_overwritten(tmp_path, capsys):
    (tmp_path / "a.safetensors").write_text("mine")
    (tmp_path / "b.safetensors").symlink_to("a.safetensors")
    assert run_export(tmp_path / "a.safetensors", tmp_path / "b.safetensors", "--overwrite") == 2
    assert "is the checkpoint itself" in capsys.readouterr().err
    assert (tmp_path / "a.safetensors").read_text() == "mine"


def test_overwrite_replaces_the_file(exported, capsys):
    path = exported[1]
    checkpoint, backbone = path.with_name("net.safetensors"), path.with_name("backbone.pth")
    copy, whole = path.with_name("copy.pth.tar"), path.read_bytes()
    copy.write_text("old")
    assert run_export(checkpoint, copy, "--backbone", backbone) == 2 and copy.read_text() == "old"
    assert run_export(checkpoint, copy, "--backbone", backbone, "--overwrite") == 0 and copy.read_bytes() == whole


def test_another_backbone_is_refused(exported, tmp_path, capsys):
    path = exported[1]
    shipped = Path(__file__).resolve().parents[3] / "weights/box2mask-lite.safetensors"
    assert run_export(path.with_name("net.safetensors"), tmp_path / "a.pth.tar", "--backbone", shipped) == 2
    assert f"--backbone {shipped}: holds another backbone" in capsys.readouterr().err
    assert not (tmp_path / "a.pth.tar").exists()


def test_the_help_names_the_option(capsys):
    with pytest.raises(SystemExit):
        run_export("--help")
    assert capsys.readouterr().out.count("--overwrite") == 3  # usage, description, list


def test_the_file_holds_no_class_of_ours(exported):
    content = read_checkpoint(exported[1])
    assert type(content["constructor"]).__name__ == "NetConstructor"
    assert b"ltr_ext" not in exported[1].read_bytes()


@needs_upstream
@torch.no_grad()
def test_upstream_rebuilds_it(exported):
    from ltr.admin.loading import load_network as load_by_upstream

    net, path = exported
    theirs, _ = load_by_upstream(str(path), backbone_pretrained=False)
    theirs.eval()
    if isinstance(net, Box2MaskNet):
        images, boxes = draw_clip(1, 2)
        found = theirs(to_upstream(images), boxes)[1]
    else:
        images = to_upstream(draw_clip(3, 2)[0]).contiguous()
        found = theirs(images[:1], images[1:], lwl_masks(), None, num_refinement_iter=0)
    torch.testing.assert_close(found, logits(net), atol=1e-4, rtol=1e-5)
    assert found.std() > 0.3


@needs_upstream
def test_upstreams_users_run_with_it(exported):
    """Its STA helper (part of RTS) and its LWL tracker."""
    import numpy as np
    from pytracking.features.net_wrappers import NetWithBackbone
    from pytracking.utils import TrackerParams

    net, path = exported
    wrapped = NetWithBackbone(
        str(path), use_gpu=False, image_format="bgr255", mean=[103.0, 116.0, 123.0], std=[1, 1, 1]
    )
    wrapped.initialize()
    image = draw_clip(1, 1)[0][0, 0].permute(1, 2, 0).numpy().astype(np.uint8)
    box = np.array([40.0, 30.0, 50.0, 40.0])
    params = TrackerParams()
    params.device, params.use_gpu = "cpu", False
    if isinstance(net, Box2MaskNet):
        from pytracking.tracker.rts.sta_helper import STAHelper

        params.sta_net, params.sta_image_sample_size, params.sta_search_area_scale = wrapped, (96, 160), 4.0
        mask = STAHelper(params).predict_mask(image, box)
        assert mask.shape == image.shape[:2] and not mask[:, :40].any() and not mask[:30].any()
        return
    import importlib

    from pytracking.evaluation.multi_object_wrapper import MultiObjectWrapper
    from pytracking.tracker.lwl.lwl import LWL as TheirTracker

    params = importlib.import_module("pytracking.parameter.lwl.lwl_ytvos").parameters()
    params.use_gpu, params.net, params.image_sample_size = False, wrapped, (96, 160)
    tracker = MultiObjectWrapper(TheirTracker, params)
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[30:70, 40:90] = 1
    ids = ["1"]
    output = tracker.initialize(image, {"init_bbox": {"1": box.tolist()}, "init_mask": mask, "init_object_ids": ids,
                                        "object_ids": ids, "sequence_object_ids": ids})  # fmt: skip
    for _ in range(3):
        output = tracker.track(image, {"previous_output": output})
        assert output["segmentation"].shape == mask.shape
        assert np.isfinite(output["segmentation_raw"]["1"]).all()


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ({}, "fingerprint"),
        ({"fingerprint": 7, "net_type": "LWLNet", "iteration": 1, "best": None, "torch": "2"}, "model"),
        ({"fingerprint": {"model": {}}, "net_type": "LWLNet", "iteration": 1, "best": None, "torch": "2"}, "frozen"),
    ],
)
def test_a_checkpoint_made_by_hand_is_refused(tmp_path, header, missing):
    from ltr_ext.trainers.checkpoint import Checkpoint, write_checkpoint

    write_checkpoint(tmp_path / "a.safetensors", Checkpoint({}, header))
    with pytest.raises(UserError, match=f"has no entry '{missing}' in its header"):
        export.export_checkpoint(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
