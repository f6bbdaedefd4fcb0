"""Tables and plots of the curves of `extract_results`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pytracking.analysis.extract_results import CENTRE_THRESHOLDS, Curves, extract_curves
from pytracking.evaluation.data import Sequence
from pytracking.evaluation.environment import env_settings
from pytracking.evaluation.tracker import Tracker

SCORES = {"success": ("AUC", "OP50", "OP75"), "prec": ("Precision",), "norm_prec": ("Norm Precision",)}
_AXES = {
    "success": ("success", "Overlap threshold", "Overlap precision [%]"),
    "prec": ("precision", "Location error threshold [pixels]", "Distance precision [%]"),
    "norm_prec": ("norm_precision", "Location error threshold", "Distance precision [%]"),
}


def print_results(
    trackers: list[Tracker],
    dataset: list[Sequence],
    report_name: str,
    merge_results: bool = False,
    plot_types: str | tuple[str, ...] = ("success",),
    **kwargs: Any,
) -> None:
    """Print a table with a row per tracker and the scores of the plot types in per cent.

    Args:
        trackers: see `extract_curves`.
        dataset: see `extract_curves`.
        report_name: title of the table.
        merge_results: whether the runs (run ids) of the same tracker and parameter module are averaged.
        plot_types: some of `success`, `prec`, `norm_prec`.
        kwargs: further arguments of `extract_curves`.
    """
    names, curves = _named_curves(trackers, dataset, merge_results, kwargs)
    scores = curves.scores()
    columns = [column for kind in _kinds(plot_types) for column in SCORES[kind]]
    width = max(len(name) for name in [*names, report_name]) + 2
    print("".join([report_name.ljust(width), *(f"{column:>16}" for column in columns)]))
    for row, name in enumerate(names):
        print("".join([name.ljust(width), *(f"{scores[column][row]:16.2f}" for column in columns)]))


def plot_results(
    trackers: list[Tracker],
    dataset: list[Sequence],
    report_name: str,
    merge_results: bool = False,
    plot_types: str | tuple[str, ...] = ("success",),
    **kwargs: Any,
) -> list[Path]:
    """Draw the curves; the arguments are those of `print_results`.

    Returns:
        The files: `<result_plot_path>/<report_name>/{success,precision,norm_precision}_plot.pdf`, and the same as
        `.tex` if the package tikzplotlib (tikzplotlib-patched) is installed.
    """
    from matplotlib.figure import Figure

    names, curves = _named_curves(trackers, dataset, merge_results, kwargs)
    scores = curves.scores()
    folder = Path(env_settings().result_plot_path) / report_name
    folder.mkdir(parents=True, exist_ok=True)
    lines = {
        "success": (curves.overlap_thresholds, curves.success),
        "prec": (CENTRE_THRESHOLDS, curves.precision),
        "norm_prec": (CENTRE_THRESHOLDS / 100, curves.norm_precision),
    }
    files: list[Path] = []
    for kind in _kinds(plot_types):
        stem, x_label, y_label = _AXES[kind]
        thresholds, shares = lines[kind]
        figure = Figure()
        axes = figure.add_subplot(xlabel=x_label, ylabel=y_label, ylim=(0, 100), xlim=(0, thresholds[-1]))
        for row in np.argsort(-scores[SCORES[kind][0]]):
            label = f"{names[row]} [{scores[SCORES[kind][0]][row]:.1f}]"
            axes.plot(thresholds, 100 * shares[row].mean(axis=0), label=label)
        axes.legend()
        axes.grid(True, linestyle="-.")
        files.append(folder / f"{stem}_plot.pdf")
        figure.savefig(files[-1], bbox_inches="tight")
        files += _save_tikz(figure, folder / f"{stem}_plot.tex")
    return files


def _save_tikz(figure: Any, path: Path) -> list[Path]:
    try:
        import tikzplotlib
    except ImportError:
        return []
    tikzplotlib.save(path, figure=figure)
    return [path]


def _kinds(plot_types: str | tuple[str, ...]) -> list[str]:
    kinds = [plot_types] if isinstance(plot_types, str) else list(plot_types)
    unknown = [kind for kind in kinds if kind not in SCORES]
    if unknown:
        raise ValueError(f"unknown plot type {unknown[0]!r}; known are {', '.join(SCORES)}")
    return kinds


def _named_curves(
    trackers: list[Tracker], dataset: list[Sequence], merge: bool, options: dict[str, Any]
) -> tuple[list[str], Curves]:
    curves = extract_curves(trackers, dataset, **options)
    names = [_name(tracker, with_run=not merge) for tracker in trackers]
    if not merge:
        return names, curves
    groups = {name: [i for i, other in enumerate(names) if other == name] for name in names}
    kinds = (curves.success, curves.precision, curves.norm_precision)
    merged = [np.stack([kind[rows].mean(axis=0) for rows in groups.values()]) for kind in kinds]
    return list(groups), Curves(curves.overlap_thresholds, *merged)


def _name(tracker: Tracker, *, with_run: bool) -> str:
    run = f"_{tracker.run_id:03d}" if with_run and tracker.run_id is not None else ""
    return tracker.display_name or f"{tracker.name}_{tracker.parameter_name}{run}"
