"""VOT2020 sequences: `<root>/list.txt`, `<name>/{sequence,color/%08d.jpg,groundtruth.txt}`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ltr_ext.data.mask_io import write_mask
from ltr_ext.errors import UserError
from ltr_ext.output import OutputFolder
from tracker_ext.video.regions import decode_region, region_box

CHANNEL = "channels.color"
DEFAULT_PATTERN = "color/%08d.jpg"
SOURCE_FILE = "groundtruth.sha256"
"""Beside stored masks: which text they were made of."""


@dataclass(frozen=True)
class VotSequence:
    """One sequence of N frames."""

    name: str
    frames: list[Path]
    regions: list[str]
    """One line per frame, see `tracker_ext.video.regions`."""
    boxes: np.ndarray
    """[N, 4] (x, y, w, h) in pixels; nan where the object is not seen."""


def read_sequence_names(root: Path) -> list[str]:
    """The names in `list.txt`.

    Raises:
        UserError: no list, or an empty one.
    """
    listed = root / "list.txt"
    names = listed.read_text(encoding="utf-8").split() if listed.is_file() else []
    if not names:
        raise UserError(f"data set vot2020: {listed} does not list sequences; give the toolkit's folder `sequences`")
    return names


def read_sequence(folder: Path) -> VotSequence:
    """Read a sequence without opening its pictures.

    Raises:
        UserError: files are missing, a line is no region, or there is no object on the first frame.
    """
    regions = _lines(folder / "groundtruth.txt")
    about = dict(line.split("=", 1) for line in _lines(folder / "sequence") if "=" in line)
    pattern = about.get(CHANNEL, DEFAULT_PATTERN)
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise UserError(f"sequence file {folder / 'sequence'}: {CHANNEL}={pattern} leads out of the folder")
    boxes = []
    for number, line in enumerate(regions, 1):
        try:
            boxes.append(region_box(line))
        except ValueError as error:
            raise UserError(f"{folder / 'groundtruth.txt'} line {number}: {error}; restore the file") from error
    try:
        frames = [folder / (pattern % number) for number in range(1, len(regions) + 1)]
    except (TypeError, ValueError) as error:
        raise UserError(f"sequence file {folder / 'sequence'}: {CHANNEL}={pattern}; write color/%08d.jpg") from error
    missing = [frame for frame in frames if not frame.is_file()]
    if missing:
        raise UserError(
            f"sequence {folder}: {len(frames) - len(missing)} frames for {len(frames)} regions, first missing: "
            f"{missing[0]}; unpack the sequence again"
        )
    if not boxes or np.isnan(boxes[0]).any():
        raise UserError(f"{folder / 'groundtruth.txt'}: no object on the first frame; restore the file")
    return VotSequence(folder.name, frames, regions, np.stack(boxes))


def store_masks(sequence: VotSequence, folder: Path) -> list[Path]:
    """Write the regions as `<frame stem>.png`, 0/1, of each frame's size; what was written of the same text is kept.

    Args:
        sequence: the sequence.
        folder: where the masks go.

    Returns:
        One path per frame.
    """
    paths = [folder / f"{frame.stem}.png" for frame in sequence.frames]
    digest = hashlib.sha256("\n".join(sequence.regions).encode()).hexdigest()
    source = folder / SOURCE_FILE
    if source.is_file() and source.read_text(encoding="utf-8") == digest and all(path.is_file() for path in paths):
        return paths
    with OutputFolder(folder) as work:
        for frame, line, path in zip(sequence.frames, sequence.regions, paths, strict=True):
            with Image.open(frame) as picture:
                width, height = picture.size
            write_mask(work / path.name, decode_region(line, height, width).astype(np.uint8))
        (work / SOURCE_FILE).write_text(digest, encoding="utf-8")
    return paths


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read ({error}); restore the file") from error
