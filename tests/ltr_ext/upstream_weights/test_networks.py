"""Upstream's networks in ours: every tensor has its place, and the logits are upstream's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from upstream_networks import STEP, draw_clip, drawn_state, lwl_masks, write_checkpoint

from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.lwl import LWLNet
from ltr_ext.upstream_weights.keys import BOX2MASK, LWL
from ltr_ext.upstream_weights.networks import translate
from ltr_ext.weights import load_network

GOLDEN = np.load(Path(__file__).parent / "upstream.npz")
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def sta(upstream_file) -> Box2MaskNet:
    return load_network(upstream_file("sta"))


@pytest.mark.parametrize("num_frames", [1, 3])
@torch.no_grad()
def test_box2mask_gives_upstreams_logits(sta, num_frames):
    """Two sequences; the golden logits are upstream's own, with the same weights."""
    assert isinstance(sta, Box2MaskNet) and not sta.training
    output = sta(*draw_clip(num_frames, 2))
    found = torch.stack((output.coarse, output.refined))[..., ::STEP, ::STEP]
    golden = torch.from_numpy(GOLDEN[f"sta_{num_frames}"])
    assert golden.std() > 1 and (golden[0] - golden[1]).abs().max() > 0.01, "golden logits that tell something"
    torch.testing.assert_close(found, golden, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("kind", ["lwl_stage2", "lwl_boxinit"])
@torch.no_grad()
def test_lwl_gives_upstreams_logits(upstream_file, kind):
    net = load_network(upstream_file(kind))
    assert isinstance(net, LWLNet) and net.previous_encoder is None
    images, _ = draw_clip(3, 2)
    found = net(images[:1], images[1:], lwl_masks(), num_refinement_iter=0)
    golden = torch.from_numpy(GOLDEN["lwl"])
    torch.testing.assert_close(found[..., ::STEP, ::STEP], golden, atol=TOLERANCE, rtol=0)


@torch.no_grad()
def test_fractional_boxes_are_truncated_as_upstream_does(sta):
    images, boxes = draw_clip(1, 2)
    inside = boxes.clamp_min(5)
    whole, fractional = (sta.encode(images[0], maps[0]).single for maps in (inside, inside + 0.7))
    torch.testing.assert_close(whole, fractional, atol=0, rtol=0)


@pytest.mark.parametrize("kind, key_map", [("sta", BOX2MASK), ("lwl_stage2", LWL), ("lwl_boxinit", LWL)])
def test_every_tensor_is_used_or_dropped_by_name(shapes, kind, key_map):
    state = {name: torch.zeros(shape) for name, shape in shapes[kind].items()}
    read = set().union(*(link.reads(state) for link in key_map.links))
    left = state.keys() - read
    assert left == {name for name in state if name.startswith(key_map.dropped)}
    if kind != "lwl_stage2":
        assert left, "something is dropped, and the map says what"
    ours = [name for link in key_map.links for name in link.load(state)]
    assert len(ours) == len(set(ours)), "no tensor of ours is filled twice"


@pytest.mark.parametrize(
    "missing",
    [
        "target_model.filter_optimizer.residual_module.filter_reg",
        "decoder.TSE.layer3.transform.0.bias",
        "feature_extractor.layer2.1.bn2.running_mean",
        "bbox_encoder.label_pred.0.weight",
    ],
)
def test_a_missing_tensor_is_named(shapes, missing):
    state = {name: torch.zeros(shape) for name, shape in shapes["sta"].items() if name != missing}
    with pytest.raises(UserError, match=f"tensor {missing} is missing"):
        translate(state, BOX2MASK, Path("sta.pth.tar"))


def test_a_tensor_too_many_is_named(shapes):
    state = {name: torch.zeros(shape) for name, shape in shapes["sta"].items()} | {"decoder.more": torch.zeros(1)}
    with pytest.raises(UserError, match=r"tensor decoder\.more is not of this network"):
        translate(state, BOX2MASK, Path("sta.pth.tar"))


@pytest.mark.parametrize(
    "changes",
    [{"backbone_type": "imagenet"}, {"dilation_factors": {1: 8, 2: 8}}, {"clf_feat_blocks": 1}, {"filter_size": 4},
     {"optim_iter": "many"}, {"filter_groups": 2}],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_what_we_cannot_express_is_refused(shapes, tmp_path, changes):
    state = {name: torch.zeros(shape, dtype=torch.float16) for name, shape in shapes["lwl_stage2"].items()}
    path = write_checkpoint(tmp_path / "lwl.pth", state, "lwl_stage2", **changes)
    with pytest.raises(UserError, match=next(iter(changes))):
        load_network(path)


def test_statistics_in_the_label_encoder_are_folded(shapes):
    """Upstream's networks can have them; those of its weight files do not."""
    state = drawn_state({name: shape for name, shape in shapes["lwl_stage2"].items() if "layer" not in name})
    state |= {name: torch.zeros(shape) for name, shape in shapes["lwl_stage2"].items() if name not in state}
    plain = translate(state, LWL, Path("lwl.pth"))
    place, width = "label_encoder.res1.bn1", 32
    scale, mean = torch.full((width,), 3.0), torch.arange(width) / 8
    norm = {"weight": scale, "bias": torch.ones(width), "running_mean": mean, "running_var": 4 * torch.ones(width)}
    normed = translate(state | {f"{place}.{part}": value for part, value in norm.items()}, LWL, Path("lwl.pth"))
    name = "label_encoder.stem.block1.conv1"
    torch.testing.assert_close(normed[f"{name}.weight"], plain[f"{name}.weight"] * 1.5, rtol=1e-4, atol=0)
    torch.testing.assert_close(normed[f"{name}.bias"], 1 - 1.5 * mean, rtol=1e-4, atol=1e-5)
