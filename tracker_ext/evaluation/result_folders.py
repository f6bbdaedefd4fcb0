"""Which folder of the one that was given has the results of a data set.

What `run_tracker.py --out` and `run_annotate.py --out` were told is a folder above them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ltr_ext.errors import UserError
from ltr_ext.text import some
from tracker_ext.evaluation.results import ClipSequence, StoredResult, find_masks
from tracker_ext.video.listing import VIDEO_RESULT, is_dataset_output

ANNOTATED = ("davis", "ytvos", "upstream")
"""Folders of masks as PNG that `run_annotate.py` writes."""
PASSED_OVER = ("report", "reports", "rejected", "preview", "overlay", "jpegimages", "imagesets", "sequences", "trust")
"""Folders, in lower case, in which no results are looked for."""
DEPTH = 4


class ResultRoots(NamedTuple):
    """Where the results of a data set lie."""

    masks: Path
    """With `<seq>/<frame>.png`."""
    boxes: Path
    """With `<seq>.txt`."""


def find_results(given: Path, dataset: Sequence[ClipSequence]) -> ResultRoots:
    """The results of a data set in a folder, or in the one folder below it that has some.

    Args:
        given: as named by the user.
        dataset: its sequences.

    Returns:
        Where they lie; where there are none, where they would.

    Raises:
        UserError: several folders have some, or masks are there in formats alone that are not scored.
    """
    direct = ResultRoots(find_masks(given), given)
    if not given.is_dir() or _has_some(direct, dataset):
        return direct
    found = list(_below(given, dataset))
    beside = {roots.masks for roots in found if roots.masks != roots.boxes}
    # without the masks of a tracker whose boxes are there, too
    found = [roots for roots in found if roots.boxes.resolve() not in beside]
    if len(found) > 1:
        names = [str(roots.boxes.relative_to(given)) for roots in found]
        raise UserError(
            f"--results {given}: {len(found)} folders in it have results, {some(names)}; name one, "
            f"{found[0].boxes}, or several to compare them"
        )
    if found:
        print(f"results: {found[0].boxes}")
        return found[0]
    if is_dataset_output(given) and not any((given / name).is_dir() for name in ANNOTATED):
        raise UserError(
            f"--results {given}: has no masks as PNG; run_annotate.py ... --format davis into another --out makes them"
        )
    if any((given / VIDEO_RESULT).glob("*.png")):
        raise UserError(
            f"--results {given}: is the result of one video; put its masks into masks/<sequence>/<frame>.png, its "
            "boxes into <sequence>.txt"
        )
    return direct


def _has_some(roots: ResultRoots, dataset: Sequence[ClipSequence]) -> bool:
    stored = (StoredResult(sequence, *roots) for sequence in dataset)
    return any(result.has_boxes() or result.has_masks() for result in stored)


def _below(given: Path, dataset: Sequence[ClipSequence]) -> Iterator[ResultRoots]:
    """The folders below one that have results, the outermost ones; the data set's own masks are none."""
    sequences = {sequence.name for sequence in dataset}
    masks = (mask for sequence in dataset for mask in sequence.ground_truth_seg or () if mask)
    truth = {folder.resolve() for folder in {Path(mask).parents[1] for mask in masks}}
    waiting = [(given, 0)]
    for folder, depth in waiting:
        ours = is_dataset_output(folder)
        roots = _annotated(folder, dataset) if ours else ResultRoots(find_masks(folder), folder)
        if roots is not None and roots.masks.resolve() in truth:
            continue
        if roots is not None and _has_some(roots, dataset):
            yield roots
        elif depth < DEPTH and not ours:
            waiting += [(path, depth + 1) for path in _folders_in(folder) if path.name not in sequences]


def _folders_in(folder: Path) -> list[Path]:
    try:
        below = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return []
    return [path for path in below if path.name.lower() not in PASSED_OVER]


def _annotated(folder: Path, dataset: Sequence[ClipSequence]) -> ResultRoots | None:
    """The masks of a data set's annotation: of its formats, the first whose masks are named as the frames."""
    roots = [ResultRoots(find_masks(folder / name), folder) for name in ANNOTATED if (folder / name).is_dir()]
    fitting = (one for one in roots if any(StoredResult(sequence, *one).has_mask(0) for sequence in dataset))
    return next(fitting, roots[0] if roots else None)
