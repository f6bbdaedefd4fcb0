"""Files by upstream's own trainer, its networks as of its weight files: our logits are its own."""

from __future__ import annotations

import pytest
import torch
from upstream_networks import build_upstream, draw_clip, lwl_masks, save_by_upstream, to_upstream

from ltr_ext import host
from ltr_ext.models.lwl import LWLNet
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
