"""Quality against time: a point per system."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from tracker_ext.systems.references import ALL_BOXES
from tracker_ext.systems.summary import Row

STEM = "quality_time"


def draw_quality(folder: Path, rows: Sequence[Row]) -> list[str]:
    """Draw J&F over the time per frame.

    Points are numbered, best first; those of systems that are told all boxes are hollow, systems whose time says
    nothing are lines.

    Args:
        folder: an existing folder.
        rows: those without J&F are left out.

    Returns:
        Names of the files, `quality_time.png` and `.svg`; none where no system has both J&F and time.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    points = [row for row in rows if not math.isnan(row.j_and_f) and not math.isnan(row.fps)]
    timeless = [row for row in rows if not math.isnan(row.j_and_f) and math.isnan(row.fps)]
    if not points:
        return []
    figure = Figure(figsize=(9, 4.5))
    axes = figure.add_subplot(xlabel="seconds per frame", ylabel="J&F", xscale="log")
    for number, row in enumerate(points, 1):
        colour = "none" if row.given == ALL_BOXES else "C0"
        place = (1 / row.fps, row.j_and_f)
        axes.scatter(*place, s=36, facecolors=colour, edgecolors="C0", label=f"{number}  {row.name}")
        axes.annotate(str(number), place, (5, 3), textcoords="offset points", fontsize=8)
    for row in timeless:
        axes.axhline(row.j_and_f, color="grey", linestyle=":", linewidth=1)
        place = (0.01, row.j_and_f)
        axes.annotate(row.name, place, (0, 2), axes.get_yaxis_transform(), "offset points", color="grey", fontsize=8)
    axes.margins(x=0.1, y=0.1)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8)
    with rc_context({"svg.hashsalt": STEM}):  # the same numbers, the same file
        figure.savefig(folder / f"{STEM}.svg", bbox_inches="tight", metadata={"Date": None})
    figure.savefig(folder / f"{STEM}.png", dpi=150, bbox_inches="tight")
    return [f"{STEM}.png", f"{STEM}.svg"]
