"""The rules of pytracking's LWL tracker, by figures worked out by hand; beside itself: test_upstream_tracking.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from miniatures.tiny_lwl import CONFIG, HEIGHT, WIDTH, label_map

from ltr_ext.errors import UserError
from ltr_ext.models.lwl import LWLConfig, LWLNet
from ltr_ext.upstream_weights.writer import save_upstream
from tracker_ext.tracker.config import LWL_YTVOS, LWLTrackerConfig
from tracker_ext.tracker.memory import Sample, SampleMemory
from tracker_ext.tracker.rules import rules_of
from tracker_ext.tracker.upstream_crop import UpstreamCrop, find_region
from tracker_ext.tracker.upstream_rules import UpstreamPlace


@pytest.mark.parametrize(
    "weights, place, latest, first_weight, lower_first, expected",
    [
        pytest.param([1, 0, 0], 1, None, 0.25, False, [1 / 1.09, 0.09 / 1.09, 0], id="second frame"),
        pytest.param([1, 0, 0], 1, None, 0.0, True, [0.5, 0.5, 0], id="second frame weighs as much"),
        pytest.param([0.5, 0.45, 0], 2, 1, 0.25, False, [10 / 29, 9 / 29, 10 / 29], id="grows by 1 / (1 - r)"),
        pytest.param([0.1, 0.9, 0], 2, 1, 0.25, False, [0.25, 0.375, 0.5 / 1.2], id="first is raised"),
    ],
)  # fmt: skip
def test_temporal_weights(weights, place, latest, first_weight, lower_first, expected):
    config = replace(LWL_YTVOS, learning_rate=0.1, first_frame_weight=first_weight, lower_first_weight=lower_first)
    found = rules_of(config).weigh(torch.tensor(weights, dtype=torch.float32), place, latest)
    assert found.tolist() == pytest.approx(expected, rel=1e-5)


def test_without_a_least_weight_even_the_first_frame_gives_way():
    sample = Sample(torch.zeros(1, 1, 1), torch.zeros(1, 1, 1), torch.zeros(1, 1, 1))
    for least, replaced in ((0.0, True), (0.25, False)):
        config = LWLTrackerConfig(
            rules="upstream", memory_size=3, learning_rate=0.2, first_frame_weight=least, lower_first_weight=True
        )
        memory = SampleMemory(sample, config.memory_size, rules_of(config))
        for number in range(1, 6):
            part = torch.full((1, 1, 1), float(number))
            memory.add(Sample(part, part, part))
        assert (memory.samples[0][0].item() > 0) is replaced


def test_weights_multiply_the_residuals():
    sample = Sample(torch.zeros(1, 1, 1), torch.zeros(1, 1, 1), torch.zeros(1, 1, 1))
    memory = SampleMemory(sample, 32, rules_of(LWL_YTVOS))
    memory.add(sample)
    assert memory.temporal.tolist() == pytest.approx([(1 / 1.09) ** 2, (0.09 / 1.09) ** 2], rel=1e-5)


def test_one_object_competes_with_the_background():
    p = torch.tensor([0.1, 0.5, 0.9])
    labels, found = rules_of(LWL_YTVOS).merge(p.logit().view(1, 1, 3))
    torch.testing.assert_close(found[0, 0], p**2 / (p**2 + (1 - p) ** 2))
    assert labels[0, ::2].tolist() == [0, 1]


@pytest.mark.parametrize("centre", [(5.0, 5.0), (60.0, 90.0), (36.0, 48.0)])
def test_regions_lie_inside_and_come_back_in_place(centre):
    image_hw, out = (HEIGHT, WIDTH), torch.tensor([32.0, 48.0])
    region = find_region(torch.tensor(centre), out * 1.2, out, torch.tensor([float(side) for side in image_hw]))
    assert region.step == 1
    assert min(region.start) >= -0.5
    assert all(stop <= side + 0.5 for stop, side in zip(region.stop, image_hw, strict=True))
    crop = UpstreamCrop(region, (32, 48))
    mask = np.zeros(image_hw, np.uint8)
    y, x = (int(start + stop) // 2 for start, stop in zip(region.start, region.stop, strict=True))
    mask[y - 6 : y + 6, x - 8 : x + 8] = 1
    back = crop.paste(crop.cut_mask(mask) - 0.5, image_hw, -1.0) > 0
    assert np.logical_and(back, mask).sum() / np.logical_or(back, mask).sum() > 0.75


@pytest.mark.parametrize(
    ("scale", "size"),
    [
        pytest.param(5.760601997375488, (479, 832), id="a row short"),
        pytest.param(5.7606024742126465, (480, 832), id="the next scale: neither"),
        pytest.param(5.760603904724121, (480, 831), id="a column short"),
    ],
)
def test_a_region_that_fills_the_picture_is_a_pixel_short_where_pytracking_rounds_so(scale, size):
    out = torch.tensor([480.0, 832.0])
    region = find_region(torch.tensor([285.9, 461.1]), torch.tensor(scale) * out, out, out)
    counted = [stop - start - 0.5 for start, stop in zip(region.start, region.stop, strict=True)]
    assert tuple(counted) == size


def test_large_regions_are_thinned():
    out, image = torch.tensor([16.0, 24.0]), torch.tensor([200.0, 300.0])
    region = find_region(torch.tensor([101.0, 150.0]), out * 4, out, image)
    assert region.step == 3 and region.offset == (101 % 3, 0)
    assert UpstreamCrop(region, (16, 24)).cut(np.zeros((200, 300, 3), np.uint8)).shape == (16, 24, 3)


def test_the_place_follows_the_probabilities_within_limits():
    config = replace(LWL_YTVOS, search_scale=5.0)
    state = UpstreamPlace.of_box(np.array([20.0, 10, 24, 24]), (64, 64), config, 3)
    assert state.centre.tolist() == [21.5, 31.5]
    assert float(state.scale) == pytest.approx(5 * 24 / 64)
    probabilities = np.zeros((HEIGHT, WIDTH), np.float32)
    probabilities[30:50, 40:80] = 1
    after = state.after(probabilities > 0, config, probabilities)
    assert after.centre.tolist() == pytest.approx([39.5, 59.5])
    assert float(after.scale / state.scale) == pytest.approx(1.1), "the largest change that is allowed"
    assert torch.equal(state.after(probabilities > 0, config, probabilities * 0.01).centre, state.centre), "too little"


def test_the_first_crop_is_that_of_the_box_and_the_mask_moves_the_place():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[30:50, 40:80] = True
    rules = rules_of(LWL_YTVOS)
    box = UpstreamPlace.of_box(np.array([20.0, 10, 30, 24]), (64, 64), LWL_YTVOS, 3)
    place, crop = rules.first_place(mask, np.array([20.0, 10, 30, 24]), (64, 64), 3)
    image = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint8).reshape(HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(crop.cut(image), box.first_crop((HEIGHT, WIDTH), (64, 64)).cut(image))
    assert isinstance(place, UpstreamPlace) and place.centre.tolist() == pytest.approx([39.5, 59.5])


def test_the_place_in_a_resized_picture():
    state = UpstreamPlace.of_box(np.array([20.0, 10, 30, 24]), (64, 64), LWL_YTVOS, 3)
    scaled = state.scaled((2.0, 0.5))
    assert scaled.centre.tolist() == [0.5 * state.centre[0], 2 * state.centre[1]]
    assert scaled.size.tolist() == [12, 60]
    torch.testing.assert_close(scaled.first_size * scaled.scale, scaled.size)
    assert state.scaled((2.0, 2.0)).scale == 2 * state.scale


@pytest.mark.parametrize("many", [False, True], ids=["single", "several"])
def test_tracking_by_these_rules(make_tracker: Callable[..., Any], frames: list[np.ndarray], many: bool) -> None:
    tracker = make_tracker(plain_net(), **{field: getattr(LWL_YTVOS, field) for field in ("rules", "search_scale")})
    labels = label_map(_1=(30, 20, 30, 24), _2=(4, 40, 20, 24)) if many else label_map(_1=(30, 20, 30, 24))
    boxes = {"1": [30.0, 20, 30, 24], "2": [4.0, 40, 20, 24]}
    info: dict[str, Any] = {"init_mask": labels, "init_bbox": boxes if many else boxes["1"]}
    if many:
        info["init_object_ids"] = list(boxes)
    tracker.initialize(frames[0], info)
    for frame in frames[1:]:
        output = tracker.track(frame)
        assert output["segmentation"].shape == (HEIGHT, WIDTH)
    assert len(next(iter(tracker._targets.values())).memory) == CONFIG.memory_size


def plain_net() -> LWLNet:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"feature_dim": 8, "encoder_widths": (4, 4, 8), "decoder_widths": (8, 8, 8, 8)}
    net = LWLNet(LWLConfig(backbone="efficientnet_lite0", upsampling="bilinear", crop_hw=(64, 64), **sizes))
    net.backbone.fold_batch_norm()
    return net.eval()


def test_the_parameters_with_upstreams_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tracker_ext.parameter.lwl import lwl_stage2, sta_init

    settings_file = tmp_path / "paths.toml"
    settings_file.write_text("")
    monkeypatch.setenv("BOX2MASK_SETTINGS", str(settings_file))
    with pytest.raises(UserError, match="pretrained_dir is not set, but lwl lwl_stage2"):
        lwl_stage2.parameters()
    with pytest.raises(UserError, match="pretrained_dir is not set, but lwl sta_init"):
        sta_init.parameters()
    settings_file.write_text('pretrained_dir = "."\n')
    with pytest.raises(UserError, match=r"lwl_stage2\.pth do not exist"):
        lwl_stage2.parameters()
    small = {"feature_dim": 8, "encoding_channels": 4, "decoder_widths": (16, 8, 8, 4), "block_bias": False}
    net = LWLNet(LWLConfig(**small)).eval()
    net.backbone.fold_batch_norm()
    save_upstream(net, tmp_path / "lwl_stage2.pth")
    params = lwl_stage2.parameters()
    assert params.parts.config == LWL_YTVOS and params.parts.net.config.block_bias is False
    with pytest.raises(UserError, match=r"sta\.pth\.tar do not exist"):
        sta_init.parameters()
