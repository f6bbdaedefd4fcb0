"""Tables 3 to 7 and 12 of the paper: trackers and VOS networks on benchmarks, own results in further columns.

Own columns come from folders of results, scored by the rules of the table's data set, or from a file of figures where
only a toolkit or a server can score: the JSON of `vot analysis`, or `{"<row>": number, ...}` with what a server said.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ltr_ext.errors import UserError
from tracker_ext.evaluation.paper.classes import ROWS, RULE, classes_of, score_classes
from tracker_ext.evaluation.protocols import Protocol, protocol_of
from tracker_ext.evaluation.result_folders import find_results
from tracker_ext.evaluation.results import ClipSequence, found_results
from tracker_ext.evaluation.scoring import left_out, mean_score, score_stored
from tracker_ext.evaluation.tables import Grid


@dataclass(frozen=True)
class ResultTable:
    """One of the paper's tables."""

    title: str
    dataset: str
    """On which it is taken."""
    rows: Mapping[str, str | None]
    """Row -> attribute of `Score` in 0..1; None for what only figures from elsewhere can tell."""
    paper: Mapping[str, tuple[float | None, ...]]
    """Method -> its numbers, in the order of the rows."""
    by_class: bool = False
    """Whether its rows are those of `classes.ROWS`, scored by classes seen and unseen."""
    digits: int = 1
    """After the point; one means percent."""
    remedy: str = "give a folder of results"
    """Where figures come from if results cannot be scored here."""


RESULT_TABLES = {
    "3": ResultTable(
        "weakly supervised training, YT300",
        "yt300",
        {"J": "j"},
        {"Only A": (76.9,), "MIL": (77.7,), "MIL+CRF": (77.8,), "Ours": (78.9,), "FS": (79.8,)},
    ),
    "4": ResultTable(
        "VOT2020",
        "vot2020",
        {"EAO": None, "Accuracy": None, "Robustness": None},
        {
            "STM": (0.308, 0.751, 0.574),
            "AlphaRef": (0.482, 0.754, 0.777),
            "OceanPlus": (0.491, 0.685, 0.842),
            "RPT": (0.530, 0.700, 0.869),
            "LWL": (0.463, 0.719, 0.798),
            "LWL-Ours": (0.510, 0.732, 0.824),
        },
        digits=3,
        remedy="the VOT toolkit scores it: give the JSON file that `vot analysis` writes, NAME=FILE.json",
    ),
    "5": ResultTable(
        "GOT-10k validation set",
        "got10k_val",
        {"SR 0.5": "sr50", "SR 0.75": "sr75", "AO": "ao"},
        {
            "SiamRPN++": (82.8, None, 73.0),
            "DiMP-50": (88.7, 68.8, 75.3),
            "PrDiMP-50": (89.6, 72.8, 77.8),
            "LWL": (92.4, 82.2, 84.6),
            "LWL-Ours": (95.1, 85.2, 86.7),
        },
    ),
    "6": ResultTable(
        "TrackingNet test set",
        "trackingnet",
        {"Precision": "precision", "Norm. Prec.": "norm_precision", "Success (AUC)": "auc"},
        {
            "SiamRPN++": (69.4, 80.0, 73.3),
            "DiMP-50": (68.7, 80.1, 74.0),
            "KYS": (68.8, 80.0, 74.0),
            "SiamRCNN": (80.0, 85.4, 81.2),
            "LWL": (78.4, 84.4, 80.7),
            "LWL-Ours": (79.1, 84.7, 81.2),
        },
        remedy="its server scores it: send what --pack writes, and give the server's figures as NAME=FILE.json",
    ),
    "7": ResultTable(
        "YouTube-VOS 2019 validation set",
        "yt2019_valid",
        {"J&F mean": None},
        {"STM": (79.2,), "LWL": (81.0,), "LWL-Ours": (80.6,)},
        remedy="its server scores it: send what --pack writes, and give the server's figures as NAME=FILE.json",
    ),
    "12": ResultTable(
        "YouTube-VOS 2018 validation set",
        "yt2018_valid",
        dict.fromkeys(ROWS),
        {
            "OSVOS": (58.8, 59.8, 54.2, 60.5, 60.7),
            "OnAVOS": (55.2, 60.1, 46.1, 62.7, 51.4),
            "PreMVOS": (66.9, 71.4, 56.5, None, None),
            "SiamRCNN": (73.2, 73.5, 66.2, None, None),
            "STM": (79.4, 79.7, 72.8, 84.2, 80.9),
            "LWL": (81.5, 80.4, 76.4, 84.9, 84.4),
            "LWL-Ours": (80.9, 79.6, 75.7, 83.9, 84.3),
        },
        by_class=True,
        remedy="its server scores it: send what --pack writes, and give the server's figures as NAME=FILE.json",
    ),
}
"""Number -> table, as printed in the paper (sections 4.2, 4.3 and appendix E)."""


def result_table(
    number: str,
    results: Mapping[str, Path],
    dataset: str | None = None,
) -> Grid:
    """The paper's columns and one per result.

    Args:
        number: a key of `RESULT_TABLES`.
        results: column -> folder of results, or JSON file of figures.
        dataset: score on this one instead of the table's own.

    Raises:
        UserError: results that are missing, damaged, or cannot be scored here.
    """
    from tracker_ext.evaluation.sequences import find_sequences  # the host is there only now

    table = RESULT_TABLES[number]
    name = dataset or table.dataset
    columns: dict[str, list[float | None]] = {f"paper: {method}": list(row) for method, row in table.paper.items()}
    sequences: Sequence[ClipSequence] | None = None
    notes = [] if table.digits == 3 else ["in percent"]
    for own, path in results.items():
        if path.is_file():
            columns[f"here: {own}"] = read_figures(path, table, own)
            notes.append(f"{own}: figures of {path.name}")
            continue
        if table.by_class:
            classes, seen = classes_of(name)
            sequences = find_sequences(name) if sequences is None else sequences
            columns[f"here: {own}"], said = score_classes(sequences, path, classes, seen, table.remedy)
            notes += [f"{own}: {note}" for note in (f"{name}; {RULE.mask_note}", *said)]
            continue
        if None in table.rows.values():
            raise UserError(f"table {number}, --results {own}={path}: {table.remedy}")
        sequences = find_sequences(name) if sequences is None else sequences
        check_truth(number, table, sequences)
        columns[f"here: {own}"], missing = score_rows(table, sequences, path, own, protocol_of(name))
        rules = protocol_of(name).mask_note if "j" in table.rows.values() else protocol_of(name).box_note
        notes.append(f"{own}: {len(sequences)} sequences of {name}; {rules}")
        notes += [f"{own}: {note}" for note in missing]
    rows = [
        [row, *["" if values[place] is None else f"{values[place]:.{table.digits}f}" for values in columns.values()]]
        for place, row in enumerate(table.rows)
    ]
    return Grid(header=[table.title, *columns], rows=rows, notes=notes)


def score_rows(
    table: ResultTable, sequences: Sequence[ClipSequence], results: Path, name: str, protocol: Protocol
) -> tuple[list[float | None], list[str]]:
    """The numbers of the table's rows, in percent, None where there is nothing to measure; and what they leave out.

    Raises:
        UserError: results are missing or damaged.
    """
    stored, notes = found_results(sequences, *find_results(results, sequences))
    scores = [score_stored(result, name, protocol) for result in stored]
    mean = mean_score(scores, name, protocol)
    numbers = [100 * getattr(mean, attribute) for attribute in table.rows.values() if attribute is not None]
    return [None if math.isnan(number) else number for number in numbers], [*notes, *left_out(scores, name)]


def check_truth(number: str, table: ResultTable, sequences: Sequence[ClipSequence]) -> None:
    """Refuse a data set whose ground truth holds the first frame only.

    Raises:
        UserError: there are not as many true boxes as frames.
    """
    for sequence in sequences:
        boxes = sequence.ground_truth_rect
        count = len(boxes if not isinstance(boxes, dict) else next(iter(boxes.values())))
        if count != len(sequence.frames):
            raise UserError(
                f"table {number}: sequence {sequence.name} has {count} true boxes for {len(sequence.frames)} frames; "
                f"{table.remedy}"
            )


def read_figures(path: Path, table: ResultTable, name: str) -> list[float | None]:
    """Figures of a toolkit or a server, one per row of a table.

    Args:
        path: JSON: an object with the table's rows as keys (case, spaces and signs do not matter; a row may be
            missing), or what `vot analysis --format json` writes.
        table: whose rows are wanted.
        name: name of the column; of a VOT analysis of several trackers, the tracker of that name.

    Raises:
        UserError: no such JSON, or an unknown row.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"figures {path}: cannot be read as JSON ({error}); give a JSON file") from error
    if isinstance(document, dict) and {"toolkit", "results", "trackers"} <= set(document):
        document = vot_figures(document, path, name)
    keys = {_key(row): row for row in table.rows}
    if not isinstance(document, dict) or not document:
        raise UserError(f'figures {path}: no figures in it; write {{"{next(iter(table.rows))}": 12.3}}')
    found: dict[str, float] = {}
    for row, value in document.items():
        if _key(row) not in keys or isinstance(value, bool) or not isinstance(value, int | float):
            raise UserError(f"figures {path}: {row!r}: {value!r}; write numbers for {', '.join(table.rows)}")
        found[keys[_key(row)]] = float(value)
    return [found.get(row) for row in table.rows]


def vot_figures(document: Mapping, path: Path, name: str) -> dict[str, float]:
    """EAO, accuracy and robustness of the `baseline` experiment in a VOT analysis.

    Raises:
        UserError: another layout, or no such tracker.
    """
    trackers = list(document["trackers"])
    if len(trackers) > 1 and name not in trackers:
        raise UserError(f"figures {path}: trackers {', '.join(trackers)}; call the column like one of them, NAME=FILE")
    place = trackers.index(name) if name in trackers else 0
    try:
        eao, _, averages = document["results"]["baseline"]["results"]
        accuracy, robustness = averages[place][:2]
        return {"EAO": float(_scalar(eao[place])), "Accuracy": float(accuracy), "Robustness": float(robustness)}
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UserError(f"figures {path}: no EAO, accuracy and robustness of vot2020/shortterm in it") from error


def _scalar(value: object) -> float:
    while isinstance(value, list):
        (value,) = value
    return float(value)  # type: ignore[arg-type]


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9&]", "", text.lower().replace("(auc)", ""))
