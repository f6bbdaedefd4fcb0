"""Table 12: YouTube-VOS by the classes that training has seen and those that it has not.

A class is seen if an object of it is in the training set, by its meta.json. Every object counts once: J and F are
means over its frames but for its first and the last of the video, then over the objects of the seen and of the unseen
classes, and "J&F mean" is the mean of these four numbers, as the data set's server takes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ltr_ext.dataset.splits import part_of
from ltr_ext.errors import UserError
from ltr_ext.paths import load_paths
from tracker_ext.evaluation.protocols import Protocol
from tracker_ext.evaluation.result_folders import find_results
from tracker_ext.evaluation.results import ClipSequence, found_results
from tracker_ext.evaluation.scoring import score_stored_masks

RULE = Protocol(masks="youtubevos")
SPLITS = {"yt2018_valid": "2018/valid", "yt2019_valid": "2019/valid", "yt300": "2019/train"}
"""Data set -> where its frames, masks and classes lie below `youtubevos_dir`."""
ROWS = ("J&F mean", "J seen", "J unseen", "F seen", "F unseen")

Classes = Mapping[str, Mapping[int, str]]
"""Sequence -> object id -> class."""


def read_classes(meta: Path) -> dict[str, dict[int, str]]:
    """The classes that a meta.json names; an object without one is left out.

    Raises:
        UserError: missing, or not such a file.
    """
    try:
        videos = json.loads(meta.read_text(encoding="utf-8"))["videos"]
        return {
            name: {int(i): one["category"] for i, one in video["objects"].items() if one.get("category")}
            for name, video in videos.items()
        }
    except OSError as error:
        raise UserError(f"classes {meta}: cannot be read ({error.strerror}); it comes with YouTube-VOS") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"classes {meta}: no meta.json of YouTube-VOS; restore the file") from error


def classes_of(dataset: str) -> tuple[dict[str, dict[int, str]], frozenset[str]]:
    """The classes of a data set's objects, and the classes that training has seen.

    Args:
        dataset: a key of `SPLITS`; what YT300 is held out of is the rest of the training set.

    Raises:
        UserError: another data set, or files that are missing or name no classes.
    """
    if dataset not in SPLITS:
        raise UserError(f"table 12: the classes of {dataset} are not known; take one of {', '.join(SPLITS)}")
    root = load_paths().require("youtubevos_dir", needed_for="table 12")
    own = read_classes(root / SPLITS[dataset] / "meta.json")
    train = root / SPLITS[dataset].split("/")[0] / "train"
    if not (train / "meta.json").is_file():
        train = root / "2019" / "train"  # its classes are those of 2018
    trained = read_classes(train / "meta.json")
    if dataset == "yt300":
        names = set(part_of(train / "JPEGImages", "train"))
        trained = {name: classes for name, classes in trained.items() if name in names}
    seen = frozenset(one for classes in trained.values() for one in classes.values())
    if not seen or not any(own.values()):
        raise UserError(
            f"table 12: {root / SPLITS[dataset] / 'meta.json'} or that of the training set names no classes; their "
            "server tells seen from unseen: give its figures as NAME=FILE.json"
        )
    return own, seen


def score_classes(
    sequences: Sequence[ClipSequence], results: Path, classes: Classes, seen: frozenset[str], remedy: str
) -> tuple[list[float | None], list[str]]:
    """The numbers of `ROWS` in percent, None where no object counts; and what they leave out.

    Args:
        sequences: of the data set.
        results: a folder of results.
        classes: of the objects.
        seen: the classes that training has seen.
        remedy: what to do if only the first masks are known.

    Raises:
        UserError: results are missing or damaged, or there are no true masks to compare with.
    """
    stored, notes = found_results(sequences, *find_results(results, sequences))
    kinds: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    without = 0
    for result in stored:
        known = classes.get(result.sequence.name, {})
        for object_id, pair in score_stored_masks(result, RULE).by_object().items():
            if object_id in known:
                kinds[known[object_id] in seen].append(pair)
            else:
                without += 1
    if not kinds[True] and not kinds[False]:
        raise UserError(f"table 12: no true masks behind the objects' first frames, or no masks in {results}; {remedy}")
    means = {kind: 100 * np.mean(pairs, axis=0) for kind, pairs in kinds.items() if pairs}
    j, f = ([float(means[kind][place]) if kind in means else None for kind in (True, False)] for place in (0, 1))
    four = [*j, *f]
    mean = float(np.mean([value for value in four if value is not None]))
    notes.append(f"{len(kinds[True])} objects of seen classes, {len(kinds[False])} of unseen ones")
    notes += [f"{without} objects without a class are left out"] if without else []
    notes += ["the mean is over the classes that there are"] if None in four else []
    return [mean, *four], notes
