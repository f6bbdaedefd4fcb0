"""The ablations of the paper (tables 1, 2, 8, 9, 10) on any data set, the paper's numbers beside one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ltr_ext.errors import UserError
from ltr_ext.models.box2mask.config import VARIANTS
from ltr_ext.weights import file_hash
from tracker_ext.annotation.api import load_box2mask, weight_file
from tracker_ext.annotation.config import AnnotateConfig
from tracker_ext.evaluation.bootstrap import Difference, paired_bootstrap
from tracker_ext.evaluation.from_boxes import BoxMaskScores, every_kth_window, score_from_boxes
from tracker_ext.evaluation.results import ClipSequence

DAVIS = AnnotateConfig(num_frames=9, interval=5, tolerance=0.0)
"""The paper's inference on DAVIS (section 4.1)."""


MIN_CLIPS = 5
"""With fewer clips, drawing them anew says nothing."""


@dataclass(frozen=True)
class Setting:
    """One row."""

    label: str
    config: AnnotateConfig
    paper_yt300: float | None
    """J in percent; None where the paper has none."""
    paper_davis: float | None
    """On the DAVIS 2017 validation set."""
    variant: str = "iterative"
    """Which network; see `VARIANTS`."""


@dataclass(frozen=True)
class PaperTable:
    """One of the paper's tables."""

    title: str
    settings: tuple[Setting, ...]


def _over(
    change: Callable[[float], AnnotateConfig], values: Mapping[float, tuple[float | None, float | None]]
) -> tuple[Setting, ...]:
    """A row per value of one option, with the paper's two numbers."""
    return tuple(Setting(f"{value:g}", change(value), *paper) for value, paper in values.items())


TABLES = {
    "1": PaperTable(
        "frames T",
        _over(
            lambda value: replace(DAVIS, num_frames=int(value)),
            {1: (84.2, 78.7), 3: (85.2, 80.4), 5: (85.5, 80.9), 7: (85.6, 81.1), 9: (85.6, 81.2), 11: (85.6, 81.2)},
        ),
    ),
    "2": PaperTable(
        "components",
        tuple(
            Setting(variant, DAVIS, *paper, variant)
            for variant, paper in zip(VARIANTS, ((83.3, 77.2), (84.6, 79.8), (84.8, 80.1), (85.6, 81.2)), strict=True)
        ),
    ),
    "8": PaperTable(
        "solver iterations",
        _over(
            lambda value: replace(DAVIS, iterations=int(value)),
            {5: (85.4, 80.0), 10: (85.6, 80.9), 15: (85.6, 81.2), 20: (85.6, 81.2)},
        ),
    ),
    "9": PaperTable(
        "crop scale",
        _over(
            lambda value: replace(DAVIS, scale=value),
            {1.5: (None, None), 2: (84.5, 80.2), 2.5: (None, None), 3: (85.7, 80.9), 4: (85.6, 81.2), 5: (85.5, 80.8)},
        ),
    ),
    "10": PaperTable(
        "interval D",
        _over(
            lambda value: replace(DAVIS, interval=int(value)),
            {1: (None, 80.5), 5: (85.6, 81.2), 10: (85.7, 80.9), 15: (85.6, 80.5)},
        ),
    ),
}
"""Number -> table. Table 11 is table 10 on YT300: its column is here."""


@dataclass(frozen=True)
class Row:
    """A setting and what it gave here."""

    setting: Setting
    jaccard: float
    """Mean over sequences."""
    gain: Difference | None
    """Over the row before; None for the first."""
    num_clips: int
    """Sequences it was measured on."""


def run_table(
    number: str, sequences: Sequence[ClipSequence], weights: Path | None, variants: Mapping[str, Path], every: int
) -> str:
    """Run the settings of a table on the same frames of the same clips.

    Args:
        number: a key of `TABLES`.
        sequences: with true masks.
        weights: weight file of the iterative network; None for the one that ships.
        variants: variant -> weight file, for table 2.
        every: score the frames of every K-th window of nine frames only.

    Returns:
        The table as Markdown.

    Raises:
        UserError: no true masks, or a variant without weights.
    """
    table = TABLES[number]
    files = {"iterative": weight_file(weights), **variants}
    for setting in table.settings:
        if setting.variant not in files:
            raise UserError(
                f"table {number} needs a network of variant {setting.variant}: train it (python run_training.py "
                f"box2mask lite_{setting.variant}) and give --variant {setting.variant}=FILE"
            )
    choice = every_kth_window(every, DAVIS)
    rows: list[Row] = []
    before: dict[str, np.ndarray] | None = None
    progress = tqdm(total=len(table.settings) * len(sequences), desc=table.title, disable=None, leave=False)
    for setting in table.settings:
        net = load_box2mask(files[setting.variant])
        if net.config.variant != setting.variant:
            raise UserError(f"weights {files[setting.variant]}: variant {net.config.variant}, not {setting.variant}")
        found: list[BoxMaskScores] = []
        for sequence in sequences:
            scores = score_from_boxes(sequence, net, setting.config, choice, with_boundary=False)
            found += [scores] if scores is not None else []
            progress.update()
        if not found:
            raise UserError(f"table {number}: no ground-truth masks to compare with; take a data set that has them")
        values = {scores.sequence: _frame_means(scores) for scores in found}
        gain = None if before is None else paired_bootstrap(before, values)
        rows.append(Row(setting, float(np.mean([v.mean() for v in values.values()])), gain, len(values)))
        before = values
    progress.close()
    used = sorted({setting.variant for setting in table.settings})
    hashes = ", ".join(f"{files[variant].name} {file_hash(files[variant])}" for variant in used)
    count = sum(len(rows_) for rows_ in (before or {}).values())
    notes = f"{len(before or {})} sequences, {count} frames; {torch.get_num_threads()} threads; {hashes}"
    return format_rows(table.title, rows, notes)


def format_rows(title: str, rows: Sequence[Row], notes: str) -> str:
    """Markdown: paper and own numbers side by side, J in percent; gains with 95 % intervals."""
    lines = [
        f"| {title} | paper, YT300 | paper, DAVIS 2017 val | here | gain over the row above | by frames | by clips |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        paper = [
            "" if value is None else f"{value:.1f}" for value in (row.setting.paper_yt300, row.setting.paper_davis)
        ]
        gain = [""] * 3
        if row.gain is not None:
            spans = [f"{100 * s.low:+.2f} .. {100 * s.high:+.2f}" for s in (row.gain.frames, row.gain.sequences)]
            gain = [
                f"{100 * row.gain.mean:+.2f}",
                spans[0],
                spans[1] if row.num_clips >= MIN_CLIPS else "too few clips",
            ]
        lines.append("| " + " | ".join([row.setting.label, *paper, f"{100 * row.jaccard:.1f}", *gain]) + " |")
    explained = "95 % intervals of a paired bootstrap: frames of each clip drawn anew, or clips drawn anew"
    return "\n".join([*lines, "", f"J in percent, mean over sequences; {explained}. {notes}.", ""])


def _frame_means(scores: BoxMaskScores) -> np.ndarray:
    """J per frame, mean over its objects; frames ascending."""
    return np.array([scores.jaccard[scores.frames == frame].mean() for frame in np.unique(scores.frames)])
