"""Properties of the LWL network; tiny and random."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.models.lwl import LWLConfig, LWLNet, initialise_from_box2mask
from ltr_ext.weights import load_network, save_network

TINY = LWLConfig(
    backbone="efficientnet_lite0",
    feature_dim=8,
    encoder_widths=(4, 4, 8),
    decoder_widths=(8, 8, 8, 8),
    upsampling="bilinear",
    crop_hw=(64, 64),
)
SIGHTED = replace(TINY, previous_width=8, reduction="mean", parametrisation="exp")
"""One that sees the last mask."""


def build(config: LWLConfig) -> LWLNet:
    torch.manual_seed(0)
    net = LWLNet(config)
    net.backbone.fold_batch_norm()
    return net


@pytest.fixture(scope="module", params=[TINY, SIGHTED], ids=["paper", "sighted"])
def net(request: pytest.FixtureRequest) -> LWLNet:
    return build(request.param)


def clip(num_train: int, num_test: int, batch: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(num_train + num_test, batch, 3, 64, 64, generator=generator) * 255
    masks = torch.zeros(num_train, batch, 64, 64)
    masks[:, :, 16:40, 20:50] = 1
    return images[:num_train], images[num_train:], masks


def run(net: LWLNet, first: torch.Tensor, later: torch.Tensor, masks: torch.Tensor, **options: int) -> torch.Tensor:
    previous = None if net.previous_encoder is None else torch.zeros(*later.shape[:2], *later.shape[-2:])
    return net(first, later, masks, previous, **options)


@pytest.mark.parametrize(("num_train", "num_test", "batch"), [(1, 1, 1), (1, 3, 2), (2, 2, 1)])
def test_shapes(net: LWLNet, num_train: int, num_test: int, batch: int) -> None:
    with torch.no_grad():
        logits = run(net, *clip(num_train, num_test, batch))
    assert logits.shape == (num_test, batch, 64, 64)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


def test_the_first_mask_is_used(net: LWLNet) -> None:
    first, later, masks = clip(1, 1)
    with torch.no_grad():
        assert not torch.allclose(run(net, first, later, masks), run(net, first, later, masks.flip(-1)), atol=1e-5)


def test_predictions_join_the_memory(net: LWLNet) -> None:
    first, later, masks = clip(1, 2)
    with torch.no_grad():
        learning, fixed = run(net, first, later, masks), run(net, first, later, masks, num_refinement_iter=0)
        other_past = run(net, first, torch.stack((later[0].flip(-1), later[1])), masks)
    assert torch.equal(learning[0], fixed[0])
    assert not torch.allclose(learning[1], fixed[1], atol=1e-6), "the second frame learns from the first"
    assert not torch.allclose(learning[1], other_past[1], atol=1e-6)


def test_sequences_do_not_mix(net: LWLNet) -> None:
    first, later, masks = clip(1, 2, batch=2)
    with torch.no_grad():
        together = run(net, first, later, masks)
        alone = run(net, first[:, 1:], later[:, 1:], masks[:, 1:])
    torch.testing.assert_close(together[:, 1:], alone, atol=1e-4, rtol=1e-4)


def test_the_last_mask_is_used() -> None:
    net = build(SIGHTED)
    first, later, masks = clip(1, 1)
    with torch.no_grad():
        assert not torch.allclose(net(first, later, masks, masks), net(first, later, masks, masks.flip(-1)), atol=1e-5)


@pytest.mark.parametrize(("config", "given"), [(TINY, True), (SIGHTED, False)], ids=["superfluous", "missing"])
def test_last_masks_only_where_looked_at(config: LWLConfig, given: bool) -> None:
    first, later, masks = clip(1, 1)
    with pytest.raises(ValueError, match="previous"):
        build(config)(first, later, masks, masks if given else None)


def test_several_objects_share_one_crop() -> None:
    net = build(TINY).eval()
    first, later, masks = clip(1, 1)
    both = torch.stack((masks[0, 0], masks[0, 0].flip(-1)))
    with torch.no_grad():
        learnt, frame = net.extract(first[0]), net.extract(later[0])
        grid = learnt.target.shape[-2:]
        encoding = net.encode_masks(both, grid)
        features = learnt.target.expand(2, -1, -1, -1)
        filters = net.learn(features[None], encoding.target[None], encoding.weight[None], iterations=5)
        shared = net.segment(frame, filters, (64, 64))
        singly = [run(net, first, later, mask[None, None])[0, 0] for mask in both]
    torch.testing.assert_close(shared, torch.stack(singly), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("config", [TINY, SIGHTED], ids=["sum", "mean"])
def test_temporal_weights(config: LWLConfig) -> None:
    """A sample of weight 0 teaches nothing; equal weights are the mean."""
    net = build(config).double()
    features = torch.randn(2, 1, 8, 4, 4, dtype=torch.float64)
    target, weight = torch.rand(2, 1, 16, 4, 4).double(), torch.rand(2, 1, 16, 4, 4).double()
    with torch.no_grad():
        first = net.learn(features[:1], target[:1], weight[:1], iterations=4)
        ignoring = net.learn(features, target, weight, iterations=4, temporal=torch.tensor([1.0, 0.0]))
        equal = net.learn(features, target, weight, iterations=4, temporal=torch.tensor([0.5, 0.5]))
        scaled = weight if config.reduction == "mean" else weight * 0.5**0.5
        mean = net.learn(features, target, scaled, iterations=4)
    torch.testing.assert_close(ignoring, first)
    torch.testing.assert_close(equal, mean)


def test_gradients_reach_all_that_is_trained(net: LWLNet) -> None:
    net.train()
    for parameter in net.label_encoder.heads.weight.parameters():
        torch.nn.init.normal_(parameter, 0.5, 0.1)  # zero weights of the start pass no gradient on
    first, later, masks = clip(1, 2)
    previous = None if net.previous_encoder is None else masks.expand(2, -1, -1, -1)
    net(first, later, masks, previous).square().mean().backward()
    missing = [name for name, p in net.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert not missing
    assert all(p.grad is None for p in net.backbone.parameters())
    assert not any(module.training for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d))


def test_starts_from_box2mask() -> None:
    """The lite pair agrees in every tensor; the paper's pair in all that has the same shape."""
    torch.manual_seed(3)
    source = Box2MaskNet(
        Box2MaskConfig(
            backbone="efficientnet_lite0", feature_dim=8, encoder_widths=(4, 4, 8, 8), decoder_widths=(8, 8, 8, 8),
            upsampling="bilinear", crop_hw=(64, 64),
        )
    )  # fmt: skip
    source.backbone.fold_batch_norm()
    sighted, blind = build(SIGHTED), build(TINY)
    assert initialise_from_box2mask(sighted, source) == []
    torch.testing.assert_close(sighted.decoder.state_dict(), source.decoder.state_dict())
    torch.testing.assert_close(sighted.label_encoder.state_dict(), source.mask_encoder.state_dict())
    kept = initialise_from_box2mask(blind, source)
    assert kept
    assert all(".fuse" in name for name in kept)
    torch.testing.assert_close(blind.target_features.state_dict(), source.target_features.state_dict())


def test_weight_file(tmp_path) -> None:
    net = build(SIGHTED).eval()
    save_network(net, tmp_path / "net.safetensors", half=False)
    again = load_network(tmp_path / "net.safetensors")
    assert again.config == SIGHTED
    first, later, masks = clip(1, 1)
    with torch.no_grad():
        torch.testing.assert_close(run(again, first, later, masks), run(net, first, later, masks), atol=1e-4, rtol=1e-4)
