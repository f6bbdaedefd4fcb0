"""Boxes on the command line: `--box x,y,w,h`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.video.box_files import box_line, read_given_boxes, refuse_relative
from tracker_ext.video.box_text import number, shown, split_fields

OPTION = "--box"
Box = tuple[float, float, float, float]


def join_boxes(arguments: Sequence[str]) -> list[str]:
    """The arguments with each `--box` and its numbers in one word, so that none is taken for an option.

    `--box -5,0,9,9` and `--box 1 2 3 4` mean what they say then.
    """
    joined: list[str] = []
    words = list(arguments)
    while words:
        word = words.pop(0)
        option, equals, start = word.partition("=")
        parts = [start] if equals else []
        while option == OPTION and words and _is_part_of_a_box(words[0]):
            if len(split_fields(" ".join(parts))) >= 4:  # another box follows
                words.insert(0, OPTION)
            else:
                parts.append(words.pop(0))
        joined.append(f"{OPTION}={' '.join(parts)}" if option == OPTION and parts else word)
    return joined


def parse_box(text: str) -> Box:
    """`x,y,w,h` as four numbers; blanks and brackets are let pass.

    Raises:
        UserError: anything else; no area; parts of the frame.
    """
    fields = split_fields(text)
    values = [number(field) for field in fields]
    said = f"--box {text if len(text) <= 80 else shown(text)}"
    if len(values) != 4 or None in values or "" in fields:
        raise UserError(f"{said}: is not four numbers; {_remedy(text, values)}")
    box = np.array(values, dtype=np.float64)
    if not np.isfinite(box).all():
        raise UserError(f"{said}: is not finite; give x,y,w,h in pixels")
    x, y, w, h = box.tolist()
    if w <= 0 or h <= 0:
        raise UserError(f"{said}: has no area; give x,y,w,h with the width and height of the box, in pixels")
    refuse_relative({1: box[None]}, said)
    return x, y, w, h


def corners_note(box: Sequence[float], size_hw: tuple[int, int]) -> str | None:
    """What to say of a box that reaches out of the frame, and would not if its numbers were corners.

    Args:
        box: (x, y, w, h).
        size_hw: (height, width) of the frame.
    """
    x, y, w, h = box
    height, width = size_hw
    beyond = max(x + w - width, y + h - height)
    if beyond < 1 or not (0 <= x < w <= width and 0 <= y < h <= height):
        return None
    return (
        f"{OPTION} {box_line(box)} reaches {beyond:g} pixels out of the {width}x{height} frame; if these are corners "
        f"x1,y1,x2,y2, give {OPTION} {box_line((x, y, w - x, h - y))}"
    )


def _is_part_of_a_box(word: str) -> bool:
    return re.fullmatch(r"[\[(]*[-+]?\.?\d[-+\d.,;eE\s]*[\])]*|[,;\])]+|[-+]?(nan|inf)\b.*", word) is not None


def _remedy(text: str, values: Sequence[float | None]) -> str:
    if len(values) > 4 and len(values) % 4 == 0 and None not in values:
        return f"give {OPTION} once per object"
    path = Path(text)
    with suppress(OSError, ValueError):
        if path.is_file():
            try:
                track = next(iter(read_given_boxes(path, 1).boxes.values()))
                return f"the file holds {OPTION} {box_line(track[0])}"
            except UserError as error:
                if path.suffix.lower() == ".json":
                    return str(error)
            return (
                "a file with boxes on every frame goes with run_annotate.py video PATH --boxes FILE; give the box of "
                "the first frame as x,y,w,h in pixels, such as 120,80,60,140"
            )
    return "give x,y,w,h in pixels, such as 120,80,60,140"
