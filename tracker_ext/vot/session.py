"""A session with the VOT toolkit: it names a picture and a region, then pictures; we answer each with a region."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ltr_ext.data.image_io import read_image
from ltr_ext.errors import UserError
from tracker_ext.vot import protocol

Kind = Literal["mask", "rectangle"]
KINDS: tuple[Kind, ...] = ("mask", "rectangle")
LOG = logging.getLogger(__name__)


def kind_given(tracker: Any) -> Kind:
    """What a tracker starts from: as its attribute `starts_from` says ("mask", "box"), else masks if it gives masks."""
    start = getattr(tracker, "starts_from", "mask" if tracker.predicts_segmentation_mask() else "box")
    return "mask" if start == "mask" else "rectangle"


def kind_reported(tracker: Any) -> Kind:
    """What a tracker answers with unless told otherwise: masks if it gives them."""
    return "mask" if tracker.predicts_segmentation_mask() else "rectangle"


def serve(server: Any, new_tracker: Callable[[], Any], *, given: Kind, reported: Kind) -> None:
    """Answer the toolkit until it says goodbye.

    The toolkit starts one process per sequence and initialises in it anew for every anchor, backward ones included: a
    tracker is built for each, so nothing of one run reaches the next.

    Args:
        server: a `trax.Server`, or what has its `wait()` and `status(objects)`.
        new_tracker: builds a `BaseTracker`; called once per initialisation.
        given: what the tracker starts from. A rectangle comes from any region; a mask that the toolkit does not have is
            filled from the rectangle or polygon that it has, with a warning.
        reported: what to answer with.

    Raises:
        UserError: an unreadable picture, an empty mask or a bad box to start from, a tracker without masks where masks
            are to be reported.
    """
    tracker: Any = None
    output: dict[str, Any] = {}
    while True:
        request = server.wait()
        if request.type not in ("initialize", "frame"):
            return
        image = read_image(request.image["color"].path())
        if request.type == "initialize":
            region, tracker = request.objects[0][0], new_tracker()
            info = first_info(region, image.shape[:2], given)
            first = tracker.initialize(image, info) or {}
            output = {"target_bbox": info["init_bbox"]} | {key: v for key, v in first.items() if v is not None}
            # A tracker need not say anything about its first frame, and the toolkit does not look at this answer.
            reply = {"segmentation": protocol.region_mask(region, image.shape[:2]), **output}
        else:
            reply = output = tracker.track(image, {"previous_output": OrderedDict(output)})
        server.status([answer(reply, reported)])


def first_info(region: Any, image_hw: tuple[int, int], given: Kind) -> dict[str, Any]:
    """What the host tells a tracker on the first frame.

    Args:
        region: from the toolkit.
        image_hw: (height, width).
        given: what the tracker starts from.

    Returns:
        `init_bbox` [x, y, w, h], and for `mask` also `init_mask` [H, W] uint8, 0/1.

    Raises:
        UserError: an empty mask.
    """
    info: dict[str, Any] = {"init_bbox": protocol.region_box(region, image_hw).tolist()}
    if given == "mask":
        if region.type != "mask":
            LOG.warning(
                "the sequence has a %s, not a mask: it is filled; lwl box2mask_init starts from it", region.type
            )
        info["init_mask"] = protocol.region_mask(region, image_hw).astype(np.uint8)
    return info


def answer(output: dict[str, Any], reported: Kind) -> tuple[Any, dict[str, float]]:
    """A tracker's output as the toolkit wants it.

    A lost target is an empty mask, or the last box, both with confidence 0.

    Args:
        output: `target_bbox`; `segmentation` [H, W]; `object_presence_score` and `object_lost`, if the tracker tells.
        reported: what to answer with.

    Returns:
        (region, properties).

    Raises:
        UserError: masks are wanted and there is none.
    """
    score = output.get("object_presence_score")
    confidence = 0.0 if output.get("object_lost") else 1.0 if score is None else float(score)
    if reported == "rectangle":
        return protocol.rectangle_region(output["target_bbox"]), {"confidence": confidence}
    mask = output.get("segmentation")
    if mask is None:
        raise UserError("tracker gives no masks: let it report rectangles (--report rectangle)")
    return protocol.mask_region(mask), {"confidence": confidence}
