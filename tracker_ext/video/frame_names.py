"""Which frame of a clip a name or a number means: in tables, in exports of tools, and on the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ltr_ext.text import counted
from tracker_ext.video.box_text import HEADER, shown, whole

_SHOWN = 40
_COUNTING = {0: "frames count from 0", 1: "in lines without a header (MOT), frames count from 1"}


class NoFrame(ValueError):
    """A text that names no frame, or more than one.

    Attributes:
        index: which of the texts.
    """

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True)
class FoundFrames:
    """The frames that texts mean."""

    positions: list[int]
    """From 0, one for each text."""
    notes: list[str]
    """What the user should be told."""
    are_counted: bool
    """Whether the texts are positions, so that a picture left out would shift those behind it."""


def stem_of(name: str) -> str:
    """Name of a file without folder and suffix, of Windows' or of other systems' paths."""
    last = PurePosixPath(name.replace("\\", "/")).name
    stem, dot, suffix = last.rpartition(".")
    return stem if dot and re.fullmatch(r"[A-Za-z][A-Za-z0-9]{1,4}", suffix) else last


def places_of(stems: Sequence[str]) -> dict[str, int]:
    """Name of a picture without suffix -> its position; not of names that two have."""
    place = {stem: index for index, stem in enumerate(stems)}
    if len(place) < len(stems):
        place = {stem: index for stem, index in place.items() if stems.count(stem) == 1}
    return place


def picture_at(name: str, place: Mapping[str, int]) -> int | None:
    """Position of the picture of this name, with or without folder and suffix; None if there is none."""
    last = re.split(r"[/\\]", name)[-1]
    return place[last] if last in place else place.get(stem_of(last))


def find_frames(
    texts: Sequence[str], num_frames: int, stems: Sequence[str] | None, first: int = 0, *, may_mix: bool = False
) -> FoundFrames:
    """The frames that the texts of one list mean.

    A text is a picture's name, or a number that counts from `first`; a bare number without a leading zero is no name.
    It is taken for the number in a picture's name only where it cannot count frames; where both are possible and
    differ, that is refused.

    Args:
        texts: at least one.
        num_frames: of the clip.
        stems: names of the pictures without suffix; None for a video.
        first: number of the first frame, 0 or 1.
        may_mix: names may stand beside numbers; else the list has the ones or the others.

    Raises:
        NoFrame: one of them is none, or may be two.
    """
    names = stems or ()
    place = places_of(names)
    named = [picture_at(text, place) for text in texts]
    sure = [at is not None and str(whole(text)) != text for text, at in zip(texts, named, strict=True)]
    if may_mix and any(sure) and not all(sure):
        return _mixed(texts, named, sure, num_frames, names, first)
    if any(sure):
        for index, at in enumerate(named):
            if at is None:
                raise NoFrame(index, f"frame {shown(texts[index])} is no picture of the clip; write a picture's name")
        return FoundFrames([at for at in named if at is not None], [], are_counted=False)
    for index, text in enumerate(texts):
        if whole(text) is None:
            what = "is not a whole number" if stems is None else "is neither a whole number nor a picture's name"
            raise NoFrame(index, f"frame {shown(text)} {what}; write one")
    given = [whole(text) or 0 for text in texts]
    positions = [value - first for value in given]
    by_number = _by_number(given, names)
    wrong = next((index for index, at in enumerate(positions) if not 0 <= at < num_frames), None)
    if wrong is None:
        if by_number not in (None, positions) and (
            min(_picture_numbers(names)) > 1 or (first == 0 and None not in named)
        ):
            assert by_number is not None
            raise NoFrame(0, _two_meanings(texts[0], names[by_number[0]], names[positions[0]], first))
        late = first == 0 and min(positions) > 0
        note = f"no box on frame 0: frames count from 0, and {min(positions)} is the first here"
        return FoundFrames(positions, [note] * late, are_counted=True)
    if by_number is not None and (min(_picture_numbers(names)) != 1 or None not in named):
        note = f"frames are the numbers of the pictures, from {names[min(by_number)]} on"
        return FoundFrames(by_number, [note], are_counted=False)
    raise NoFrame(wrong, _no_frame(texts[wrong], given, num_frames, names, first))


def _mixed(
    texts: Sequence[str],
    named: Sequence[int | None],
    sure: Sequence[bool],
    num_frames: int,
    names: Sequence[str],
    first: int,
) -> FoundFrames:
    """Names where they are sure, and what the others mean by themselves."""
    others = [index for index, known in enumerate(sure) if not known]
    try:
        found = find_frames([texts[index] for index in others], num_frames, names, first)
    except NoFrame as error:
        raise NoFrame(others[error.index], str(error)) from None
    positions = [at if at is not None and known else -1 for at, known in zip(named, sure, strict=True)]
    for index, at in zip(others, found.positions, strict=True):
        positions[index] = at
    return FoundFrames(positions, found.notes, found.are_counted)


def _two_meanings(text: str, in_name: str, at_position: str, first: int) -> str:
    write = f"{in_name}.jpg" if in_name == text else in_name
    return (
        f"frame {text} may be picture {in_name}, by the number in its name, or {at_position}, by its position "
        f"({_COUNTING[first]}); write picture names ({write}) for the frames, or number the pictures from {first}"
    )


def _no_frame(text: str, given: Sequence[int], num_frames: int, names: Sequence[str], first: int) -> str:
    """Of a frame that the clip does not have, and what it seems to come from."""
    remedy = ""
    if first == 0 and min(given) == 1 and max(given) == num_frames:
        remedy = ", and none is 0 here: subtract 1 from each"
        remedy += f", or write the names of the pictures ({names[0]})" if names else ""
    elif first == 1 and min(given) == 0:
        remedy = f": add 1 to each, or begin the file with {HEADER}, where they count from 0"
    elif first == 1 and len(given) == num_frames:
        remedy = "; in a file with a line per frame, keep x,y,w,h alone"
    value = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
    return f"frame {value} of {counted(num_frames, 'frame')}; {_COUNTING[first]}{remedy}"


def _picture_numbers(stems: Sequence[str]) -> list[int]:
    """The number at the end of each name; empty if one has none, or two have the same."""
    ends = [re.search(r"[0-9]{1,18}$", stem) for stem in stems]
    numbers = [int(end[0]) for end in ends if end]
    return numbers if len(set(numbers)) == len(stems) else []


def _by_number(given: Sequence[int], stems: Sequence[str]) -> list[int] | None:
    """Positions of the pictures with these numbers in their names; None if one has no picture."""
    at = {value: index for index, value in enumerate(_picture_numbers(stems))}
    return [at[value] for value in given] if all(value in at for value in given) else None
