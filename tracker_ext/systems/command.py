"""What `run_evaluation.py compare` does: measure what is not measured yet, then the table, the plot and the JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltr_ext.errors import UserError
from ltr_ext.output import OutputFolder, write_text
from ltr_ext.text import counted, unknown
from tracker_ext.systems.measuring import Job, Outcome, Start, measure_apart
from tracker_ext.systems.records import read_record, record_file
from tracker_ext.systems.references import REFERENCE, REFERENCES

SETTINGS = "compared.json"
REPORT = "report"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is to be compared."""

    dataset: str
    """A name, or a folder in DAVIS layout."""
    start: Start
    """What trackers are given on the first frame."""
    out: Path
    """Folder of results, records and report; what is there already is not made again."""
    trackers: tuple[tuple[str, str], ...] | None = None
    """(tracker, parameter) of each; None for all of ours that have weights."""
    references: tuple[str, ...] = tuple(REFERENCES)
    """Keys of `REFERENCES`."""
    sequences: tuple[str, ...] = ()
    """Names; none for all."""
    grabcut_frames: int = 10


def compare(wanted: Comparison) -> None:
    """Measure and report; call `host.resolve()` first.

    Raises:
        UserError: a name is unknown, `out` holds another comparison, a tracker that was named cannot be run, or nothing
            could be measured.
    """
    from tracker_ext.evaluation.sequences import find_sequences

    systems = entries(wanted)
    sequences = chosen_sequences(find_sequences(wanted.dataset), wanted.sequences)
    claim(wanted)
    if wanted.start == "box":
        from tracker_ext.systems.first_masks import make_first_masks

        make_first_masks(sequences, wanted.out / "first_masks")
    names = tuple(sequence.name for sequence in sequences)
    notes = []
    for (tracker, parameter), title in systems.items():
        print(f"\n{title}", flush=True)
        outcome = measure_apart(
            Job(
                tracker=tracker,
                parameter=parameter,
                dataset=wanted.dataset,
                sequences=names,
                start=wanted.start,
                out=wanted.out,
                grabcut_frames=wanted.grabcut_frames,
            )
        )
        notes += _notes(title, outcome, named=wanted.trackers is not None)
    report(wanted, systems, names, notes)


def entries(wanted: Comparison) -> dict[tuple[str, str], str]:
    """(tracker, parameter) -> title of all systems, reference points last.

    Raises:
        UserError: an unknown tracker or parameter.
    """
    from tracker_ext.registration import register
    from tracker_ext.tracker_handle import check_names

    if wanted.trackers is None:
        package = "pytracking.parameter."
        ours = [name.removeprefix(package) for name in register().modules if name.startswith(package)]
        trackers = [(name.partition(".")[0], name.partition(".")[2]) for name in ours]
    else:
        trackers = list(dict.fromkeys(wanted.trackers))
        for tracker, parameter in trackers:
            check_names(tracker, parameter)
    titles = {(tracker, parameter): f"{tracker} {parameter}" for tracker, parameter in trackers}
    return titles | {(REFERENCE, key): REFERENCES[key].title for key in wanted.references}


def chosen_sequences(sequences: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """Those named, or all.

    Raises:
        UserError: there is no such sequence.
    """
    known = [sequence.name for sequence in sequences]
    for name in names:
        if name not in known:
            raise UserError(f"--sequences {name}: {unknown(name, known)}")
    return [sequence for sequence in sequences if not names or sequence.name in names]


def claim(wanted: Comparison) -> None:
    """Make the folder this comparison's.

    Raises:
        UserError: it holds another one, or cannot be written.
    """
    folder = Path(wanted.dataset).expanduser()
    dataset = str(folder.resolve()) if folder.is_dir() else wanted.dataset
    text = json.dumps({"dataset": dataset, "start": wanted.start}) + "\n"
    path = wanted.out / SETTINGS
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise UserError(
            f"--out {wanted.out}: holds another comparison ({path.read_text(encoding='utf-8').strip()}); name another "
            "folder"
        )
    wanted.out.mkdir(parents=True, exist_ok=True)
    write_text(path, text)


def report(
    wanted: Comparison, systems: dict[tuple[str, str], str], sequences: Sequence[str], notes: Sequence[str]
) -> None:
    """Print the table, and write it with the plot into `<out>/report`.

    Raises:
        UserError: nothing was measured.
    """
    from tracker_ext.evaluation.protocols import protocol_of
    from tracker_ext.systems.quality_plot import draw_quality
    from tracker_ext.systems.summary import as_json, attribute_grid, explain, sequence_grid, summarise, summary_grid

    records = {}
    for key, title in systems.items():
        files = {name: record_file(wanted.out, *key, name) for name in sequences}
        found = {name: read_record(file) for name, file in files.items()}
        records[title] = {name: record for name, record in found.items() if record is not None}
    if not any(records.values()):
        raise UserError(f"nothing was measured: {notes[0] if notes else 'no system'}")
    protocol = protocol_of(wanted.dataset)
    first = systems[wanted.trackers[0]] if wanted.trackers else None
    rows = summarise(records, protocol, first)
    lines = [*explain(rows, protocol, wanted.grabcut_frames), *notes]
    lines += [
        f"{row.name}: {counted(row.sequences, 'sequence')} of {len(sequences)}"
        for row in rows
        if row.sequences < len(sequences)
    ]
    grid = summary_grid(rows, lines)
    by_sequence = sequence_grid(records, [row.name for row in rows])
    document = {
        "dataset": wanted.dataset,
        "start": wanted.start,
        "sequences": list(sequences),
        "notes": lines,
        "systems": as_json(rows),
        "j_and_f": {
            name: {sequence: _or_none(record.score(sequence, name).j_and_f) for sequence, record in found.items()}
            for name, found in records.items()
        },
    }
    attributes = attribute_grid(records, [row.name for row in rows])
    target = wanted.out / REPORT
    with OutputFolder(target) as work:
        grid.write(work, "systems")
        by_sequence.write(work, "sequences")
        if attributes is not None:
            attributes.write(work, "attributes")
        (work / "systems.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
        plots = draw_quality(work, rows)
    written = ["sequences.md", *(["attributes.md"] if attributes is not None else []), *plots]
    print(f"\n{grid.markdown()}\nreport: {target} (systems.md, .csv, .tex, .json, {', '.join(written)})")


def _notes(title: str, outcome: Outcome, named: bool) -> list[str]:
    """What a system could not do, for the table.

    Raises:
        UserError: one that was asked for by name cannot be run.
    """
    if outcome.unavailable and named:
        raise UserError(f"{title}: {outcome.unavailable.removeprefix(f'{title}: ')}")
    notes = [f"{title}: left out, {outcome.unavailable.removeprefix(f'{title}: ')}"] if outcome.unavailable else []
    return notes + [f"{title}: failed on {line}" for line in outcome.failed]


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
