"""Compares the times of two implementations, or of two tasks, in turn.

Times are the processor time of the process (all threads, and the commands that it started), which is least sensitive to
other work on the machine. The two sides alternate, so that disturbances affect both, and medians are reported.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ltr_ext.errors import UserError

Work = Callable[[], object]


@dataclass(frozen=True)
class Pair:
    """The two sides of a row."""

    ours: Work
    other: Work | None
    """The work with which `ours` is compared; None if only the time of `ours` is reported."""
    ours_units: int = 1
    """Number of frames (or of the row's other unit) in one run."""
    other_units: int = 1


@dataclass(frozen=True)
class Row:
    """A speed target."""

    name: str
    unit: str
    """The unit to which the milliseconds refer: "solve", "frame", ..."""
    compared: Literal["upstream", "ourselves", "nothing"]
    """`upstream`: the ratio is upstream / ours and should be large; `ourselves`: it is ours / a smaller task of ours
    and should be small."""
    target: float | None
    """Target of the ratio or, if there is none, of the milliseconds."""
    build: Callable[[], Pair]
    """Makes the networks and the inputs; may raise `Skipped`."""


class Skipped(Exception):
    """The row cannot be measured on this machine; the message says why."""


@dataclass(frozen=True)
class Measured:
    """A row with its results, in milliseconds of processor time per unit."""

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
        """The fields as a dict, for JSON."""
        return asdict(self)


def measure(row: Row, pairs: int) -> Measured:
    """Run both sides once as warm-up, then `pairs` times in turn."""
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
    """The medians of the times, and of the ratios of the pairs.

    Args:
        row: the measured row.
        ours: seconds per unit of each run.
        other: the same for the other side; empty if there is none.
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
    """The processor seconds of one run."""
    start = _processor_seconds()
    work()
    return _processor_seconds() - start


def _processor_seconds() -> float:
    """The processor seconds of this process and its finished children."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def markdown(rows: list[Measured]) -> str:
    """The table of the results, in Markdown."""
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
