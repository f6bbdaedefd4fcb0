"""What each mask of a clip is made from, worked out from what a person said: pure, the same every time.

A mask's *recipe* is a digest of all that it depends on: the boxes of the window that it comes from, painted masks, the
weights. A mask is made again if and only if its recipe is another one than that it was made by.

Windows are laid so that a change stays where it is: the clip is cut into parts of about T D frames, and the given
frames of a part are dealt out to windows of up to T, spread over the part. Where a part has no more given frames than
that, the nearest ones before and after it join them.

Shapes: N frames.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from tracker_ext.editor.document import ABSENT, BOX, PAINTED, Document
from tracker_ext.segmentation.prepare import fill_gaps
from tracker_ext.segmentation.windows import Window, lenders

Kind = Literal["box", "between", "painted", "tracked", "absent"]
REACH = 0.15
"""Part of a box by which its mask may exceed it on each side, at most (`AnnotateConfig.tolerance_between`)."""


@dataclass(frozen=True)
class Rules:
    """What does not change while a clip is open."""

    num_frames: int
    """N, of the clip."""
    together: int = 5
    """T, frames seen together."""
    interval: int = 15
    """D."""
    max_gap: int = 60
    """See `prepare_tracks`."""
    made_by: str = ""
    """Says with which weights and options masks are made."""


@dataclass(frozen=True)
class Stretch:
    """Frames through which the tracker follows an object."""

    start: int
    """The given frame it starts from."""
    end: int
    """First frame that is not followed any more."""


@dataclass(frozen=True)
class ObjectPlan:
    """Where the masks of one object come from."""

    track: np.ndarray
    """[N, 4] (x, y, w, h): given and interpolated boxes, nan elsewhere."""
    given: np.ndarray
    """[N] bool."""
    windows: tuple[Window, ...]
    """Over numbers of frames."""
    window_of: Mapping[int, int]
    """Frame with a box, given or not -> number of the window that its mask comes from."""
    stretches: tuple[Stretch, ...]
    kinds: Mapping[int, Kind]
    """Frame -> where its mask comes from; no entry: there is none."""
    recipes: dict[int, str] = field(default_factory=dict)
    """Frame -> recipe; no entry: no mask."""
    painted: Mapping[int, str] = field(default_factory=dict)
    """Frame -> name of the painted mask."""


def plan_clip(document: Document, rules: Rules, unreadable: Sequence[int] = ()) -> dict[int, ObjectPlan]:
    """The plans of all objects; see `plan_object`.

    Where two objects' boxes overlap, the mask of each depends on the other: the higher logit wins.
    """
    plans = {i: plan_object(document.marks(i), document.follows(i), rules, unreadable) for i in document.objects()}
    regions = {i: _regions(plan) for i, plan in plans.items()}
    crossed: dict[int, dict[int, str]] = {i: {} for i in plans}
    for i, plan in plans.items():
        others: dict[int, list[str]] = {}
        for j, other in plans.items():
            if j != i:
                for frame in np.flatnonzero(_overlap(regions[i], regions[j])).tolist():
                    others.setdefault(frame, []).append(f"{j}:{other.recipes[frame]}")
        for frame, recipes in others.items():
            if plan.kinds[frame] in (BOX, "between"):
                crossed[i][frame] = digest(plan.recipes[frame], recipes)
    for i, plan in plans.items():
        plan.recipes.update(crossed[i])
    return plans


def plan_object(
    marks: Mapping[int, Any], follows: Sequence[int], rules: Rules, unreadable: Sequence[int] = ()
) -> ObjectPlan:
    """Where the masks of one object come from.

    Args:
        marks: frame -> mark, see `document`.
        follows: frames from which the tracker goes on.
        rules: of the clip.
        unreadable: frames that get no mask.
    """
    track, absent = np.full((rules.num_frames, 4), np.nan), np.zeros(rules.num_frames, bool)
    for frame, mark in marks.items():
        if mark["kind"] == ABSENT:
            absent[frame] = True
        else:
            track[frame] = mark["box"]
    track[list(unreadable)] = np.nan
    given = np.isfinite(track).all(axis=1)
    boxed = np.flatnonzero(given)
    filled = fill_gaps(track, absent, rules.max_gap)
    filled[list(unreadable)] = np.nan
    windows = tuple(lay_windows(boxed.tolist(), rules.num_frames, rules.together, rules.interval))
    between = np.flatnonzero(np.isfinite(filled).all(axis=1) & ~given)
    positions = {frame: place for place, frame in enumerate(boxed.tolist())}
    counted = [Window(_places(window.frames, positions), _places(window.kept, positions)) for window in windows]
    window_of = {frame: number for number, window in enumerate(windows) for frame in window.kept}
    window_of |= lenders(between, boxed, counted)
    stretches = tuple(_stretches(boxed.tolist(), np.flatnonzero(absent).tolist(), follows, rules))
    kinds: dict[int, Kind] = {frame: marks[frame]["kind"] for frame in boxed.tolist()}
    kinds |= dict.fromkeys(between.tolist(), "between")
    kinds |= dict.fromkeys(np.flatnonzero(absent).tolist(), ABSENT)
    for stretch in stretches:
        kinds |= {f: "tracked" for f in range(stretch.start + 1, stretch.end) if f not in kinds and f not in unreadable}
    painted = {frame: marks[frame]["mask"] for frame in boxed.tolist() if marks[frame]["kind"] == PAINTED}
    plan = ObjectPlan(filled, given, windows, window_of, stretches, kinds, {}, painted)
    plan.recipes.update(_recipes(plan, marks, rules))
    return plan


def lay_windows(given: Sequence[int], num_frames: int, together: int, interval: int) -> list[Window]:
    """Windows over given frames; see above.

    Args:
        given: ascending numbers of frames.
        num_frames: N.
        together: T.
        interval: D.

    Returns:
        Windows over numbers of frames; each given frame is kept by exactly one. In the order of their last frame.
    """
    parts = max(1, round(num_frames / (together * interval)))
    edges = np.linspace(0, num_frames, parts + 1).round().astype(int).tolist()
    windows = []
    for first, end in itertools.pairwise(edges):
        before, after = bisect_left(given, first), bisect_left(given, end)
        inside = given[before:after]
        classes = -(-len(inside) // together)
        for shift in range(classes):
            kept = tuple(inside[shift::classes])
            room = together - len(kept) if classes == 1 else 0
            earlier = given[max(0, before - (room + 1) // 2) : before] if room else ()
            later = given[after : after + room - len(earlier)] if room else ()
            windows.append(Window((*earlier, *kept, *later), kept))
    return sorted(windows, key=lambda window: window.frames[-1])


def _places(frames: Sequence[int], positions: Mapping[int, int]) -> tuple[int, ...]:
    return tuple(positions[frame] for frame in frames)


def _stretches(given: Sequence[int], absent: Sequence[int], follows: Sequence[int], rules: Rules) -> list[Stretch]:
    """From each given frame that is followed to the next mark; not where boxes are interpolated."""
    found = []
    for place, start in enumerate(given):
        asked = follows[: bisect_right(follows, start)]
        if not asked or bisect_left(absent, asked[-1]) < bisect_left(absent, start):
            continue
        following = given[place + 1] if place + 1 < len(given) else rules.num_frames
        gone = absent[bisect_right(absent, start)] if bisect_right(absent, start) < len(absent) else rules.num_frames
        is_interpolated = following < gone and place + 1 < len(given) and following - start <= rules.max_gap
        end = min(following, gone)
        if end > start + 1 and not is_interpolated:
            found.append(Stretch(start, end))
    return found


def _recipes(plan: ObjectPlan, marks: Mapping[int, Any], rules: Rules) -> dict[int, str]:
    by_window = [
        digest(rules.made_by, "window", [(frame, *_evidence(marks[frame])) for frame in window.frames])
        for window in plan.windows
    ]
    starts = {frame: stretch.start for stretch in plan.stretches for frame in range(stretch.start, stretch.end)}
    found = {}
    for frame, kind in plan.kinds.items():
        if kind == PAINTED:
            found[frame] = digest("painted", plan.painted[frame])
        elif kind == "tracked":
            found[frame] = digest(rules.made_by, "tracked", starts[frame], _evidence(marks[starts[frame]]))
        elif kind == BOX:
            found[frame] = by_window[plan.window_of[frame]]
        elif kind == "between" and frame in plan.window_of:
            box = np.round(plan.track[frame], 3).tolist()
            found[frame] = digest("between", by_window[plan.window_of[frame]], box)
    return found


def _evidence(mark: Any) -> tuple[Any, ...]:
    return (mark["box"], mark.get("mask"))


def _regions(plan: ObjectPlan) -> np.ndarray:
    """[N, 4] left, top, right, bottom of where a mask of the object may be; nan where there is none."""
    x, y, w, h = plan.track.T
    return np.stack([x - REACH * w - 1, y - REACH * h - 1, x + (1 + REACH) * w + 1, y + (1 + REACH) * h + 1], axis=1)


def _overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[N] bool; False where one of them is nan."""
    return (np.maximum(a[:, :2], b[:, :2]) < np.minimum(a[:, 2:], b[:, 2:])).all(axis=1)


def digest(*parts: Any) -> str:
    """16 hexadecimal digits over JSON values."""
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()[:16]
