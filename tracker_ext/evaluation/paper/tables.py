"""The ablations of the paper (tables 1, 2, 8 to 11) on any data set, the paper's numbers beside one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ltr_ext.digest import file_hash
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask.config import VARIANTS
from ltr_ext.progress import Progress
from ltr_ext.text import counted
from tracker_ext.evaluation.bootstrap import MIN_SEQUENCES, Difference, paired_bootstrap
from tracker_ext.evaluation.paper import DAVIS_INTERVAL, NUM_FRAMES
from tracker_ext.evaluation.paper.from_boxes import BoxMaskScores, every_kth_window, score_from_boxes
from tracker_ext.evaluation.protocols import protocol_of
from tracker_ext.evaluation.results import ClipSequence
from tracker_ext.evaluation.tables import Grid
from tracker_ext.segmentation.api import load_box2mask, weight_file
from tracker_ext.segmentation.config import PAPER_MODE, AnnotateConfig
from tracker_ext.segmentation.windows import Mode

STEPS = {"yt300": 5}
"""Data set -> frames of the video from one stored frame to the next; 1 where not named."""
INTERVALS = {"yt300": 15}
"""Data set -> the paper's D, frames of the video (section 4.1); that of DAVIS where not named."""


@dataclass(frozen=True)
class Setting:
    """One row."""

    label: str
    changes: Mapping[str, float] | None
    """Fields of `AnnotateConfig` that differ from the paper's inference, `interval` in frames of the video; None for a
    method that is the paper's alone."""
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
    datasets: tuple[str, ...] = ("yt300", "dv2017_val")
    """On which the paper has it."""


Pair = tuple[float | None, float | None]


def _over(field: str, values: Mapping[float, Pair]) -> tuple[Setting, ...]:
    """A row per value of one option, with the paper's two numbers."""
    return tuple(Setting(f"{value:g}", {field: value}, *paper) for value, paper in values.items())


TABLES = {
    "1": PaperTable(
        "frames T",
        (
            Setting("1, Box2Seg", None, None, 79.3),
            *_over(
                "num_frames",
                {1: (84.2, 78.7), 3: (85.2, 80.4), 5: (85.5, 80.9), 7: (85.6, 81.1), 9: (85.6, 81.2), 11: (85.6, 81.2)},
            ),
        ),
    ),
    "2": PaperTable(
        "components",
        tuple(
            Setting(variant, {}, *paper, variant)
            for variant, paper in zip(VARIANTS, ((83.3, 77.2), (84.6, 79.8), (84.8, 80.1), (85.6, 81.2)), strict=True)
        ),
    ),
    "8": PaperTable(
        "solver iterations",
        _over("iterations", {5: (85.4, 80.0), 10: (85.6, 80.9), 15: (85.6, 81.2), 20: (85.6, 81.2)}),
    ),
    "9": PaperTable(
        "crop scale",
        _over(
            "scale",
            {1.5: (None, None), 2: (84.5, 80.2), 2.5: (None, None), 3: (85.7, 80.9), 4: (85.6, 81.2), 5: (85.5, 80.8)},
        ),
    ),
    "10": PaperTable(
        "interval D",
        _over("interval", {1: (None, 80.5), 5: (None, 81.2), 10: (None, 80.9), 15: (None, 80.5)}),
        datasets=("dv2017_val",),
    ),
    "11": PaperTable(
        "interval D",
        _over("interval", {5: (85.6, None), 10: (85.7, None), 15: (85.6, None), 20: (85.6, None), 25: (85.5, None)}),
        datasets=("yt300",),
    ),
}
"""Number -> table. The rows without the paper's numbers are ours."""


def setting_config(dataset: str, changes: Mapping[str, float], mode: Mode = PAPER_MODE) -> AnnotateConfig:
    """The paper's inference on a data set (sections 3.5 and 4.1), as on DAVIS if it is not the paper's, with changes.

    Args:
        dataset: its name.
        changes: see `Setting`.
        mode: how windows are laid; "strided" for the fast mode.
    """
    interval = int(changes.get("interval", INTERVALS.get(dataset, DAVIS_INTERVAL))) // STEPS.get(dataset, 1)
    return AnnotateConfig(
        num_frames=int(changes.get("num_frames", NUM_FRAMES)),
        interval=max(1, interval),
        mode=mode,
        merge="soft",
        colour=False,
        tolerance=0.0,
        iterations=int(changes["iterations"]) if "iterations" in changes else None,
        scale=changes.get("scale"),
    )


@dataclass(frozen=True)
class Row:
    """A setting, and what came of it here."""

    setting: Setting
    jaccard: float
    """Mean as the data set's protocol takes it; nan for a method of the paper's, and a variant without weights."""
    gain: Difference | None
    """Over the row before; None for the first."""
    num_clips: int
    """Sequences it was measured on."""


def run_table(
    number: str,
    dataset: str,
    sequences: Sequence[ClipSequence],
    weights: Path | None,
    variants: Mapping[str, Path],
    every: int,
    mode: Mode = PAPER_MODE,
) -> Grid:
    """Run the settings of a table on the same frames of the same clips.

    Args:
        number: a key of `TABLES`.
        dataset: name of the data set.
        sequences: with true masks.
        weights: weight file of the iterative network; None for the one that ships.
        variants: variant -> weight file, for table 2; rows of others stay without a number here.
        every: score the frames of every K-th strided window of nine frames only.
        mode: how windows are laid; "strided" for the fast mode.

    Returns:
        The table, the paper's numbers beside those found here.

    Raises:
        UserError: no true masks, or a table of variants without any of their weights.
    """
    table = TABLES[number]
    files = {"iterative": weight_file(weights), **variants}
    own = [setting for setting in table.settings if setting.changes is not None and setting.variant in files]
    for setting in table.settings:
        if setting.variant not in files and not variants:
            raise UserError(
                f"table {number} needs a network of variant {setting.variant}: train it (python run_training.py "
                f"box2mask lite_{setting.variant}) and give --variant {setting.variant}=FILE"
            )
    choice = every_kth_window(every, setting_config(dataset, {}))
    over_objects = protocol_of(dataset).by_object
    rows: list[Row] = []
    before: dict[str, np.ndarray] | None = None
    measured: dict[str, np.ndarray] = {}
    progress = Progress(total=len(own) * len(sequences), desc=f"{table.title}, {dataset}", leave=False)
    for setting in table.settings:
        if setting.changes is None or setting not in own:
            rows.append(Row(setting, float("nan"), None, 0))
            before = None
            continue
        net = load_box2mask(files[setting.variant])
        if net.config.variant != setting.variant:
            raise UserError(f"weights {files[setting.variant]}: variant {net.config.variant}, not {setting.variant}")
        found: list[BoxMaskScores] = []
        for sequence in sequences:
            config = setting_config(dataset, setting.changes, mode)
            scores = score_from_boxes(sequence, net, config, choice)
            found += [scores] if scores is not None else []
            progress.update()
        if not found:
            raise UserError(f"table {number}: no ground-truth masks to compare with; take a data set that has them")
        values = {scores.sequence: by_frame(scores) for scores in found}
        counts = {one.sequence: len(np.unique(one.objects)) if over_objects else 1 for one in found}
        gain = None if before is None else paired_bootstrap(before, values, counts)
        mean = np.average([values[name].mean() for name in values], weights=[counts[name] for name in values])
        rows.append(Row(setting, float(mean), gain, len(values)))
        before = measured = values
    progress.close()
    used = sorted({setting.variant for setting in own})
    hashes = ", ".join(f"{files[variant].name} {file_hash(files[variant])}" for variant in used)
    count = sum(len(values) for values in measured.values())
    sizes = f"{counted(len(measured), 'sequence')}, {counted(count, 'frame')}"
    notes = f"{mode} windows; {sizes}; {counted(torch.get_num_threads(), 'thread')}; {hashes}"
    return format_rows(table.title, dataset, rows, notes)


def format_rows(title: str, dataset: str, rows: Sequence[Row], note: str) -> Grid:
    """Paper and own numbers side by side, J in percent; gains with 95 % intervals."""
    then = "all objects of the data set" if protocol_of(dataset).by_object else "objects, then sequences"
    papers = {
        "paper, YT300": [row.setting.paper_yt300 for row in rows],
        "paper, DAVIS 2017 val": [row.setting.paper_davis for row in rows],
    }
    papers = {name: values for name, values in papers.items() if any(value is not None for value in values)}
    cells = []
    for place, row in enumerate(rows):
        paper = ["" if values[place] is None else f"{values[place]:.1f}" for values in papers.values()]
        gain = [""] * 3
        if row.gain is not None:
            spans = [f"{100 * s.low:+.2f} .. {100 * s.high:+.2f}" for s in (row.gain.frames, row.gain.sequences)]
            gain = [
                f"{100 * row.gain.mean:+.2f}",
                spans[0],
                spans[1] if row.num_clips >= MIN_SEQUENCES else "too few clips",
            ]
        here = "" if np.isnan(row.jaccard) else f"{100 * row.jaccard:.1f}"
        cells.append([row.setting.label, *paper, here, *gain])
    return Grid(
        header=[title, *papers, f"here, {dataset}", "gain over the row above", "by frames", "by clips"],
        rows=cells,
        notes=[
            f"J in percent on the frames that show the object, mean over frames, then {then}",
            "95 % intervals of a paired bootstrap: frames of each clip drawn anew, or clips drawn anew",
            note,
        ],
    )


def by_frame(scores: BoxMaskScores) -> np.ndarray:
    """[frames of the clip, ascending] whose mean is that over the clip's objects of each object's mean over its frames.

    An object that shows in a part of the frames counts the more in each of them.
    """
    frames, place = np.unique(scores.frames, return_inverse=True)
    ids, which = np.unique(scores.objects, return_inverse=True)
    shares = len(frames) / (len(ids) * np.bincount(which)[which])
    return np.bincount(place, weights=scores.jaccard * shares)
