"""A session with the VOT toolkit, which names a picture and a region, then further pictures; we answer with regions."""

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
    """What a tracker starts from: its attribute `starts_from` ("mask", "box"), otherwise masks if it predicts masks."""
    start = getattr(tracker, "starts_from", "mask" if tracker.predicts_segmentation_mask() else "box")
    return "mask" if start == "mask" else "rectangle"


def kind_reported(tracker: Any) -> Kind:
    """What a tracker reports by default: masks if it predicts them."""
    return "mask" if tracker.predicts_segmentation_mask() else "rectangle"


def serve(server: Any, new_tracker: Callable[[], Any], *, given: Kind, reported: Kind) -> None:
    """Answer the requests of the toolkit until it ends the session.

    The toolkit starts one process per sequence, and initialises a tracker for every anchor in it, backward ones
    included. A new tracker is built for each, so that one run does not influence the next.

    Args:
        server: a `trax.Server`, or another object with `wait()` and `status(objects)`.
        new_tracker: builds a `BaseTracker`; it is called for each initialisation.
        given: what the tracker starts from. Every kind of region has a box; if a mask is needed and the toolkit has a
            rectangle or polygon, that is filled, with a warning.
        reported: what the tracker reports.

    Raises:
        UserError: a picture cannot be read, the mask is empty or the box is invalid, or masks must be reported and the
            tracker has none.
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
            # A tracker need not give an output for its first frame, and the toolkit ignores this answer.
            reply = {"segmentation": protocol.region_mask(region, image.shape[:2]), **output}
        else:
            reply = output = tracker.track(image, {"previous_output": OrderedDict(output)})
        server.status([answer(reply, reported)])


def first_info(region: Any, image_hw: tuple[int, int], given: Kind) -> dict[str, Any]:
    """The `info` that the host gives to a tracker on the first frame.

    Args:
        region: the region from the toolkit.
        image_hw: (height, width) of the image.
        given: what the tracker starts from.

    Returns:
        A dict with `init_bbox` [x, y, w, h] in image pixels, and for "mask" also `init_mask` [H, W] uint8, 0 or 1.

    Raises:
        UserError: the mask is empty.
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
    """Convert a tracker's output to the form that the toolkit needs.

    A lost target is reported as an empty mask or as the last box, with confidence 0.

    Args:
        output: the output, with `target_bbox`, `segmentation` [H, W] and, if the tracker gives them,
            `object_presence_score` and `object_lost`.
        reported: what the tracker reports.

    Returns:
        (region, properties).

    Raises:
        UserError: masks must be reported and the tracker gives none.
    """
    score = output.get("object_presence_score")
    confidence = 0.0 if output.get("object_lost") else 1.0 if score is None else float(score)
    if reported == "rectangle":
        return protocol.rectangle_region(output["target_bbox"]), {"confidence": confidence}
    mask = output.get("segmentation")
    if mask is None:
        raise UserError("tracker gives no masks: let it report rectangles (--report rectangle)")
    return protocol.mask_region(mask), {"confidence": confidence}
