"""What `run_annotate.py video` or `run_tracker.py --video` wrote, taken over: boxes, masks, confidences.

Where the boxes are not known (results of older versions, tables that were edited), each mask is kept as it is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.text import counted
from tracker_ext.editor.document import ABSENT, BOX, follow_key, mark_key, object_key
from tracker_ext.editor.found import Earlier
from tracker_ext.editor.journal import begun_in, journal_of, read_journal
from tracker_ext.editor.mask_files import ids_or_none
from tracker_ext.segmentation.boxed_sequence import mask_stems
from tracker_ext.video.box_files import read_given_boxes
from tracker_ext.video.clip_writer import RESULT_FILE
from tracker_ext.video.frames import FrameSource, Pictures
from tracker_ext.video.listing import VIDEO_RESULT
from tracker_ext.video.result_tables import CONFIDENCE_FILE, GIVEN_FILE, read_confidences


def is_result(folder: Path) -> bool:
    """Whether a folder is the result of a command on one video."""
    return (folder / VIDEO_RESULT).is_dir() and "files" in _facts(folder)


def adopts(folder: Path) -> bool:
    """Whether the masks of a result folder are, or were, those of another command."""
    if not begun_in(folder):
        return is_result(folder)
    return bool(read_journal(journal_of(folder))[0].notes.get("adopts"))


def frames_of_result(folder: Path) -> Path:
    """The video, or the folder of pictures, that a result was made from.

    Raises:
        UserError: it is not known, or not there any more.
    """
    inputs = _facts(folder).get("inputs")
    place = inputs[0] if isinstance(inputs, list) and inputs and isinstance(inputs[0], str) else None
    if place is None or not Path(place).exists():
        where = f"its clip {place} is gone" if place else f"{RESULT_FILE} does not say what it was made from"
        raise UserError(f"folder {folder}: {where}; name the clip, and this folder with --out")
    return Path(place)


def read_result(folder: Path, frames: FrameSource) -> Earlier:
    """Boxes, masks and confidences of a result.

    Args:
        folder: see `is_result`.
        frames: of its clip.

    Raises:
        UserError: its masks are not of these frames.
    """
    masks = folder / VIDEO_RESULT
    stems = mask_stems(frames)
    there = {path.stem for path in masks.iterdir() if path.suffix.lower() == ".png" and not path.name.startswith(".")}
    if not there <= set(stems):
        raise UserError(
            f"folder {folder}: has {counted(len(there), 'mask')}, {min(there)} to {max(there)}, of another clip than "
            f"{frames.name} with {counted(len(stems), 'frame')}; name the clip that they were made from"
        )
    first = next((found for stem in stems if (found := ids_or_none(masks / f"{stem}.png")) is not None), None)
    if first is not None and first.shape != frames.size:
        (height, width), size = first.shape[:2], frames.size
        raise UserError(
            f"folder {folder}: its masks are {width}x{height}, the frames of {frames.name} {size[1]}x{size[0]}; name "
            "the clip that they were made from"
        )
    facts = _facts(folder)
    return Earlier(
        _values(folder, frames, facts),
        lambda: (ids_or_none(masks / f"{stem}.png") for stem in stems),
        read_confidences(folder / CONFIDENCE_FILE),
        _known(facts),
        folder.resolve(),
    )


def _values(folder: Path, frames: FrameSource, facts: dict[str, Any]) -> dict[str, Any]:
    """Objects, boxes and absences; what a tracker made is followed from its first frame."""
    names = facts.get("objects")
    names = names if isinstance(names, dict) else {}
    values: dict[str, Any] = {}
    for object_id, (track, absent) in _given(folder, frames).items():
        values[object_key(object_id)] = {"name": str(names.get(str(object_id), f"object {object_id}"))}
        boxed = np.flatnonzero(np.isfinite(track).all(axis=1)).tolist()
        for frame in boxed:
            values[mark_key(object_id, frame)] = {"kind": BOX, "box": np.round(track[frame], 3).tolist()}
        for frame in np.flatnonzero(absent).tolist():
            values[mark_key(object_id, frame)] = {"kind": ABSENT}
        if "tracker" in facts and boxed:
            values[follow_key(object_id, boxed[0])] = {}
    return values


def _given(folder: Path, frames: FrameSource) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    path = folder / GIVEN_FILE
    if not path.is_file():
        return {}
    stems = frames.stems() if isinstance(frames, Pictures) else None
    try:
        found = read_given_boxes(path, len(frames), stems, name=frames.name)
    except UserError as error:
        print(f"note: {error}; every mask is kept as it is", file=sys.stderr)
        return {}
    nowhere = np.zeros(len(frames), bool)
    return {object_id: (track, found.absent.get(object_id, nowhere)) for object_id, track in found.boxes.items()}


def _known(facts: dict[str, Any]) -> frozenset[tuple[int, int]]:
    """(object id, frame) of masks that were given; nothing where the file says nonsense."""
    try:
        return frozenset((int(i), int(frame)) for i, frames in facts.get("known", {}).items() for frame in frames)
    except (ValueError, TypeError, AttributeError):
        return frozenset()


def _facts(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
