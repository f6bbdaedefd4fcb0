"""The table of all systems: means, decay, speed, memory, sequences won, and the interval beside the best."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tracker_ext.evaluation.bootstrap import RESAMPLES, Interval, sequence_interval
from tracker_ext.evaluation.comparison import TIE
from tracker_ext.evaluation.davis_attributes import ATTRIBUTES, NAMES
from tracker_ext.evaluation.protocols import Protocol
from tracker_ext.evaluation.scoring import NAN, Score, mean_score
from tracker_ext.evaluation.tables import Grid
from tracker_ext.systems.records import Record
from tracker_ext.systems.references import ALL_BOXES

MIN_VIDEOS = 5
"""With fewer, attributes say nothing."""

Records = Mapping[str, Record]
"""Sequence -> what a system achieved on it."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A system in the table; nan where nothing was measured."""

    name: str
    given: str
    sequences: int
    j: float
    f: float
    j_and_f: float
    decay: float
    fps: float
    memory: float
    """MB."""
    gpu_memory: float
    """MB; 0 without a graphics card."""
    best_on: int
    """Sequences on which no system that is told as little has a higher J&F; ties count for all."""
    behind: float = NAN
    """J&F minus that of `summarise`'s base, on the sequences that both have."""
    interval: Interval | None = None
    """95 % interval of `behind`."""


def summarise(systems: Mapping[str, Records], protocol: Protocol, base: str | None = None) -> list[Row]:
    """A row per system.

    Args:
        systems: name -> records; one without records is left out.
        protocol: how means are taken.
        base: the system that others are compared with; None for the best of those that are not told all boxes.

    Returns:
        Best J&F first.
    """
    scores = {
        name: {sequence: record.score(sequence, name) for sequence, record in records.items()}
        for name, records in systems.items()
        if records
    }
    given = {name: next(iter(systems[name].values())).given for name in scores}
    following = {name: rows for name, rows in scores.items() if given[name] != ALL_BOXES}
    means = {name: mean_score(rows.values(), name, protocol) for name, rows in scores.items()}
    known = [name for name in following if not math.isnan(means[name].j_and_f)]
    base = base if base in scores else max(known, key=lambda name: means[name].j_and_f, default=None)
    rows = []
    for name, score in means.items():
        records = list(systems[name].values())
        falls = [fall for record in records if not math.isnan(fall := record.decay())]
        gains = _gains(scores[name], scores[base]) if base is not None and name != base else []
        rows.append(
            Row(
                name=name,
                given=given[name],
                sequences=len(records),
                j=score.j,
                f=score.f,
                j_and_f=score.j_and_f,
                decay=sum(falls) / len(falls) if falls else NAN,
                fps=score.fps,
                memory=max(record.memory for record in records) or NAN,
                gpu_memory=max(record.gpu_memory for record in records),
                best_on=_best_on(name, following) if name in following else 0,
                behind=sum(gains) / len(gains) if gains else NAN,
                interval=sequence_interval(gains) if len(gains) > 1 else None,  # type: ignore[arg-type]
            )
        )
    return sorted(rows, key=lambda row: -1 if math.isnan(row.j_and_f) else row.j_and_f, reverse=True)


def base_of(rows: Sequence[Row]) -> str | None:
    """The system that the others were compared with."""
    return next((row.name for row in rows if math.isnan(row.behind) and row.given != ALL_BOXES), None)


def summary_grid(rows: Sequence[Row], notes: Sequence[str]) -> Grid:
    """The table in words; columns of the graphics card and of the interval only where there is something in them."""
    columns: dict[str, list[str]] = {
        "system": [row.name for row in rows],
        "given": [row.given for row in rows],
        "sequences": [str(row.sequences) for row in rows],
        "J": [_number(row.j) for row in rows],
        "F": [_number(row.f) for row in rows],
        "J&F": [_number(row.j_and_f) for row in rows],
        "decay": [_number(row.decay) for row in rows],
        "frames/s": [_number(row.fps, 1) for row in rows],
        "MB": [_number(row.memory, 0) for row in rows],
    }
    if any(row.gpu_memory for row in rows):
        columns["GPU MB"] = [_number(row.gpu_memory or NAN, 0) for row in rows]
    columns["best on"] = ["-" if row.given == ALL_BOXES else str(row.best_on) for row in rows]
    if any(not math.isnan(row.behind) for row in rows):
        columns["difference"] = ["-" if math.isnan(row.behind) else f"{row.behind:+.3f}" for row in rows]
        columns["95 % interval"] = [_span(row.interval) for row in rows]
    lines = list(zip(*columns.values(), strict=True))
    return Grid(header=list(columns), rows=lines, notes=list(notes), text_columns=2)


def sequence_grid(systems: Mapping[str, Records], order: Sequence[str]) -> Grid:
    """J&F of every system on every sequence; a row per sequence.

    Args:
        systems: name -> records.
        order: names of the columns.
    """
    names = sorted({sequence for records in systems.values() for sequence in records})
    rows = []
    for sequence in names:
        found = [systems[name].get(sequence) for name in order]
        numbers = [NAN if record is None else record.score(sequence, "").j_and_f for record in found]
        rows.append([sequence, *map(_number, numbers)])
    return Grid(header=["sequence", *order], rows=rows, notes=["J&F"])


def attribute_grid(systems: Mapping[str, Records], order: Sequence[str]) -> Grid | None:
    """J on the videos of DAVIS 2016 that have an attribute, and behind it how much that is above J on the others.

    As figure 5 of MaskTrack's paper.

    Args:
        systems: name -> records.
        order: names of the columns.

    Returns:
        A row per attribute; None where fewer than `MIN_VIDEOS` sequences are called as videos of DAVIS 2016.
    """
    videos = sorted({sequence for records in systems.values() for sequence in records} & set(ATTRIBUTES))
    if len(videos) < MIN_VIDEOS:
        return None
    j = {
        name: {video: record.score(video, name).j for video, record in systems[name].items() if video in ATTRIBUTES}
        for name in order
    }
    rows = []
    for short, words in NAMES.items():
        having = {video for video in videos if short in ATTRIBUTES[video]}
        if having:
            rows.append([f"{short}, {words}", str(len(having)), *[_with_and_gain(j[name], having) for name in order]])
    note = "J on the videos of DAVIS 2016 that have the attribute; in brackets how far it is above J on the others"
    return Grid(header=["attribute", "videos", *order], rows=rows, notes=[note])


def explain(rows: Sequence[Row], protocol: Protocol, grabcut_frames: int) -> list[str]:
    """What the columns mean, a sentence each."""
    base = base_of(rows)
    notes = [
        protocol.mask_note,
        "decay: J of the first quarter of a clip minus that of the last (DAVIS), mean over objects, then sequences",
        "frames/s: with all objects, first frame included; MB: largest memory of the process",
        f"given all boxes: the box of the truth on every frame; GrabCut on at most {grabcut_frames} frames a sequence",
        f"best on: sequences on which no system without all boxes is more than {TIE} above in J&F",
    ]
    if base is not None and len(rows) > 1:
        notes.append(
            f"difference: of J&F, to {base}; 95 % interval by paired bootstrap, sequences drawn anew {RESAMPLES} times"
        )
    return notes


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with all digits; None for nan."""
    return [{key: _plain(value) for key, value in asdict(row).items()} for row in rows]


def _gains(own: Mapping[str, Score], other: Mapping[str, Score]) -> list[float]:
    """Differences of J&F on the sequences that both have."""
    pairs = [score.j_and_f - other[name].j_and_f for name, score in own.items() if name in other]
    return [gain for gain in pairs if not math.isnan(gain)]


def _best_on(name: str, systems: Mapping[str, Mapping[str, Score]]) -> int:
    count = 0
    for sequence, score in systems[name].items():
        others = [rows[sequence].j_and_f for rows in systems.values() if sequence in rows]
        best = max((value for value in others if not math.isnan(value)), default=NAN)
        count += score.j_and_f >= best - TIE
    return count


def _with_and_gain(j: Mapping[str, float], having: Collection[str]) -> str:
    """Mean J on some videos, and in brackets its difference to that on the others."""
    inside = [value for video, value in j.items() if video in having]
    outside = [value for video, value in j.items() if video not in having]
    if not inside:
        return "-"
    mean = sum(inside) / len(inside)
    return f"{mean:.3f}" + (f" ({mean - sum(outside) / len(outside):+.3f})" if outside else "")


def _number(value: float, digits: int = 3) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _span(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval.low:+.3f} .. {interval.high:+.3f}"


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
