"""Properties of the tracker, on random networks; and where the network cannot be random, on a made-up one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from miniatures.tiny_lwl import HEIGHT, WIDTH, label_map

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.errors import UserError
from ltr_ext.models.lwl import FrameFeatures, LWLNet
from tracker_ext.tracker import mask_tracker
from tracker_ext.tracker.box_to_mask import boxes_to_masks

MakeTracker = Callable[..., Any]
BOX = (30, 20, 30, 24)
OTHER_BOX = (4, 40, 20, 24)


def single(box: tuple[int, int, int, int] = BOX) -> dict[str, Any]:
    return {"init_bbox": [float(v) for v in box], "init_mask": label_map(_1=box)}


def several(**boxes: tuple[int, int, int, int]) -> dict[str, Any]:
    return {
        "init_object_ids": [name[1:] for name in boxes],
        "init_bbox": {name[1:]: [float(v) for v in box] for name, box in boxes.items()},
        "init_mask": label_map(**boxes),
    }


class Painter(LWLNet):
    """Says that the object is where it is told to be, in image pixels; features and learning are as ever."""

    def __init__(self, source: LWLNet) -> None:
        super().__init__(source.config)
        self.backbone.fold_batch_norm()
        self.load_state_dict(source.state_dict())
        self.eval()
        self.says: list[float] = []

    def segment(self, frame: Any, filters: torch.Tensor, size: tuple[int, int], previous: Any = None) -> torch.Tensor:
        self.previous = previous
        return torch.stack([torch.full(size, value) for value in self.says])


@pytest.mark.parametrize("ids", [{}, {"init_object_ids": ["1"], "object_ids": ["1"]}], ids=["no id", "an id"])
def test_single_object_outputs(make_tracker: MakeTracker, frames: list[np.ndarray], ids: dict[str, Any]) -> None:
    """The host may give a single object's id as well; outputs are plain all the same."""
    tracker = make_tracker()
    first = tracker.initialize(frames[0], {**single(), **ids})
    assert first["target_bbox"] == list(BOX)
    assert np.array_equal(first["segmentation"], label_map(_1=BOX))
    for frame in frames[1:]:
        out = tracker.track(frame, {"previous_output": {}})
        assert out["segmentation"].shape == (HEIGHT, WIDTH) and out["segmentation"].dtype == np.uint8
        assert set(np.unique(out["segmentation"])) <= {0, 1}
        assert len(out["target_bbox"]) == 4 and 0 <= out["object_presence_score"] <= 1
        box = mask_to_box(out["segmentation"] > 0)
        assert out["object_lost"] == (box is None)
        if box is not None:
            assert out["target_bbox"] == box.tolist(), "the box goes through the extreme points"


def test_the_first_mask_decides(make_tracker: MakeTracker, frames: list[np.ndarray]) -> None:
    """Same box, other mask: the target model must differ, and with it the answer."""
    half = single()
    half["init_mask"][20:32] = 0
    half["init_mask"][20, 30] = half["init_mask"][20, 59] = 1
    filters = []
    for info in (single(), half):
        tracker = make_tracker()
        tracker.initialize(frames[0], info)
        filters.append(tracker._targets["1"].filters)
    assert not torch.allclose(*filters, atol=1e-6)


def test_the_target_model_is_used_and_updated(make_tracker: MakeTracker, frames: list[np.ndarray], net: LWLNet) -> None:
    painter = Painter(net)
    painter.says = [2.0]
    tracker = make_tracker(painter, update_interval=2)
    tracker.initialize(frames[0], single())
    seen = [tracker._targets["1"].filters]
    for frame in frames[1:5]:
        tracker.track(frame)
        seen.append(tracker._targets["1"].filters)
    changed = [not torch.equal(a, b) for a, b in pairwise(seen)]
    assert changed == [False, True, False, True]


def test_memory_is_bounded(make_tracker: MakeTracker, frames: list[np.ndarray], net: LWLNet) -> None:
    painter = Painter(net)
    painter.says = [2.0]
    tracker = make_tracker(painter)
    tracker.initialize(frames[0], single())
    for _ in range(3):
        for frame in frames:
            tracker.track(frame)
    assert len(tracker._targets["1"].memory) == 4


@pytest.mark.parametrize(
    ("logit", "changes", "remembered"),
    [
        pytest.param(2.0, {"min_confidence": 0.8}, 4, id="sure"),
        pytest.param(1.0, {"min_confidence": 0.8}, 1, id="not sure enough"),
        pytest.param(-2.0, {}, 1, id="no mask, no sample"),
        pytest.param(2.0, {"memory_interval": 2}, 3, id="every second frame"),
    ],
)
def test_what_is_remembered(
    make_tracker: MakeTracker, frames: list[np.ndarray], net: LWLNet, logit: float, changes: dict, remembered: int
) -> None:
    painter = Painter(net)
    painter.says = [logit]
    tracker = make_tracker(painter, **{"memory_size": 8, **changes})
    tracker.initialize(frames[0], single())
    for frame in frames[1:]:
        tracker.track(frame)
    expected = {1: 1, 3: 3, 4: 6}[remembered]
    assert len(tracker._targets["1"].memory) == expected


def test_empty_mask_keeps_the_last_box_and_recovers(
    make_tracker: MakeTracker, frames: list[np.ndarray], net: LWLNet
) -> None:
    painter = Painter(net)
    tracker = make_tracker(painter)
    tracker.initialize(frames[0], single())
    painter.says = [-3.0]
    for frame in frames[1:4]:
        out = tracker.track(frame)
        assert out["target_bbox"] == list(BOX)
        assert out["object_presence_score"] == 0 and out["object_lost"] and not out["segmentation"].any()
    assert tracker._targets["1"].state.lost == 3
    tracker.track(frames[4])
    assert not painter.previous.any(), "there is no last mask to show"
    painter.says = [3.0]
    out = tracker.track(frames[5])
    assert not out["object_lost"] and out["object_presence_score"] > 0.9 and out["segmentation"].any()


def test_the_network_sees_the_last_mask_in_the_new_crop(
    make_tracker: MakeTracker, frames: list[np.ndarray], net: LWLNet
) -> None:
    painter = Painter(net)
    painter.says = [-3.0]
    tracker = make_tracker(painter)
    tracker.initialize(frames[0], single())
    crop = tracker._targets["1"].state.crop((HEIGHT, WIDTH), (64, 64), tracker._config)
    tracker.track(frames[1])
    expected = crop.boxes_to_crop(np.array(BOX))
    np.testing.assert_allclose(mask_to_box(painter.previous[0].numpy() > 0.5), expected, atol=1)


def test_several_objects(make_tracker: MakeTracker, frames: list[np.ndarray]) -> None:
    tracker = make_tracker()
    first = tracker.initialize(frames[0], several(_7=BOX, _3=OTHER_BOX))
    assert np.array_equal(first["segmentation"], label_map(_7=BOX, _3=OTHER_BOX))
    for frame in frames[1:]:
        out = tracker.track(frame, {})
        assert set(np.unique(out["segmentation"])) <= {0, 3, 7}
        for name in ("target_bbox", "object_presence_score", "object_lost"):
            assert list(out[name]) == ["7", "3"], f"{name}: ids and their order are kept"
        for object_id, box in out["target_bbox"].items():
            if not out["object_lost"][object_id]:
                assert box == mask_to_box(out["segmentation"] == int(object_id)).tolist()


def test_the_higher_logit_wins(make_tracker: MakeTracker, frames: list[np.ndarray], net: LWLNet) -> None:
    painter = Painter(net)
    tracker = make_tracker(painter)
    tracker.initialize(frames[0], several(_1=BOX, _2=(*BOX[:3], 30)) | {"init_mask": label_map(_1=BOX, _2=OTHER_BOX)})
    painter.says = [1.0, 4.0]
    out = tracker.track(frames[1])
    both = [target.state for target in tracker._targets.values()]
    assert (out["segmentation"] == 2).any() and both[1].lost == 0
    second = tracker._targets["2"].mask
    assert not (second & tracker._targets["1"].mask).any()


def test_an_object_enters_late(make_tracker: MakeTracker, frames: list[np.ndarray]) -> None:
    tracker = make_tracker()
    tracker.initialize(frames[0], several(_1=BOX))
    assert list(tracker.track(frames[1], {})["target_bbox"]) == ["1"]
    out = tracker.track(frames[2], several(_5=(20, 16, 40, 30)) | {"previous_output": {}})
    assert list(out["target_bbox"]) == ["1", "5"]
    assert np.array_equal(out["segmentation"] == 5, label_map(_5=(20, 16, 40, 30)) == 5), (
        "its mask is given, so it wins"
    )
    assert out["object_presence_score"]["5"] == 1
    assert list(tracker.track(frames[3], {})["target_bbox"]) == ["1", "5"]


def test_a_batch_of_objects_is_as_each_alone(make_tracker: MakeTracker, frames: list[np.ndarray]) -> None:
    """Where objects are too far apart to compete, one tracker for both gives what two trackers give."""
    boxes = {"_1": (4, 4, 10, 10), "_2": (78, 56, 10, 10)}
    together = make_tracker()
    together.initialize(frames[0], several(**boxes))
    for name, box in boxes.items():
        alone = make_tracker()
        alone.initialize(frames[0], several(**{name: box}))
        torch.testing.assert_close(
            alone._targets[name[1:]].filters, together._targets[name[1:]].filters, atol=1e-4, rtol=1e-3
        )


@pytest.mark.parametrize("rules", ["box2mask", "upstream"])
def test_objects_in_one_crop_are_seen_once_and_as_each_alone(
    make_tracker: MakeTracker, frames: list[np.ndarray], net: LWLNet, rules: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large objects are searched in the whole frame."""
    boxes = {"_1": (16, 12, 40, 36), "_2": (40, 20, 40, 36)}
    seen: list[int] = []
    real = net.extract

    def extract(images: torch.Tensor) -> Any:
        seen.append(len(images))
        return real(images)

    square = [frame[:, : frame.shape[0]].copy() for frame in frames]  # as the crop is
    start = several(**boxes)
    start["init_mask"] = start["init_mask"][:, : frames[0].shape[0]].copy()
    crops_seen = {}
    for apart in (False, True):
        seen.clear()
        tracker = make_tracker(search_scale=8.0, rules=rules)
        with monkeypatch.context() as patch:
            patch.setattr(net, "extract", extract)
            if apart:
                patch.setattr(tracker, "_extract", lambda image, crops, one=tracker._extract: _joined(
                    [one(image, [crop]) for crop in crops]))  # fmt: skip
            tracker.initialize(square[0], start)
            for frame in square[1:3]:
                tracker.track(frame)
        crops_seen[apart] = (list(seen), [target.filters for target in tracker._targets.values()])
    assert sum(crops_seen[True][0]) == 6
    assert crops_seen[False][0] == [1, 1, 1, 1], "each is learnt, then both are followed on two frames"
    for together, alone in zip(crops_seen[False][1], crops_seen[True][1], strict=True):
        torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def _joined(frames: list[FrameFeatures]) -> FrameFeatures:
    decoder = tuple(torch.cat(maps) for maps in zip(*(frame.decoder for frame in frames), strict=True))
    return FrameFeatures(torch.cat([frame.target for frame in frames]), decoder)


@pytest.mark.parametrize("many", [False, True])
def test_start_from_a_box(make_tracker: MakeTracker, frames: list[np.ndarray], many: bool) -> None:
    """The given mask is not looked at; what is found stays in the box, up to the tolerance."""
    tracker = make_tracker(start="box")
    info = several(_2=BOX, _9=OTHER_BOX) if many else single()
    info["init_mask"] = np.ones_like(info["init_mask"])
    out = tracker.initialize(frames[0], info)
    boxes = {2: BOX, 9: OTHER_BOX} if many else {1: BOX}
    for object_id, (x, y, w, h) in boxes.items():
        mask = out["segmentation"] == object_id
        assert mask.any()
        grown = np.zeros_like(mask)
        grown[max(y - 3, 0) : y + h + 3, max(x - 3, 0) : x + w + 3] = True
        assert not (mask & ~grown).any()
    tracker.track(frames[1])


@pytest.mark.parametrize("scale", [None, 3.5])
def test_the_first_mask_is_made_in_a_crop_of_the_asked_scale(
    make_tracker: MakeTracker, frames: list[np.ndarray], monkeypatch: pytest.MonkeyPatch, scale: float | None
) -> None:
    seen = []
    monkeypatch.setattr(
        mask_tracker,
        "boxes_to_masks",
        lambda *args: seen.append(args[-1].scale) or boxes_to_masks(*args),
    )
    make_tracker(start="box", box_scale=scale).initialize(frames[0], single())
    assert seen == [scale]


@pytest.mark.parametrize(
    ("start", "info", "named"),
    [
        pytest.param("mask", {"init_bbox": [1, 2, 3, 4]}, "box2mask_init", id="only a box for a mask start"),
        pytest.param("box", {"init_mask": label_map(_1=BOX)}, "lwl default", id="only a mask for a box start"),
        pytest.param("mask", {"init_mask": label_map()}, "empty", id="empty mask"),
        pytest.param("mask", {"init_mask": np.ones((5, 5), np.uint8)}, "shape", id="mask of another size"),
        pytest.param("box", {"init_bbox": [1, 2, 0, 4]}, "no area", id="box without area"),
        pytest.param("box", {"init_bbox": [500, 2, 10, 4]}, "outside", id="box outside"),
    ],
)
def test_bad_starts(
    make_tracker: MakeTracker, frames: list[np.ndarray], start: str, info: dict[str, Any], named: str
) -> None:
    with pytest.raises(UserError, match=named):
        make_tracker(start=start).initialize(frames[0], info)


@pytest.mark.parametrize(("height", "width"), [(36, 48), (144, 192), (72, 48)])
def test_a_frame_of_another_size_is_the_same_view(
    make_tracker: MakeTracker, frames: list[np.ndarray], net: LWLNet, height: int, width: int
) -> None:
    painter = Painter(net)
    tracker = make_tracker(painter)
    tracker.initialize(frames[0], single())
    scaled = np.array(BOX) * np.tile((width / WIDTH, height / HEIGHT), 2)
    other = cv2.resize(frames[1], (width, height))
    painter.says = [-3.0]
    out = tracker.track(other)
    assert out["segmentation"].shape == (height, width) and out["object_lost"]
    assert out["target_bbox"] == scaled.tolist(), "the last box, in pixels of this frame"
    painter.says = [3.0]
    out = tracker.track(other)
    x, y, w, h = scaled.astype(int)
    assert out["segmentation"][y : y + h, x : x + w].all(), "searched where the object was, at this frame's scale"
    assert tracker.track(frames[2])["segmentation"].shape == (HEIGHT, WIDTH), "and back"


def test_objects_enter_on_a_frame_of_another_size(make_tracker: MakeTracker, frames: list[np.ndarray]) -> None:
    tracker = make_tracker()
    tracker.initialize(frames[0], several(_1=BOX))
    entering = several(_2=OTHER_BOX)
    entering["init_mask"] = cv2.resize(entering["init_mask"], (48, 36), interpolation=cv2.INTER_NEAREST)
    out = tracker.track(cv2.resize(frames[1], (48, 36)), entering)
    assert np.array_equal(out["segmentation"] == 2, entering["init_mask"] == 2)


def test_starting_again_forgets(make_tracker: MakeTracker, frames: list[np.ndarray]) -> None:
    tracker = make_tracker()
    tracker.initialize(frames[0], several(_1=BOX, _2=OTHER_BOX))
    tracker.track(frames[1])
    assert tracker.initialize(frames[0], single())["target_bbox"] == list(BOX)
    assert isinstance(tracker.track(frames[1])["object_presence_score"], float)
