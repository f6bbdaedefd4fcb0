"""A task of a CVAT server: its frames and box tracks come, masks go back. Speaks with `cvat_sdk`, an extra.

CVAT has no tracks of masks: masks are shapes of one frame each, and those of an object share a group. Ours are known by
it: a group of `GROUP_BASE` and more, source "auto". What a person edits becomes "semi-auto" there: it is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.data.boxes import box_iou
from ltr_ext.errors import UserError
from ltr_ext.output import remove_partials, write_bytes
from ltr_ext.text import counted
from tracker_ext.video.box_marks import Track, checked_box, given_of_tracks, turned
from tracker_ext.video.box_rows import GivenBoxes

GROUP_BASE, GROUPS = 2_620_000, 65_536
"""Object i of ours has group GROUP_BASE + i."""
AT_ONCE = 400
"""Masks of one request."""
SAME = 0.5
"""IoU of boxes from which a mask that a person edited stands for the new one."""
SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8": ".jpg", b"RIFF": ".webp", b"BM": ".bmp"}


@dataclass(frozen=True)
class TaskBoxes:
    """What was pulled."""

    given: GivenBoxes
    labels: Mapping[int, int]
    """Object id -> id of its label on the server."""
    deleted: frozenset[int]
    """Frames that were taken out of the task: they get no masks."""


def pull_boxes(task: Any) -> TaskBoxes:
    """The box tracks of a task, as CVAT shows them: between keyframes a box moves evenly, behind the last one it stays.

    Args:
        task: `cvat_sdk.core.proxies.tasks.Task`.

    Raises:
        UserError: there are none.
    """
    names = {label.id: label.name for label in task.get_labels()}
    where = Path(f"cvat task {task.id}")
    found = task.get_annotations()
    boxed = [track for track in found.tracks if any(str(shape.type) == "rectangle" for shape in track.shapes)]
    if not boxed:
        raise UserError(
            f"task {task.id}: has no tracks of boxes ({counted(len(found.tracks), 'track')}, "
            f"{counted(len(found.shapes), 'shape')}); draw boxes in CVAT's track mode first"
        )
    boxed.sort(key=lambda track: (track.frame, track.label_id, list(track.shapes[0].points)))
    tracks, labels, objects = [], {}, {}
    for object_id, track in enumerate(boxed, 1):
        name = names.get(track.label_id, f"label {track.label_id}")
        one = Track(f"{name} {object_id}")
        for shape in track.shapes:
            if str(shape.type) == "rectangle":
                at = f"track {track.id} frame {shape.frame}"
                box = turned(checked_box(where, at, list(shape.points), "corners"), shape.rotation or 0.0, middle=True)
                one.marks[shape.frame] = None if shape.outside else box
        tracks.append(one)
        labels[object_id], objects[object_id] = track.label_id, name
    others = len(found.tracks) - len(boxed)
    notes = [f"{counted(others, 'track')} of other shapes than boxes left out"] if others else []
    given = given_of_tracks(where, tracks, task.size, notes)
    return TaskBoxes(
        GivenBoxes(given.boxes, given.absent, objects, notes=given.notes),
        labels,
        frozenset(task.get_meta().deleted_frames),
    )


def pull_frames(task: Any, folder: Path, on_frame: Callable[[], object] = lambda: None) -> None:
    """Write the frames of a task, `<number>.jpg` or what they are; those that are there are not asked for again.

    Args:
        task: see `pull_boxes`.
        folder: is made.
        on_frame: called after each.

    Raises:
        UserError: the folder cannot be written, or what comes is no picture.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"folder {folder} cannot be made ({error.strerror}); name another --out") from error
    remove_partials(folder)
    there = {path.stem for path in folder.iterdir()}
    for frame in range(task.size):
        stem = f"{frame:06d}"
        if stem not in there:
            data = task.get_frame(frame, quality="original").read()
            suffix = next((suffix for start, suffix in SUFFIXES.items() if data.startswith(start)), None)
            if suffix is None:
                raise UserError(f"task {task.id}: frame {frame} is no picture ({data[:20]!r}); look at it in CVAT")
            write_bytes(folder / f"{stem}{suffix}", data)
        on_frame()


def push_masks(task: Any, pulled: TaskBoxes, masks: Iterable[tuple[int, np.ndarray]]) -> str:
    """Send masks to a task. First the new ones are added, then those of an earlier run of ours go; nothing else does.

    Args:
        task: see `pull_boxes`.
        pulled: its boxes.
        masks: (frame, [H, W] object ids).

    Returns:
        A line that says what was done.
    """
    from cvat_sdk import models
    from cvat_sdk.core.proxies.annotations import AnnotationUpdateAction

    ours = [shape for shape in task.get_annotations().shapes if _has_our_group(shape)]
    earlier = [shape for shape in ours if shape.source == "auto"]
    edited: dict[int, list[Any]] = {}
    for shape in ours:
        if shape.source != "auto":
            edited.setdefault(shape.frame, []).append(shape)
    sent = kept = 0
    for part in _parts(_shapes(models, pulled, masks), AT_ONCE):
        new = [shape for shape in part if not any(_stands_for(one, shape) for one in edited.get(shape.frame, ()))]
        sent, kept = sent + len(new), kept + len(part) - len(new)
        if new:
            task.update_annotations(models.PatchedLabeledDataRequest(shapes=new), action=AnnotationUpdateAction.CREATE)
    for part in _parts(iter(earlier), AT_ONCE):
        old = [models.LabeledShapeRequest(**shape.to_dict()) for shape in part]
        task.update_annotations(models.PatchedLabeledDataRequest(shapes=old), action=AnnotationUpdateAction.DELETE)
    replaced = f", in place of {len(earlier)} of an earlier run" if earlier else ""
    left = f"; {counted(kept, 'mask')} that were edited in CVAT stay" if kept else ""
    return f"{counted(sent, 'mask')} sent to task {task.id}{replaced}{left}"


def _shapes(models: Any, pulled: TaskBoxes, masks: Iterable[tuple[int, np.ndarray]]) -> Iterator[Any]:
    """What is sent, a shape for each mask that is not empty."""
    from cvat_sdk.masks import encode_mask

    for frame, labels in masks:
        if frame in pulled.deleted:
            continue
        for object_id, label_id in pulled.labels.items():
            mask = labels == object_id
            if mask.any():
                yield models.LabeledShapeRequest(
                    type=models.ShapeType("mask"),
                    frame=frame,
                    label_id=label_id,
                    group=GROUP_BASE + object_id,
                    source="auto",
                    points=[float(value) for value in encode_mask(mask)],
                )


def _has_our_group(shape: Any) -> bool:
    return str(shape.type) == "mask" and GROUP_BASE < (shape.group or 0) < GROUP_BASE + GROUPS


def _stands_for(edited: Any, new: Any) -> bool:
    """Whether a mask that a person edited is that of the same object."""
    return edited.label_id == new.label_id and float(box_iou(_box(edited), _box(new))) >= SAME


def _box(shape: Any) -> np.ndarray:
    """[4] (x, y, w, h): the last four numbers of a mask are its first and last column and row."""
    left, top, right, bottom = shape.points[-4:]
    return np.array([left, top, right - left + 1, bottom - top + 1], np.float64)


def _parts(items: Iterator[Any], most: int) -> Iterator[list[Any]]:
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) == most:
            yield part
            part = []
    if part:
        yield part
