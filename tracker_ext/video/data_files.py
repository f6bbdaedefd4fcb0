"""Reading the small text files of tracking data sets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.text import counted

VIDEO_SUFFIXES = (
    ".mp4",
    ".avi",
    ".mkv",
    ".mov",
    ".webm",
    ".m4v",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".mts",
    ".m2ts",
    ".flv",
    ".3gp",
)
"""In lower case; files may have them in upper case."""


def find_video(without_suffix: Path) -> Path | None:
    """The video file of a name, whatever its suffix."""
    for suffix in VIDEO_SUFFIXES:
        for written in (suffix, suffix.upper()):
            path = without_suffix.with_name(f"{without_suffix.name}{written}")
            if path.is_file():
                return path
    return None


def read_lines(path: Path) -> list[str]:
    """Lines of a text file without empty ones at its end.

    Raises:
        UserError: missing or no text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"file {path} is no text file; restore it") from error
    except OSError as error:
        raise UserError(f"file {path} cannot be read ({error.strerror}); restore it") from error
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def read_flags(path: Path, count: int) -> np.ndarray | None:
    """Whole numbers, one per frame, on one line or on many; None if the file is not there: [count] int.

    Raises:
        UserError: another number of them, or something else than whole numbers.
    """
    if not path.is_file():
        return None
    fields = re.split(r"[,\s]+", " ".join(read_lines(path)).strip())
    try:
        flags = np.array([int(field) for field in fields if field])
    except ValueError as error:
        raise UserError(f"file {path}: {error}; one whole number per frame is expected") from None
    if len(flags) != count:
        raise UserError(f"file {path}: {counted(len(flags), 'flag')} for {counted(count, 'box')}; restore the file")
    return flags


def count_lines(path: Path) -> int:
    """Boxes in a file of one line each.

    Raises:
        UserError: missing, no text, or empty.
    """
    count = len(read_lines(path))
    if count == 0:
        raise UserError(f"box file {path} is empty; restore it")
    return count


def numbered_frames(folder: Path, names: list[str], box_file: Path) -> tuple[Path, ...]:
    """The frames that belong to the lines of a box file.

    Args:
        folder: of the frames.
        names: file name of each line's frame.
        box_file: for the message.

    Raises:
        UserError: a frame is missing, or the folder holds frames beyond the last line.
    """
    try:
        present = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise UserError(f"frame folder {folder} cannot be read ({error.strerror}); restore it") from error
    suffix = Path(names[0]).suffix
    pictures = {name for name in present if name.endswith(suffix) and Path(name).stem.isdecimal()}
    missing = [name for name in names if name not in present]
    if missing:
        raise UserError(
            f"{box_file} has {counted(len(names), 'box')}, but frame {folder / missing[0]} is missing "
            f"({counted(len(pictures), 'frame')} there); restore the frame or the box file"
        )
    if len(pictures) > len(names):
        raise UserError(
            f"{box_file} has {counted(len(names), 'box')} for {counted(len(pictures), 'frame')} in {folder}; restore "
            "the box file"
        )
    return tuple(folder / name for name in names)


def refuse_gap(paths: Sequence[Path], name: str) -> None:
    """Refuse pictures whose numbers leave one out: what counts frames by their position would be one frame off.

    Numbers may begin anywhere and go in steps (00000, 00005, ...). Pictures that are not numbered, or not regularly,
    are let pass.

    Args:
        paths: of the pictures, in order.
        name: of the sequence.

    Raises:
        UserError: a number is missing.
    """
    ends = [re.search(r"\d+$", path.stem) for path in paths]
    numbers = np.array([int(end[0]) for end in ends if end], dtype=np.float64)
    if len(numbers) < max(len(paths), 3):
        return
    steps = np.diff(numbers)
    usual = Counter(steps.tolist()).most_common(1)[0][0]
    gaps = np.flatnonzero(steps != usual)
    regular = usual > 0 and (steps > 0).all() and (steps % usual == 0).all()
    if not regular or not 0 < len(gaps) <= 0.1 * len(steps) + 1:  # more than a few gaps are no accident
        return
    before, after = paths[gaps[0]], paths[gaps[0] + 1]
    raise UserError(
        f"{name}: a picture is missing between {before.name} and {after.name} in {before.parent}; restore it, or "
        "number the pictures without a gap"
    )


def absent_rows(boxes: np.ndarray) -> np.ndarray:
    """[F] bool: rows [F, 4] that data sets write for an object that is not there, without area or negative size."""
    with np.errstate(invalid="ignore"):
        return np.isnan(boxes).all(axis=1) | (boxes[:, 2] <= 0) | (boxes[:, 3] <= 0)
