"""Every tracker starts alike: from true first masks, or from boxes, of which box2mask makes the masks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.data.image_io import read_image
from ltr_ext.data.mask_io import write_mask
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.output import OutputFolder
from ltr_ext.progress import Progress
from tracker_ext.evaluation.results import true_boxes
from tracker_ext.segmentation.api import load_box2mask
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.tracker.box_to_mask import boxes_to_masks
from tracker_ext.tracker.config import LITE_BOX_SCALE


def mask_file(folder: Path, sequence: Any, frame: int) -> Path:
    """Where the mask of a first frame lies that is made of boxes."""
    return folder / sequence.name / f"{Path(sequence.frames[frame]).stem}.png"


def make_first_masks(sequences: Iterable[Any], folder: Path) -> None:
    """Let box2mask make masks of the boxes of the frames on which objects enter; those that are there stay.

    Args:
        sequences: the host's.
        folder: gets `<sequence>/<frame>.png`, pixel value = object id.

    Raises:
        UserError: an unreadable frame or a bad box.
    """
    missing = [one for one in sequences if not all(mask_file(folder, one, frame).is_file() for frame in one.init_data)]
    if not missing:
        return
    net = load_box2mask()
    for sequence in Progress(missing, desc="masks of first boxes", leave=False):
        with OutputFolder(folder / sequence.name) as work:
            for frame in sequence.init_data:
                labels = _entering_labels(sequence, frame, net)
                write_mask(work / mask_file(folder, sequence, frame).name, labels)


def start_from_boxes(sequence: Any, folder: Path) -> None:
    """Hand a tracker the masks that were made of the boxes in place of the true ones."""
    for frame, entry in sequence.init_data.items():
        entry["mask"] = str(mask_file(folder, sequence, frame))


def annotated_frames(sequence: Any) -> dict[int, list[tuple[int, Path]]]:
    """Object id -> (frame, mask) of the frame on which it enters; empty without masks."""
    found: dict[int, list[tuple[int, Path]]] = {}
    for frame, entry in sequence.init_data.items():
        if entry.get("mask"):
            for object_id in _entering(sequence, frame):
                found.setdefault(object_id, []).append((frame, Path(entry["mask"])))
    return found


def _entering(sequence: Any, frame: int) -> list[int]:
    """Ids of the objects that enter on a frame."""
    ids = sequence.init_data[frame].get("object_ids") or sequence.object_ids
    return [object_id for object_id in true_boxes(sequence) if ids is None or str(object_id) in map(str, ids)]


def _entering_labels(sequence: Any, frame: int, net: Box2MaskNet) -> np.ndarray:
    """[H, W] uint8: what box2mask makes of the boxes of the objects that enter on a frame."""
    tracks = true_boxes(sequence)
    boxes = {object_id: tracks[object_id][frame] for object_id in _entering(sequence, frame)}
    image = read_image(sequence.frames[frame])
    labels = np.zeros(image.shape[:2], np.uint8)
    config = AnnotateConfig(num_frames=1, scale=LITE_BOX_SCALE)
    masks = boxes_to_masks(image, dict(enumerate(boxes.values(), 1)), net, config)
    for object_id, mask in zip(boxes, masks.values(), strict=True):
        labels[mask] = object_id
    return labels
