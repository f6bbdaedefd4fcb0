"""`report.html`: what to look at first in the output of an annotation job, and what to do with it.

One file that needs no network and nothing but the folder `preview/` beside it. The parts of the page lie in `page/`;
here the sequences are summed up and everything is put into one file.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.data.decisions import DECISIONS_FILE, Decision, read_decisions
from ltr_ext.data.trust_table import TrustRow, read_trust
from ltr_ext.errors import UserError
from ltr_ext.output import write_text
from ltr_ext.program import as_called
from ltr_ext.progress import Progress
from ltr_ext.text import counted
from tracker_ext.annotation.review.decisions import read_manifests

REPORT_FILE = "report.html"
PAGE_FOLDER = Path(__file__).resolve().parent / "page"
SCRIPTS = ("logic.js", "review.js", "page.js", "actions.js")
"""In this order: each one uses those before it."""
SPARK_POINTS = 48
"""Most points of the curve of a sequence; each is the least confidence of its frames."""
WORST_SHARE = 0.2
"""Sequences are ordered by the mean confidence of this share of their masks, the least confident ones: a sequence
that is good on the whole and lost for a while comes up too."""


@dataclass(frozen=True)
class SequenceSummary:
    """One line of the report; None stands for "not known"."""

    name: str
    folder: str
    """Its folder of pictures inside `preview/`."""
    frames: int
    objects: int
    confidence: float | None
    """Mean over the masks."""
    worst: float | None
    """Mean over the worst fifth."""
    least: float | None
    tightness: float | None
    """Mean over the masks of boxed frames."""
    empty: int
    """Boxed frames without a mask, added up over the objects."""
    jump: float | None
    """Largest area jump."""
    parts: int
    """Most parts of a mask."""
    border: int
    """Masks that reach the border of the image."""
    spark: list[int]
    """Least confidence along the sequence in percent; -1 where there is no mask."""
    pictures: list[tuple[str, str, float | None]]
    """(file in the preview folder, frame, confidence), the worst first."""
    decision: str
    """In force when the page was written: accept, reject, flag, or nothing."""
    comment: str


FIELDS = tuple(f.name for f in fields(SequenceSummary))


def write_report(out: str | Path) -> Path:
    """Write `OUT/report.html` anew from what lies in the output folder.

    Args:
        out: `sequences/*.json`, `trust/*.csv`, `preview/*/*.jpg`, and if there are, `settings.json`, `decisions.csv`.

    Returns:
        The file.

    Raises:
        UserError: not the output of an annotation job, damaged files in it, or it cannot be written.
    """
    out = Path(out)
    found = list(read_manifests(out))
    applied = out / DECISIONS_FILE
    decisions = read_decisions(applied) if applied.is_file() else {}
    summaries = [
        summarise_sequence(out, stem, manifest["name"], decisions.get(manifest["name"]))
        for stem, manifest in Progress(found, desc="report", unit="sequence", leave=False)
    ]
    path = out / REPORT_FILE
    write_text(path, render_page(describe_job(out, [manifest for _, manifest in found]), summaries))
    return path


def summarise_sequence(out: Path, stem: str, name: str, decision: Decision | None) -> SequenceSummary:
    """Read a sequence's table and find its pictures; for `stem` see `read_manifests`.

    Raises:
        UserError: the table is missing or damaged.
    """
    rows = read_trust(out / "trust" / f"{stem}.csv")
    return SequenceSummary(
        name=name,
        folder=stem,
        **summarise_rows(rows),
        pictures=find_pictures(out / "preview" / stem, rows),
        decision="" if decision is None else decision.choice,
        comment="" if decision is None else decision.comment,
    )


def summarise_rows(rows: Sequence[TrustRow]) -> dict[str, Any]:
    """The fields of `SequenceSummary` that need nothing but the table."""
    frames = sorted({row.frame for row in rows})
    place = {frame: number for number, frame in enumerate(frames)}
    confidence = np.array([row.trust.confidence for row in rows if not math.isnan(row.trust.confidence)])
    lowest = np.sort(confidence)[: math.ceil(WORST_SHARE * len(confidence))]
    least = np.full(len(frames), np.nan)
    for row in rows:
        least[place[row.frame]] = np.fmin(least[place[row.frame]], row.trust.confidence)
    return {
        "frames": len(frames),
        "objects": len({row.object for row in rows}),
        "confidence": _mean(confidence),
        "worst": _mean(lowest),
        "least": _mean(lowest[:1]),
        "tightness": _mean([row.trust.tightness for row in rows]),
        "empty": sum(row.boxed and row.trust.area == 0 for row in rows),
        "jump": max((round(j, 2) for row in rows if not math.isnan(j := row.trust.area_jump)), default=None),
        "parts": max((row.trust.parts for row in rows), default=0),
        "border": sum(row.trust.touches_border for row in rows),
        "spark": spark(least),
    }


def spark(least: np.ndarray) -> list[int]:
    """[N] confidences, nan for none -> at most `SPARK_POINTS` percentages, each the least of a stretch; -1 for none."""
    stretches = [part for part in np.array_split(least, min(SPARK_POINTS, max(len(least), 1))) if len(part)]
    return [-1 if np.isnan(part).all() else round(100 * float(np.nanmin(part))) for part in stretches]


def find_pictures(folder: Path, rows: Iterable[TrustRow]) -> list[tuple[str, str, float | None]]:
    """The `<rank>_<stem>.jpg` of a sequence, by rank, with the least confidence of the frame."""
    found = []
    for path in folder.glob("*.jpg") if folder.is_dir() else ():
        match = re.fullmatch(r"(\d+)_(.+)", path.stem)
        if match:
            found.append((int(match[1]), path.name, match[2]))
    wanted = {stem for _, _, stem in found}
    confidences: dict[str, float] = {}
    for row in rows:
        if row.file in wanted and not math.isnan(row.trust.confidence):
            confidences[row.file] = min(confidences.get(row.file, 1.0), row.trust.confidence)
    return [(file, stem, _rounded(confidences.get(stem))) for _, file, stem in sorted(found)]


def describe_job(out: Path, manifests: Sequence[dict[str, Any]]) -> dict[str, str]:
    """What the head of the page says, and the id under which the browser keeps the decisions of this job."""
    settings = out / "settings.json"
    try:
        text = settings.read_text(encoding="utf-8") if settings.is_file() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"settings {settings} cannot be read ({error}); run the job again") from error
    name = out.resolve().name
    weights = sorted({str(manifest.get("weights_hash", "?")) for manifest in manifests})
    kinds = sorted({str(_confidence_kind(manifest)) for manifest in manifests})
    frames = sum(int(m.get("frames", 0)) for m in manifests)
    facts = f"{counted(len(manifests), 'sequence')}, {counted(frames, 'frame')}"
    facts += f"; weights {', '.join(weights)}" if weights else ""
    facts += f"; confidence {', '.join(kinds)}" if kinds else ""
    digest = hashlib.sha256(json.dumps([name, text]).encode()).hexdigest()
    return {"id": digest[:16], "name": name, "facts": facts}


def render_page(job: dict[str, str], summaries: Iterable[SequenceSummary]) -> str:
    """The whole page as text."""
    data = {"job": job, "fields": FIELDS, "sequences": [[getattr(s, f) for f in FIELDS] for s in summaries]}
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    parts = {
        "/*STYLE*/": _part("report.css"),
        "/*SCRIPT*/": "".join(map(_part, SCRIPTS)),
        # "<" occurs in no JSON syntax, so that escaping it everywhere leaves the data as they are and no name can
        # close the element.
        "/*DATA*/": text.replace("<", "\\u003c"),
    }
    return re.sub("|".join(map(re.escape, parts)), lambda match: parts[match[0]], as_called(_part("report.html")))


def _confidence_kind(manifest: dict[str, Any]) -> str:
    described = manifest.get("confidence")
    return str(described["kind"]) if isinstance(described, dict) and "kind" in described else "of unknown kind"


def _part(name: str) -> str:
    return (PAGE_FOLDER / name).read_text(encoding="utf-8")


def _mean(values: Iterable[float] | np.ndarray) -> float | None:
    known = [float(value) for value in values if not math.isnan(value)]
    return _rounded(sum(known) / len(known)) if known else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
