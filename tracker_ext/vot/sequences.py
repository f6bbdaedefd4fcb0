"""Writes the sequences of a data set in the layout of the VOT toolkit."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import read_image, read_mask, write_jpeg
from ltr_ext.errors import UserError
from ltr_ext.progress import Progress
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.video.regions import encode_mask
from tracker_ext.vot.anchors import choose_anchors, run_lengths

JPEG_QUALITY = 95
FPS = 30
"""Frames per second of all sequences, for the real-time experiment."""
Truth = Literal["mask", "rectangle"]


def write_sequences(root: Path, sequences: Sequence[ClipSequence], *, truth: Truth, spacing: int) -> list[int]:
    """Write one sequence per object: `<sequence>` if a sequence has one object, otherwise `<sequence>_<id>`.

    Each sequence has `color/%08d.jpg` (from 1), `groundtruth.txt`, `anchor.value`, `occlusion.tag` (1 on frames where
    the object is not visible) and `sequence`. `list.txt` names all sequences.

    Args:
        root: the folder, which holds no sequences yet.
        sequences: sequences with a true mask for every frame.
        truth: whether the region of a frame is the mask or the mask's box (see `truth_line`).
        spacing: number of frames between two anchors.

    Returns:
        The lengths of the runs of all sequences, in frames.

    Raises:
        UserError: a frame has no mask, or a picture cannot be read.
    """
    names: list[str] = []
    lengths: list[int] = []
    with Progress(sequences, desc="sequences") as progress:
        for sequence in progress:
            labels = [read_mask(path) for path in mask_paths(sequence)]
            ids = list(true_boxes(sequence))
            for object_id in ids:
                name = sequence.name if len(ids) == 1 else f"{sequence.name}_{object_id}"
                masks = [frame == object_id for frame in labels]
                anchors = choose_anchors(np.array([mask.sum() for mask in masks]), spacing)
                images = [Path(frame) for frame in sequence.frames]
                write_sequence(root / name, images, masks, anchors, truth=truth)
                names.append(name)
                lengths += run_lengths(anchors)
    write_lines(root / "list.txt", names)
    return lengths


def mask_paths(sequence: ClipSequence) -> list[str]:
    """The paths of a sequence's masks, one per frame.

    Raises:
        UserError: a frame has no mask.
    """
    paths = sequence.ground_truth_seg or [None] * len(sequence.frames)
    found = [path for path in paths if path is not None]
    if len(found) != len(paths):
        raise UserError(
            f"sequence {sequence.name}: {len(paths) - len(found)} of {len(paths)} frames have no mask; "
            "the VOT toolkit needs one for each: choose a data set such as demo or dv2017_val"
        )
    return found


def write_sequence(
    folder: Path, images: Sequence[Path], masks: Sequence[np.ndarray], anchors: np.ndarray, *, truth: Truth
) -> None:
    """Write a sequence; JPEG files are copied, other pictures are converted.

    Args:
        folder: the folder of the sequence, which must not exist.
        images: the pictures of the N frames.
        masks: N masks [H, W] bool.
        anchors: [N], see `choose_anchors`.
        truth: see `write_sequences`.
    """
    colour = folder / "color"
    colour.mkdir(parents=True)
    for number, path in enumerate(images, start=1):
        target = colour / f"{number:08d}.jpg"
        if path.suffix.lower() in (".jpg", ".jpeg"):
            shutil.copyfile(path, target)
        else:
            write_jpeg(target, read_image(path), quality=JPEG_QUALITY)
    height, width = masks[0].shape
    about = {
        "channels.color": "color/%08d.jpg",
        "fps": FPS,
        "format": "default",
        "width": width,
        "height": height,
        "length": len(images),
    }
    write_lines(folder / "sequence", [f"{key}={value}" for key, value in about.items()])
    write_lines(folder / "groundtruth.txt", [truth_line(mask, truth) for mask in masks])
    write_lines(folder / "anchor.value", anchors.tolist())
    write_lines(folder / "occlusion.tag", [int(not mask.any()) for mask in masks])


def truth_line(mask: np.ndarray, truth: Truth) -> str:
    """The region of a frame as text; an invisible object has an empty mask or, as a rectangle, the code 0.

    Args:
        mask: [H, W] bool.
        truth: whether to write the mask or its box.
    """
    if truth == "mask":
        return encode_mask(mask)
    box = mask_to_box(mask)
    return "0" if box is None else ",".join(f"{value:g}" for value in box)


def write_lines(path: Path, lines: Sequence[object]) -> None:
    """Write a text file, one item per line."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
