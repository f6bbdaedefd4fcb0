"""Properties of networks of cues: each cue tells what it should, and LWL is one choice of cues."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from miniatures.tiny_cues import tiny_config, tiny_cues, tiny_lwl
from torch import Tensor

from ltr_ext.models.cues import CUES, CueConfig, CueFrame, CueNet, initialise_from_lwl
from ltr_ext.models.cues.frame import cell_places, moved
from ltr_ext.models.cues.match import Match, Memory
from ltr_ext.models.cues.place import Refine, Warp
from ltr_ext.models.cues.target_model import FIRST_SHARE, sample_shares

WHOLE = torch.tensor([[0.0, 0.0, 1.0, 1.0]])


def frame_of(features: Tensor, region: Tensor = WHOLE, flow: Tensor | None = None) -> CueFrame:
    size = (16 * features.shape[-2], 16 * features.shape[-1])
    return CueFrame(features, size, region.expand(len(features), 4), flow=flow)


def square(x: int, y: int, side: int = 16, size: int = 64) -> Tensor:
    mask = torch.zeros(1, size, size)
    mask[:, y : y + side, x : x + side] = 1
    return mask


@pytest.fixture
def images() -> Tensor:
    return torch.rand(3, 2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 255


def run(net: CueNet, images: Tensor, **more: Any) -> Tensor:
    masks = torch.zeros(1, 2, 64, 64)
    masks[:, :, 20:40, 20:40] = 1
    regions = WHOLE.expand(3, 2, 4)
    flow = torch.zeros(2, 2, 2, 64, 64) if net.sees_flow else None
    return net(images[:1], images[1:], masks, regions[:1], regions[1:], flow, **more)


@pytest.mark.parametrize("cues", [(), *[(name,) for name in CUES], ("refine", "match", "target_model")])
def test_every_choice_of_cues_segments_and_learns(cues: tuple[str, ...], images: Tensor) -> None:
    net = tiny_cues(*cues).train()
    logits = run(net, images)
    assert logits.shape == (2, 2, 64, 64) and logits.dtype == torch.float32 and logits.isfinite().all()
    logits.square().mean().backward()
    silent = [name for name, one in net.named_parameters() if one.requires_grad and one.grad is None]
    unused = ("heads.weight",) if "match" in cues else ()
    assert [name for name in silent if not any(part in name for part in unused)] == ([] if cues else silent)
    assert all(parameter.grad is None for parameter in net.backbone.parameters())


def test_an_unknown_cue_is_refused() -> None:
    with pytest.raises(ValueError, match="cue 'smell' is unknown; known: match, "):
        CueNet(tiny_config("smell"))


def test_lwl_is_the_last_mask_and_the_target_model(images: Tensor) -> None:
    """The same weights, the same logits."""
    lwl = tiny_lwl()
    net = tiny_cues("refine", "target_model", filter_size=3)
    assert initialise_from_lwl(net, lwl) == []
    mask = square(10, 20).expand(2, -1, -1)
    with torch.no_grad():
        first, later = (lwl.extract(part) for part in images[:2])
        label = lwl.encode_masks(mask, first.target.shape[-2:])
        filters = lwl.learn(first.target[None], label.target[None], label.weight[None], iterations=20)
        wanted = lwl.segment(later, filters, (64, 64), mask)
        found = net(images[:1], images[1:2], mask[None], WHOLE.expand(1, 2, 4), WHOLE.expand(1, 2, 4))[0]
    assert torch.allclose(found, wanted, atol=1e-4)
    assert wanted.abs().max() > 0.01


def test_dropped_slots_are_left_empty(images: Tensor) -> None:
    net = tiny_cues("refine", "match")
    with torch.no_grad():
        assert torch.allclose(run(net, images, drop=1.0), run(tiny_without_cues(net), images), atol=1e-5)
        assert torch.equal(run(net, images, drop=0.0), run(net, images))


def tiny_without_cues(net: CueNet) -> CueNet:
    """The same decoder, shown zeros."""
    blind = CueNet(replace(net.config, cues=()))
    blind.backbone.fold_batch_norm()
    blind.load_state_dict({name: tensor for name, tensor in net.state_dict().items() if not name.startswith("cues.")})
    return blind.eval()


def test_maps_move_with_the_crop() -> None:
    """The left half of the picture, seen in a crop of the whole picture, fills its left half."""
    left = torch.tensor([[0.0, 0.0, 0.5, 1.0]])
    maps = torch.ones(1, 1, 8, 8)
    in_whole = moved(maps, left, WHOLE)
    assert torch.equal(in_whole[0, 0] > 0.5, torch.arange(8)[None].expand(8, 8) < 4)
    assert torch.equal(moved(maps, WHOLE, left) > 0.5, maps > 0.5)
    assert moved(maps, left, left) is maps


def test_refine_sees_the_last_mask_where_it_lies_now() -> None:
    cue = Refine(tiny_config("refine")).eval()
    features = torch.zeros(1, 8, 4, 4)
    state = cue.start(frame_of(features), square(32, 16))
    right = torch.tensor([[0.5, 0.0, 0.5, 0.5]])
    seen = cue.seen(frame_of(features, right), state)
    assert torch.equal(seen[0] > 0.5, square(0, 32, 32) > 0)


def test_dilation_widens_the_mask_before_it_is_encoded() -> None:
    torch.manual_seed(0)
    plain, wide = (Refine(tiny_config("refine", **more)).eval() for more in ({}, {"dilation": 4}))
    wide.load_state_dict(plain.state_dict())
    frame = frame_of(torch.zeros(1, 8, 4, 4))
    small, large = square(20, 20, 16), square(16, 16, 24)
    assert torch.allclose(
        wide.read(frame, wide.start(frame, small)), plain.read(frame, plain.start(frame, large)), atol=1e-6
    )


def test_warp_looks_where_the_flow_says() -> None:
    cue = Warp(tiny_config("warp")).eval()
    features = torch.zeros(1, 8, 4, 4)
    state = cue.start(frame_of(features), square(16, 16))
    flow = torch.zeros(1, 2, 64, 64)
    flow[:, 0] = -8  # what is here now was eight pixels to the left
    seen = cue.seen(frame_of(features, flow=flow), state)
    assert torch.equal(seen[0] > 0.5, square(24, 16) > 0)
    with pytest.raises(ValueError, match="optical flow"):
        cue.read(frame_of(features), state)


def distinct(seed: int = 0) -> Tensor:
    """Features [1, 8, 4, 4] of which no two places are alike; their mean square is that of `TargetFeatures`."""
    features = torch.randn(1, 8, 4, 4, generator=torch.Generator().manual_seed(seed))
    return features / features.square().mean().sqrt() / (8**0.5 * 3)


@pytest.mark.parametrize("similarity", ["dot", "l2"])
def test_match_finds_again_what_it_has_seen(similarity: str) -> None:
    """A mirrored picture reads the mirror image; with sharp distances each place reads its own value."""
    cue = Match(tiny_config("match", similarity=similarity)).eval()
    for key in filter(None, (cue.query_key, cue.memory_key)):
        key.weight.data *= 8  # the square root of a sharp softmax
    features = distinct()
    state = cue.start(frame_of(features), square(16, 16, 32))
    value = state.values[0].unflatten(2, (4, 4))[:, :16]
    with torch.no_grad():
        read = cue.read(frame_of(features), state)
        if similarity == "l2":
            assert torch.allclose(read, value, atol=0.05 * float(value.abs().max()))
        mirrored = cue.read(frame_of(features.flip(3)), state)
        assert torch.allclose(mirrored, read.flip(3), atol=1e-4)


def test_match_within_reach_does_not_look_far() -> None:
    cue = Match(tiny_config("match", radius=1.0)).eval()
    features = distinct()
    state = cue.start(frame_of(features), square(0, 0, 32))
    with torch.no_grad():
        before = cue.read(frame_of(features), state)
        far = replace(state, values=(state.values[0].clone(),))
        far.values[0][:, :, 15] += 100  # the lower right corner
        after = cue.read(frame_of(features), far)
    changed = (before - after).abs().amax(dim=1)[0] > 1e-4
    reach = torch.zeros(4, 4, dtype=torch.bool)
    reach[2:, 2:] = True
    # the head looks one cell farther than the matching does, two with its block
    assert not changed[0, 0] and changed[2:, 2:].any()


def test_what_lies_wholly_out_of_reach_is_still_compared() -> None:
    """An object that jumped: the nearest of what is remembered counts, nothing is divided by zero."""
    cue = Match(tiny_config("match", radius=1.0)).eval()
    state = cue.start(frame_of(distinct(), torch.tensor([[0.0, 0.0, 0.1, 0.1]])), square(0, 0, 32))
    read = cue.read(frame_of(distinct(1), torch.tensor([[0.8, 0.8, 0.1, 0.1]])), state)
    assert read.isfinite().all()


def test_top_leaves_only_the_most_similar() -> None:
    cue = Match(tiny_config("match", top=1)).eval()
    features = distinct()
    state = cue.start(frame_of(features), square(16, 16, 32))
    affinity_of = Match(tiny_config("match")).eval()
    affinity_of.load_state_dict(cue.state_dict())
    with torch.no_grad():
        keys = cue._keys(cue.query_key, features)
        nearest = cue._affinity(state.keys[0], keys).argmax(dim=1)[0]
        labels = state.values[0][0, :16, nearest].view(16, 4, 4)
        assert torch.allclose(cue.read(frame_of(features), state)[0], labels.relu(), atol=1e-5)


@pytest.mark.parametrize(
    ("interval", "ages"),
    [
        pytest.param(1, [0, 5, 6], id="every frame"),
        pytest.param(3, [0, 3, 6], id="every third frame"),
    ],
)
def test_the_memory_keeps_the_first_and_the_latest(interval: int, ages: list[int]) -> None:
    cue = Match(tiny_config("match", memory_frames=3, memory_interval=interval)).eval()
    state = cue.start(frame_of(distinct(0)), square(0, 0))
    written = [state.keys[0]]
    for age in range(1, 7):
        frame = frame_of(distinct(age))
        written.append(cue.start(frame, square(0, 0)).keys[0])
        state = cue.write(frame, square(0, 0), state)
        assert isinstance(state, Memory) and len(state) <= 3
        assert torch.equal(state.keys[-1], written[-1]), "the latest is there"
    assert state.age == 6
    found = [next(i for i, keys in enumerate(written) if torch.equal(keys, one)) for one in state.keys]
    assert found == ages


def test_cell_places_follow_the_region() -> None:
    places = cell_places(torch.tensor([[0.5, 0.0, 0.5, 1.0]]), (2, 2))
    assert torch.allclose(places[0], torch.tensor([[0.625, 0.25], [0.875, 0.25], [0.625, 0.75], [0.875, 0.75]]))


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_shares_of_samples(count: int) -> None:
    shares = sample_shares(count)
    assert shares.sum() == pytest.approx(1) and shares[0] >= FIRST_SHARE - 1e-6
    assert (shares[1:].diff() > 0).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop_hw": (64, 60)}, "multiples of 32"),
        ({"memory_frames": 1}, "at least 2"),
        ({"cues": ("refine", "refine")}, "differ"),
    ],
)
def test_bad_configs_are_refused(changes: dict[str, Any], message: str) -> None:
    make: Callable[..., CueConfig] = CueConfig
    with pytest.raises(ValueError, match=message):
        make(**{"cues": ("refine",), **changes})
