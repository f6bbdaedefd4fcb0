"""Two ways of doing the same work, timed in turn.

Times are processor time of the process (all threads, and the commands it has started), which other work on the machine
disturbs least; pairs are interleaved, so that what does disturb them hits both; medians count.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ltr_ext.errors import UserError

Work = Callable[[], object]


@dataclass(frozen=True)
class Pair:
    """The two sides of a row, ready to run."""

    ours: Work
    other: Work | None
    """What `ours` is compared with; None if it only has a time."""
    ours_units: int = 1
    """Frames (or whatever the row counts) of one run."""
    other_units: int = 1


@dataclass(frozen=True)
class Row:
    """A promise."""

    name: str
    unit: str
    """What the milliseconds are of: "solve", "frame", ..."""
    compared: Literal["upstream", "ourselves", "nothing"]
    """`upstream`: ratio upstream / ours, to be large; `ourselves`: ours / a smaller task of ours, to be small."""
    target: float | None
    """What the ratio, or without one the milliseconds, should reach."""
    build: Callable[[], Pair]
    """Makes the networks and inputs; may raise `Skipped`."""


class Skipped(Exception):
    """This row cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Measured:
    """A row with its numbers; milliseconds of processor time per unit."""

    name: str
    unit: str
    compared: str
    target: float | None
    ours: float | None = None
    other: float | None = None
    ratio: float | None = None
    pairs: int = 0
    skipped: str = ""

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def measure(row: Row, pairs: int) -> Measured:
    """One warm-up of both sides, then `pairs` pairs."""
    try:
        pair = row.build()
    except (Skipped, UserError) as reason:
        return Measured(row.name, row.unit, row.compared, row.target, skipped=str(reason))
    pair.ours()
    if pair.other is not None:
        pair.other()
    ours, other = [], []
    for _ in range(pairs):
        ours.append(timed(pair.ours) / pair.ours_units)
        if pair.other is not None:
            other.append(timed(pair.other) / pair.other_units)
    return summary(row, ours, other)


def summary(row: Row, ours: list[float], other: list[float]) -> Measured:
    """Medians of the times and of the ratios of pairs.

    Args:
        row: what was measured.
        ours: seconds per unit of each run.
        other: the same of the other side; empty if there is none.
    """
    ratio = None
    if other:
        up = row.compared == "upstream"
        ratio = statistics.median(b / a if up else a / b for a, b in zip(ours, other, strict=True))
    return Measured(
        row.name,
        row.unit,
        row.compared,
        row.target,
        1e3 * statistics.median(ours),
        1e3 * statistics.median(other) if other else None,
        ratio,
        len(ours),
    )


def timed(work: Work) -> float:
    """Processor seconds of one run."""
    start = _processor_seconds()
    work()
    return _processor_seconds() - start


def _processor_seconds() -> float:
    """Of this process and its ended children."""
    import os

    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def markdown(rows: list[Measured]) -> str:
    """The table."""
    lines = ["| what | ms per | ours | compared with | ms | ratio | target |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        if row.skipped:
            lines.append(f"| {row.name} | {row.unit} | - | {row.compared} | - | - | skipped: {row.skipped} |")
            continue
        other = "-" if row.other is None else f"{row.other:.1f}"
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        target = "-" if row.target is None else f"{'<=' if row.compared != 'upstream' else '>='} {row.target:g}"
        lines.append(f"| {row.name} | {row.unit} | {row.ours:.1f} | {row.compared} | {other} | {ratio} | {target} |")
    return "\n".join(lines)
