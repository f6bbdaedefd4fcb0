"""Properties of the network that hold for any weights."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from ltr_ext.models.backbone import EfficientNetLite0, ResNet50, build_backbone
from ltr_ext.models.box2mask import VARIANTS, Box2MaskConfig, Box2MaskNet, FrameEncoding
from ltr_ext.models.box2mask.config import LITE
from ltr_ext.models.box2mask.network import _withhold
from ltr_ext.models.encoders import rasterise_boxes

TINY = Box2MaskConfig(
    backbone="efficientnet_lite0",
    feature_dim=8,
    encoding_channels=4,
    encoder_widths=(4, 4, 8, 8),
    decoder_widths=(8, 8, 8, 8),
    crop_hw=(64, 64),
    # Random features are small: a weaker pull to zero lets the frames speak to each other.
    initial_regularisation=1e-8,
)


def tiny_net(variant: str = "iterative", **changes) -> Box2MaskNet:
    torch.manual_seed(0)
    return Box2MaskNet(dataclasses.replace(TINY, variant=variant, **changes)).eval()


def clip(frames: int, sequences: int = 1, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = 255 * torch.rand(frames, sequences, 3, 64, 64, generator=generator)
    corner = 8 + 16 * torch.rand(frames, sequences, 2, generator=generator)
    return images, torch.cat([corner, torch.full_like(corner, 24.0)], dim=-1)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("frames, sequences", [(1, 1), (2, 1), (5, 2)])
def test_one_mask_per_boxed_frame(variant, frames, sequences):
    with torch.no_grad():
        output = tiny_net(variant)(*clip(frames, sequences))
    assert output.final.shape == (frames, sequences, 64, 64)
    assert output.final.isfinite().all()
    assert (output.refined is not None) == (variant == "iterative")


def test_without_refinement_the_coarse_masks_are_final_and_the_network_stays():
    net, (images, boxes) = tiny_net(), clip(2)
    with torch.no_grad():
        before = net(images, boxes)
        shorter = net.without_refinement()
        output, again = shorter(images, boxes), net(images, boxes)
    assert output.refined is None and torch.equal(output.final, before.coarse)
    assert torch.equal(again.final, before.final)
    assert shorter.config.variant == "multi_frame_plus" and shorter.without_refinement() is shorter
    assert shorter.decoder is net.decoder, "nothing is copied"


def test_frame_order_does_not_matter():
    net, (images, boxes) = tiny_net(), clip(3)
    order = torch.tensor([2, 0, 1])
    with torch.no_grad():
        torch.testing.assert_close(
            net(images[order], boxes[order]).final, net(images, boxes).final[order], atol=1e-4, rtol=1e-4
        )


@pytest.mark.parametrize("variant, joint", [("single_image", False), ("multi_frame", True), ("iterative", True)])
def test_a_second_boxed_frame_changes_the_first_mask_where_frames_are_joined(variant, joint):
    net, (images, boxes) = tiny_net(variant), clip(2)
    with torch.no_grad():
        alone, together = net(images[:1], boxes[:1]).final[0], net(images, boxes).final[0]
    change = (alone - together).abs().max() / alone.std()
    assert (change > 1e-3) == joint, change  # this draw: 3e-3; without joining 4e-6, which is rounding


def test_sequences_of_a_batch_do_not_mix():
    net, (images, boxes) = tiny_net(), clip(2, 2)
    with torch.no_grad():
        both, alone = net(images, boxes).final[:, 1:], net(images[:, 1:], boxes[:, 1:]).final
    torch.testing.assert_close(both, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradients_reach_every_trainable_and_no_frozen_parameter(variant):
    net = tiny_net(variant).train()
    images, boxes = clip(3, 2)
    output = net(images, boxes)
    loss = output.coarse.square().mean() + output.final.square().mean()
    loss.backward()
    without = {name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()}
    frozen = {name for name, p in net.named_parameters() if not p.requires_grad}
    # The weight head starts at zero weight: its input gets no gradient through it yet, itself it does.
    assert without == frozen
    assert frozen == {name for name, _ in net.named_parameters() if name.startswith("backbone.")}


def test_training_mode_leaves_the_backbone_alone():
    net = tiny_net().train()
    before = {name: tensor.clone() for name, tensor in net.backbone.state_dict().items()}
    net(*clip(2))
    for name, tensor in net.backbone.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_encoding_frames_one_by_one_equals_the_whole():
    net, (images, boxes) = tiny_net(), clip(3)
    with torch.no_grad():
        single = [net.encode(images[t], boxes[t]) for t in range(3)]
        apart = net.aggregate(FrameEncoding.stack(single), (64, 64)).final
        torch.testing.assert_close(apart, net(images, boxes).final, atol=1e-4, rtol=1e-4)


def test_more_solver_steps_are_taken_in_inference():
    net, (images, boxes) = tiny_net(train_iterations=1, inference_iterations=6), clip(2)
    with torch.no_grad():
        inference = net(images, boxes).final
        torch.testing.assert_close(inference, net(images, boxes, iterations=6).final)
        assert not torch.allclose(inference, net(images, boxes, iterations=1).final)


@pytest.mark.parametrize("build", [EfficientNetLite0, ResNet50])
def test_backbone_levels_and_folding(build):
    torch.manual_seed(0)
    backbone = build().eval()
    image = 255 * torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        levels = backbone(image)
        for (name, maps), stride in zip(levels.items(), (2, 4, 8, 16, 32), strict=True):
            assert maps.shape == (1, backbone.channels[name], 64 // stride, 96 // stride)
        backbone.fold_batch_norm()
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in backbone.modules())
        for name, maps in backbone(image).items():
            torch.testing.assert_close(maps, levels[name], atol=1e-3 * float(levels[name].abs().max()), rtol=1e-3)


def test_parts_of_the_backbone_can_be_trained():
    backbone = build_backbone("efficientnet_lite0").requires_grad_(False)
    backbone.unfreeze(["blocks.5", "blocks.6"])
    trained = {name for name, parameter in backbone.body.named_parameters() if parameter.requires_grad}
    assert trained and all(name.startswith(("blocks.5.", "blocks.6.")) for name in trained)
    for unknown in ("blocks.9", "", "layer7"):
        with pytest.raises(ValueError, match=f"backbone part {unknown!r} is unknown"):
            backbone.unfreeze([unknown])
    backbone.fold_batch_norm()
    with pytest.raises(ValueError, match="load the weights unfolded"):
        backbone.unfreeze(["blocks.6"])


@pytest.mark.parametrize("upsampling", ["bilinear", "bicubic"])
def test_detail_changes_nothing_until_it_is_trained(upsampling):
    without, with_detail = tiny_net(upsampling=upsampling), tiny_net(upsampling=upsampling, detail=True)
    new = with_detail.load_state_dict(without.state_dict(), strict=False)
    assert new.missing_keys and all(name.startswith("decoder.detail.") for name in new.missing_keys)
    inputs = clip(2)
    with torch.no_grad():
        assert torch.equal(with_detail(*inputs).final, without(*inputs).final)
    with_detail.train()
    for _ in range(2):  # what follows a layer of zeros learns before that layer
        with_detail(*inputs).final.square().sum().backward()
        with torch.no_grad():
            for parameter in with_detail.decoder.detail.parameters():
                parameter -= 1e-3 * parameter.grad.sign()
    assert all(parameter.grad.any() for parameter in with_detail.decoder.detail.parameters())
    with torch.no_grad():
        assert not torch.allclose(with_detail.eval()(*inputs).final, without(*inputs).final)


def test_detail_shows_single_pixels():
    """Logits at half resolution, enlarged, cannot tell neighbouring pixels apart; the correction can."""
    net = tiny_net(upsampling="bilinear", detail=True)
    with torch.no_grad():
        net.decoder.detail.pixels.bias[:2] = torch.tensor([5.0, -5.0])
        output = net(*clip(1))
    logits, coarse = output.final[0, 0], output.coarse[0, 0]
    assert ((logits[::2, ::2] - logits[::2, 1::2]) > 5).all()
    assert ((coarse[::2, ::2] - coarse[::2, 1::2]) < 5).all()  # what is refined afterwards goes without


def test_target_features_have_the_agreed_mean_square():
    net, (images, _) = tiny_net(), clip(2)
    with torch.no_grad():
        features = net.target_features(net.backbone(images[:, 0])["layer3"])
    torch.testing.assert_close(features.square().mean(dim=(1, 2, 3)), torch.full((2,), 1 / (8 * 9)))


@pytest.mark.parametrize(
    "box, area",
    [
        pytest.param((2, 3, 4, 2), 8.0, id="whole pixels"),
        pytest.param((2.5, 3, 4, 2), 8.0, id="half pixels are painted half"),
        pytest.param((-2, -2, 4, 4), 4.0, id="over the top left"),
        pytest.param((6, 6, 9, 9), 4.0, id="over the bottom right"),
        pytest.param((-50, 1, 20, 2), 0.0, id="wholly outside paints nothing"),
        pytest.param((1, 1, 0.25, 4), 1.0, id="thinner than a pixel"),
    ],
)
def test_rasterised_box_area(box, area):
    mask = rasterise_boxes(torch.tensor([box]), 8, 8)
    assert mask.shape == (1, 1, 8, 8)
    assert mask.sum().item() == pytest.approx(area)


@pytest.mark.parametrize(
    "images, boxes, message",
    [
        pytest.param((2, 1, 3, 64, 64), [[[1.0, 1, 8, 8]]], "differ in frames", id="one box missing"),
        pytest.param((1, 1, 3, 64, 64), [[[1.0, 1, 0, 8]]], "no area", id="empty box"),
    ],
)
def test_bad_input_is_refused(images, boxes, message):
    with pytest.raises(ValueError, match=message):
        tiny_net()(torch.zeros(images), torch.tensor(boxes))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"variant": "plain"}, "variant 'plain' is unknown"),
        ({"crop_hw": (100, 64)}, "multiples of 32"),
        ({"filter_size": 2}, "odd"),
    ],
)
def test_contradictory_configs_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Box2MaskConfig(**changes)


def test_all_frames_of_a_sequence_lose_their_single_frame_encoding_together():
    single = torch.rand(2, 600, 4, 3, 3) + 0.1
    torch.manual_seed(0)
    kept = _withhold(single, 0.25)
    some = kept.flatten(2).any(dim=2)
    assert torch.equal(some[0], some[1]) and 0.65 < some[0].float().mean() < 0.85
    assert torch.equal(kept[:, some[0]], single[:, some[0]])


@pytest.mark.parametrize("training", [True, False])
def test_encodings_are_withheld_in_training_alone(training):
    """Where m_t is withheld, what the single-frame encoder says makes no difference."""
    net = tiny_net(single_dropout=0.999999)
    net.training = training  # of this module alone: batch statistics stay as they are
    with torch.no_grad():
        before = net(*clip(2), iterations=2).final
        net.single_encoder.head.bias.add_(1.0)
        after = net(*clip(2), iterations=2).final
    assert torch.equal(before, after) == training


def test_a_share_of_withheld_encodings_is_checked():
    with pytest.raises(ValueError, match="single_dropout"):
        dataclasses.replace(TINY, single_dropout=1.0)


@pytest.mark.parametrize(
    "side, scale", [(1, 2.5), (40, 2.5), (50, 2.0), (60, 320 / 3.2 / 60), (66, 320 / 3.2 / 66), (70, 1.5), (500, 1.5)]
)
def test_small_boxes_get_more_surroundings(side, scale):
    """A box of 50 pixels in a crop of 1.5 times its side would be enlarged 4.3 times."""
    assert LITE.scale_of(side, side) == pytest.approx(scale)
    assert LITE.scale_of(4 * side, side / 4) == pytest.approx(scale)
    assert Box2MaskConfig().scale_of(side, side) == 4.0


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kept", [[1], [2, 0], [0, 1, 2]])
def test_frames_that_are_not_kept_change_nothing_but_the_work(variant, kept):
    net, (images, boxes) = tiny_net(variant), clip(3, 2)
    with torch.inference_mode():
        encoding = net.encode(images.flatten(0, 1), boxes.flatten(0, 1)).map(lambda maps: maps.unflatten(0, (3, 2)))
        every, some = net.aggregate(encoding, (64, 64)), net.aggregate(encoding, (64, 64), kept=kept)
    scale = every.final.std()
    torch.testing.assert_close(some.final / scale, every.final[kept] / scale, atol=1e-4, rtol=0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_single_frame_encoding_may_be_seen_beforehand(variant):
    net, (images, boxes) = tiny_net(variant), clip(3)
    with torch.inference_mode():
        encoding = net.encode(images.flatten(0, 1), boxes.flatten(0, 1))
        seen = net.see_single(encoding)
        assert seen.single is None
        expected, found = (
            net.aggregate(one.map(lambda maps: maps.unsqueeze(1)), (64, 64)).final for one in (encoding, seen)
        )
    torch.testing.assert_close(found / expected.std(), expected / expected.std(), atol=1e-4, rtol=0)


def test_the_decoder_fuses_all_channels_of_the_encoding():
    """Part by part as in one convolution of both parts together."""
    net, (images, boxes) = tiny_net(), clip(2)
    with torch.no_grad():
        encoding = net.encode(images[:, 0], boxes[:, 0])
        explained = torch.randn_like(encoding.single)
        whole = net.decoder(torch.cat((encoding.single, explained), dim=1), encoding.decoder, (64, 64))
        in_parts = net.decoder(explained, net.see_single(encoding).decoder, (64, 64))
    torch.testing.assert_close(in_parts / whole.std(), whole / whole.std(), atol=1e-4, rtol=0)
