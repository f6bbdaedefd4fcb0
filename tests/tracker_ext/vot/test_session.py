"""The toolkit's side of a session is played by a double; regions and picture names are real TraX objects."""

from __future__ import annotations

import logging
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltr_ext.data.image_io import write_jpeg
from ltr_ext.errors import UserError
from tracker_ext.vot import protocol, session

trax = pytest.importorskip("trax")
SIZE = (24, 32)
Request = namedtuple("Request", ["type", "image", "objects"])


class Toolkit:
    """A server whose requests are known beforehand; keeps the answers."""

    def __init__(self, requests: list[Request]) -> None:
        self.requests = list(requests)
        self.answers: list[tuple[Any, dict[str, float]]] = []

    def wait(self) -> Request:
        return self.requests.pop(0) if self.requests else Request("quit", None, None)

    def status(self, objects: list[tuple[Any, dict[str, float]]]) -> None:
        (one,) = objects
        self.answers.append(one)

    def masks(self) -> list[np.ndarray]:
        return [protocol.region_mask(region, SIZE) for region, _ in self.answers]


class Drifter:
    """The mask moves right by the brightness of the frames seen so far; never forgets, so a second run would differ."""

    def __init__(self, start: str = "mask", masks: bool = True) -> None:
        self.starts_from, self.has_masks = start, masks
        self.seen = 0.0
        self.frames: list[float] = []

    def predicts_segmentation_mask(self) -> bool:
        return self.has_masks

    def initialize(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        self.info = info
        self.seen += image.mean()
        return {}

    def track(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        assert set(info["previous_output"]) >= {"target_bbox"}
        self.seen += image.mean()
        self.frames.append(float(image.mean()))
        x, y, w, h = self.info["init_bbox"]
        mask = np.zeros(SIZE, np.uint8)
        left = int(x + self.seen / 100)
        mask[int(y) : int(y + h), left : left + int(w)] = 1
        out = {"target_bbox": [left, y, w, h], "object_presence_score": 0.75, "object_lost": False}
        return {**out, "segmentation": mask} if self.has_masks else out


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    """Five frames, each brighter than the one before."""
    paths = []
    for number in range(5):
        path = tmp_path / "a folder" / f"{number + 1:08d}.jpg"
        path.parent.mkdir(exist_ok=True)
        write_jpeg(path, np.full((*SIZE, 3), 50 + 30 * number, np.uint8), quality=100)
        paths.append(str(path))
    return paths


def run(paths: list[str], region: Any) -> list[Request]:
    images = [{"color": trax.image.FileImage.create(path)} for path in paths]
    return [Request("initialize", images[0], [(region, {})]), *(Request("frame", image, None) for image in images[1:])]


def box_mask(x: int, y: int, w: int, h: int) -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    mask[y : y + h, x : x + w] = 1
    return mask


START = box_mask(4, 5, 8, 6)


def region_at_offset() -> Any:
    return trax.Mask.create(np.ones((6, 8), np.uint8), x=4, y=5)


def test_a_mask_goes_in_at_full_size_and_masks_come_out(pictures):
    toolkit, made = Toolkit(run(pictures, region_at_offset())), []
    session.serve(toolkit, lambda: made.append(Drifter()) or made[-1], given="mask", reported="mask")
    assert np.array_equal(made[0].info["init_mask"], START) and made[0].info["init_mask"].dtype == np.uint8
    assert made[0].info["init_bbox"] == [4, 5, 8, 6]
    assert len(toolkit.answers) == 5
    assert np.array_equal(toolkit.masks()[0], START)
    assert np.array_equal(toolkit.masks()[2], box_mask(6, 5, 8, 6))
    assert toolkit.answers[2][1] == {"confidence": 0.75}


def test_a_box_goes_in_and_rectangles_come_out(pictures):
    toolkit, made = Toolkit(run(pictures[:3], trax.Rectangle.create(4.5, 5, 8, 6))), []
    session.serve(toolkit, lambda: made.append(Drifter("box")) or made[-1], given="rectangle", reported="rectangle")
    assert made[0].info == {"init_bbox": [4.5, 5, 8, 6]}
    assert [region.type for region, _ in toolkit.answers] == ["rectangle"] * 3
    assert toolkit.answers[2][0].bounds() == (6, 5, 8, 6)


def test_a_tracker_that_starts_from_a_box_gets_the_box_of_the_mask(pictures):
    toolkit, made = Toolkit(run(pictures[:2], region_at_offset())), []
    session.serve(toolkit, lambda: made.append(Drifter("box")) or made[-1], given="rectangle", reported="mask")
    assert made[0].info == {"init_bbox": [4, 5, 8, 6]}
    assert [region.type for region, _ in toolkit.answers] == ["mask", "mask"]


def test_a_rectangle_where_a_mask_is_needed_is_filled_with_a_warning(pictures, caplog):
    toolkit, made = Toolkit(run(pictures[:1], trax.Rectangle.create(4, 5, 8, 6))), []
    with caplog.at_level(logging.WARNING):
        session.serve(toolkit, lambda: made.append(Drifter()) or made[-1], given="mask", reported="mask")
    assert np.array_equal(made[0].info["init_mask"], START)
    assert "box2mask_init" in caplog.text


def test_the_second_anchor_of_a_process_is_as_the_first_of_another(pictures):
    """Backward anchors included: the toolkit sends the frames in reverse order."""
    forward, backward = run(pictures, region_at_offset()), run(pictures[::-1], region_at_offset())
    together, alone, made = Toolkit(forward + backward), Toolkit(run(pictures[::-1], region_at_offset())), []

    def new() -> Drifter:
        made.append(Drifter())
        return made[-1]

    session.serve(together, new, given="mask", reported="mask")
    session.serve(alone, Drifter, given="mask", reported="mask")
    assert len(together.answers) == 10
    for after, fresh in zip(together.masks()[5:], alone.masks(), strict=True):
        assert np.array_equal(after, fresh)
    assert made[1].frames == sorted(made[1].frames, reverse=True)


@pytest.mark.parametrize("reported, expected", [("mask", "an empty mask"), ("rectangle", "the last box")])
def test_a_lost_target_has_no_confidence(reported, expected):
    lost = {"target_bbox": [1, 2, 3, 4], "object_lost": True, "object_presence_score": 0.0}
    region, properties = session.answer({**lost, "segmentation": np.zeros(SIZE, np.uint8)}, reported)
    assert properties == {"confidence": 0.0}
    if reported == "mask":
        assert protocol.region_mask(region, SIZE).sum() == 0 and region.size() == SIZE[::-1]
    else:
        assert region.bounds() == (1, 2, 3, 4)


def test_a_tracker_that_tells_no_score_is_sure():
    assert session.answer({"target_bbox": [1, 2, 3, 4]}, "rectangle")[1] == {"confidence": 1.0}


def test_a_tracker_without_masks_cannot_report_them(pictures):
    toolkit = Toolkit(run(pictures, region_at_offset()))
    with pytest.raises(UserError, match="--report rectangle"):
        session.serve(toolkit, lambda: Drifter("box", masks=False), given="rectangle", reported="mask")


def test_a_missing_picture_is_named(pictures):
    toolkit = Toolkit(run([pictures[0], "/nowhere/00000002.jpg"], region_at_offset()))
    with pytest.raises(UserError, match=r"/nowhere/00000002\.jpg does not exist"):
        session.serve(toolkit, Drifter, given="mask", reported="mask")


def test_a_crash_in_the_tracker_goes_through(pictures):
    class Broken(Drifter):
        def track(self, image, info):
            raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        session.serve(Toolkit(run(pictures, region_at_offset())), Broken, given="mask", reported="mask")


@pytest.mark.parametrize(
    "start, masks, given, reported",
    [
        pytest.param("mask", True, "mask", "mask", id="lwl default"),
        pytest.param("box", True, "rectangle", "mask", id="lwl box2mask_init"),
        pytest.param(None, True, "mask", "mask", id="a segmentation tracker of the host"),
        pytest.param(None, False, "rectangle", "rectangle", id="a box tracker of the host"),
    ],
)
def test_what_goes_in_and_out_is_what_the_tracker_can(start, masks, given, reported):
    tracker = Drifter(masks=masks)
    if start is None:
        del tracker.starts_from
    else:
        tracker.starts_from = start
    assert session.kind_given(tracker) == given
    assert session.kind_reported(tracker) == reported
