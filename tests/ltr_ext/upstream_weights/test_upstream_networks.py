"""Files by upstream's own trainer, its networks as of its weight files: our logits are its own."""

from __future__ import annotations

import importlib

import pytest
import torch
from upstream_networks import NETWORKS, build_upstream, draw_clip, lwl_masks, save_by_upstream, to_upstream

from ltr_ext import host
from ltr_ext.models.lwl import LWLNet
from ltr_ext.train_settings import box2mask_recipe, lwl_recipe
from ltr_ext.train_settings.box2mask import default
from ltr_ext.train_settings.lwl import stage1
from ltr_ext.upstream_weights.networks import exported_state
from ltr_ext.weights import load_network

pytestmark = pytest.mark.skipif(host.resolve().name != "upstream", reason="the host is minihost")
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def upstream_file(tmp_path_factory):
    """`upstream_file(kind)` -> its network and the file that its trainer writes of it."""
    known = {}

    def make(kind):
        if kind not in known:
            net = build_upstream(kind)
            known[kind] = net, save_by_upstream(net, tmp_path_factory.mktemp(kind))
        return known[kind]

    return make


@pytest.mark.parametrize("num_frames", [1, 3])
@torch.no_grad()
def test_stanet(upstream_file, num_frames):
    """Two sequences; boxes with fractions, both passes."""
    theirs, path = upstream_file("sta")
    images, boxes = draw_clip(num_frames, 2)
    boxes = boxes + torch.tensor([0.3, 0.8, 0.6, 0.1])
    boxes = torch.where(boxes < 0, boxes.trunc(), boxes)
    expected = theirs(to_upstream(images), boxes)
    output = load_network(path)(images, boxes)
    for found, wanted in zip((output.coarse, output.refined), expected, strict=True):
        assert wanted.std() > 1
        torch.testing.assert_close(found, wanted, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("kind", ["lwl_stage2", "lwl_boxinit"])
@torch.no_grad()
def test_lwl(upstream_file, kind):
    """Network and learner, from the mask of the first frame; memory and updates: tests/tracker_ext/tracker."""
    path = upstream_file(kind)[1]
    theirs = upstream_file("lwl_stage2")[
        0
    ]  # LWTLBoxNet cannot be run without its box encoder; the weights are the same
    ours = load_network(path)
    assert isinstance(ours, LWLNet)
    images, _ = draw_clip(3, 2)
    inputs = to_upstream(images).contiguous()
    expected = theirs(inputs[:1], inputs[1:], lwl_masks(), None, num_refinement_iter=0)
    found = ours(images[:1], images[1:], lwl_masks(), num_refinement_iter=0)
    torch.testing.assert_close(found, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("steps", [1, 2])
@torch.no_grad()
def test_lwl_learns_on_the_way(upstream_file, steps):
    """`num_refinement_iter` > 0, as in training: beside upstream's own learner, decoder and encoder.

    Upstream's `forward` fits the filter to each prediction and then goes on with that of the first frame, so that its
    predictions do not depend on the number of steps. We go on with the new filter, as the paper of LWL says and as
    upstream's tracker does.
    """
    theirs, path = upstream_file("lwl_stage2")
    ours = load_network(path)
    images, _ = draw_clip(4, 2)
    inputs = to_upstream(images).contiguous()
    fixed = theirs(inputs[:1], inputs[1:], lwl_masks(), None, num_refinement_iter=0)
    assert torch.equal(theirs(inputs[:1], inputs[1:], lwl_masks(), None, num_refinement_iter=steps), fixed)
    found = ours(images[:1], images[1:], lwl_masks(), num_refinement_iter=steps)
    torch.testing.assert_close(found, upstream_parts(theirs, inputs, steps), atol=TOLERANCE, rtol=0)
    torch.testing.assert_close(found[0], fixed[0], atol=TOLERANCE, rtol=0)
    assert (found[1:] - fixed[1:]).abs().max() > 100 * TOLERANCE, "the steps change something"


def upstream_parts(net, inputs, steps):
    """[T2, B, H, W]: upstream's network run part by part, each update of the filter in use from there on."""
    from pytracking import TensorList

    def features(frame):
        levels = net.extract_backbone_features(frame)
        return levels, net.extract_target_model_features(levels).unsqueeze(0)

    _, known = features(inputs[0])
    memory = [(known, *net.label_encoder(lwl_masks(), known))]
    learnt, _, _ = net.target_model.get_filter(*memory[0])
    predictions = []
    for frame in inputs[1:]:
        levels, seen = features(frame)
        encoded = net.target_model.apply_target_model(learnt, seen)
        logits, _ = net.decoder(encoded, levels, inputs.shape[-2:])
        predictions.append(logits.view(1, -1, *logits.shape[-2:]))
        memory.append((seen, *net.label_encoder(predictions[-1].sigmoid(), seen)))
        feat, label, weight = (torch.cat(parts) for parts in zip(*memory, strict=True))
        updated, _, _ = net.target_model.filter_optimizer(
            TensorList([learnt]), feat=feat, label=label, sample_weight=weight, num_iter=steps
        )
        learnt = updated[0]
    return torch.cat(predictions)


@pytest.mark.parametrize(
    "kind, fresh",
    [
        ("lwl_stage2", lambda: lwl_recipe.fresh_network(stage1.RECIPE.model)),
        ("sta", lambda: box2mask_recipe.fresh_network(default.RECIPE)),
    ],
)
def test_a_fresh_network_is_drawn_as_upstreams(kind, fresh):
    """Spread of the weights of every convolution that is trained, and the regularisation."""
    module, arguments = NETWORKS[kind]
    package = importlib.import_module(f"ltr.models.lwl.{module}")
    torch.manual_seed(0)
    theirs = package.steepest_descent_resnet50(**arguments).state_dict()
    net = fresh()
    net.backbone.fold_batch_norm()
    ours = exported_state(net)
    compared = [
        name
        for name, tensor in theirs.items()
        if tensor.dim() == 4 and tensor.numel() > 1000 and not name.startswith("feature_extractor.")
    ]
    assert len(compared) > 30 and any("target_model" in name for name in compared)
    spread = {name: (ours[name].std().item(), theirs[name].std().item()) for name in compared}
    assert {name: pair for name, pair in spread.items() if pair[0] != pytest.approx(pair[1], rel=0.1)} == {}
    torch.testing.assert_close(*(
        state["target_model.filter_optimizer.residual_module.filter_reg"] for state in (ours, theirs)
    ))  # fmt: skip
