"""Properties of trackers by cues, on random networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from miniatures.tiny_cues import tiny_cues
from miniatures.tiny_lwl import HEIGHT, WIDTH, label_map

from ltr_ext.models.cues import CueNet
from tracker_ext.tracker import cue_tracker
from tracker_ext.tracker.cue_config import AdaptConfig, CueTrackerConfig, FineTuneConfig
from tracker_ext.tracker.fine_tune import OwnNetwork, changed_copies, sure_mask

BOX = (30, 20, 30, 24)
OTHER_BOX = (4, 40, 20, 24)
CONFIG = CueTrackerConfig(min_confidence=0, min_area_share=0, min_part=0, precision="float32")
QUICK = FineTuneConfig(iterations=2, samples=3)


@pytest.fixture
def make(box_net: Any) -> Callable[..., Any]:
    """`make(*cues, **changes of the config)`."""
    from pytracking.utils import TrackerParams

    def build(*cues: str, net: CueNet | None = None, **changes: Any) -> cue_tracker.CueTracker:
        params = TrackerParams()
        params.parts = cue_tracker.CueTrackerParts(net or tiny_cues(*cues), replace(CONFIG, **changes), box_net)
        return cue_tracker.CueTracker(params)

    return build


def single(box: tuple[int, int, int, int] = BOX) -> dict[str, Any]:
    return {"init_bbox": [float(v) for v in box], "init_mask": label_map(_1=box)}


def several() -> dict[str, Any]:
    return {
        "init_object_ids": ["1", "2"],
        "init_bbox": {"1": [float(v) for v in BOX], "2": [float(v) for v in OTHER_BOX]},
        "init_mask": label_map(_1=BOX, _2=OTHER_BOX),
    }


@pytest.mark.parametrize(
    ("cues", "changes"),
    [
        pytest.param((), {}, id="no cue"),
        pytest.param(("refine",), {"flow_pass": True}, id="second look at the flow"),
        pytest.param(("refine",), {"crf": True}, id="crf"),
        pytest.param(("warp", "refine"), {}, id="flow"),
        pytest.param(("match",), {}, id="memory"),
        pytest.param(("refine", "match", "target_model"), {}, id="all together"),
        pytest.param(("refine", "match"), {"fine_tune": QUICK}, id="fitted"),
        pytest.param((), {"fine_tune": QUICK, "adapt": AdaptConfig(interval=2, iterations=1)}, id="adapted"),
    ],
)
@pytest.mark.parametrize("info", [single, several])
def test_every_kind_tracks(
    make: Callable[..., Any], frames: list[np.ndarray], cues: tuple[str, ...], changes: dict[str, Any], info: Any
) -> None:
    tracker = make(*cues, **changes)
    first = tracker.initialize(frames[0], info())
    assert np.array_equal(first["segmentation"], info()["init_mask"])
    for frame in frames[1:4]:
        out = tracker.track(frame)
        assert out["segmentation"].shape == (HEIGHT, WIDTH) and out["segmentation"].dtype == np.uint8
        assert set(np.unique(out["segmentation"])) <= ({0, 1} if info is single else {0, 1, 2})


def test_tracking_repeats_itself(make: Callable[..., Any], frames: list[np.ndarray]) -> None:
    """Also where a network is fitted: its chance has a seed."""
    outputs = []
    for _ in range(2):
        tracker = make("refine", "match", fine_tune=QUICK)
        tracker.initialize(frames[0], single())
        outputs.append([tracker.track(frame)["object_presence_score"] for frame in frames[1:4]])
    assert outputs[0] == outputs[1]


def test_a_frame_of_another_size_is_the_same_view(make: Callable[..., Any], frames: list[np.ndarray]) -> None:
    tracker = make("warp", "match")
    tracker.initialize(frames[0], single())
    tracker.track(frames[1])
    larger = np.repeat(np.repeat(frames[2], 2, axis=0), 2, axis=1)
    assert tracker.track(larger)["segmentation"].shape == (2 * HEIGHT, 2 * WIDTH)


def test_a_box_becomes_a_mask_first(make: Callable[..., Any], frames: list[np.ndarray]) -> None:
    for start in ("box", "given"):
        tracker = make("refine", start=start)
        out = tracker.initialize(frames[0], {"init_bbox": [float(v) for v in BOX]})
        assert out["segmentation"].any()


class Painter(CueNet):
    """Says the same of every pixel."""

    says = 2.0

    def read(self, frame: Any, states: Any, drop: float = 0.0) -> torch.Tensor:
        return torch.full((len(frame.region), *frame.size), self.says)


def painter(*cues: str) -> Painter:
    source = tiny_cues(*cues)
    net = Painter(source.config)
    net.backbone.fold_batch_norm()
    net.load_state_dict(source.state_dict())
    return net.eval()


@pytest.mark.parametrize(
    ("logit", "least", "written"),
    [
        pytest.param(2.0, 0.8, True, id="sure"),
        pytest.param(1.0, 0.8, False, id="not sure enough"),
        pytest.param(-2.0, 0.0, False, id="nothing found"),
    ],
)
def test_only_what_is_sure_is_written(
    make: Callable[..., Any], frames: list[np.ndarray], logit: float, least: float, written: bool
) -> None:
    net = painter("refine")
    net.says = logit
    tracker = make(net=net, min_confidence=least)
    tracker.initialize(frames[0], single())
    before = tracker._targets["1"].states["refine"]
    tracker.track(frames[1])
    assert (tracker._targets["1"].states["refine"] is not before) == written


def test_a_fitted_network_knows_its_object_better(frames: list[np.ndarray]) -> None:
    """The network of all stays as it is; the own one has a lower loss on the first frame."""
    net = tiny_cues("refine")
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    image = frames[0][:64, :64].copy()
    mask = np.zeros((64, 64), np.uint8)
    mask[16:48, 16:48] = 1
    image[mask > 0] = (200, 40, 40)
    with torch.inference_mode():
        few, many = (
            OwnNetwork(net, image, mask, FineTuneConfig(iterations=count, samples=4, rate=3e-3), bfloat16=False)
            for count in (1, 60)
        )
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    errors = [np.mean((probabilities(own.net, image, mask) > 0.5) != (mask > 0)) for own in (few, many)]
    assert errors[1] < 0.5 * errors[0]
    assert all(torch.equal(one, before[f"backbone.{name}"]) for name, one in many.net.backbone.state_dict().items()), (
        "the backbone is not fitted"
    )


def probabilities(net: CueNet, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    region = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    with torch.no_grad():
        levels = net.levels(torch.from_numpy(image).permute(2, 0, 1)[None].float())
        frame = net.frame(levels, (64, 64), region)
        return net.read(frame, net.start(frame, torch.from_numpy(mask)[None].float()))[0].sigmoid().numpy()


def test_copies_show_the_object_elsewhere(frames: list[np.ndarray]) -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    mask = np.zeros((64, 64), np.uint8)
    mask[20:40, 24:44] = 1
    image[mask > 0] = 200
    config = FineTuneConfig(samples=8, light=0.0)
    images, masks, guesses = changed_copies(image, mask, config, np.random.default_rng(0))
    assert images.shape == (8, 64, 64, 3) and masks.shape == guesses.shape == (8, 64, 64)
    assert np.array_equal(images[0], image) and np.array_equal(masks[0], mask)
    assert len({one.tobytes() for one in masks}) == 8
    for picture, one in zip(images, masks, strict=True):
        assert one.any() and np.mean((picture[..., 0] > 100) == (one > 0)) > 0.97, "mask and picture move together"


def test_what_is_sure_is_learnt() -> None:
    likely = np.full((40, 60), 0.1, np.float32)
    likely[10:20, 10:20] = 0.99
    likely[10:20, 20:25] = 0.7
    mask = sure_mask(likely, AdaptConfig(far=12))
    assert (mask[10:20, 10:20] == 1).all()
    assert (mask[10:20, 20:25] == 255).all() and (mask[10:20, 26:34] == 255).all(), "near, or not sure"
    assert (mask[:, 40:] == 0).all()


def test_adapting_needs_a_network_of_its_own() -> None:
    with pytest.raises(ValueError, match="fine_tune"):
        CueTrackerConfig(adapt=AdaptConfig())
