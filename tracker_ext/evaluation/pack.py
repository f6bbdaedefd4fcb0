"""Archives of results in the form that the benchmarks' servers take.

    got10k_test        <seq>/<seq>_001.txt .. _003.txt   x,y,w,h per frame, one file per repetition
                       <seq>/<seq>_time.txt              seconds per frame, one column per repetition
    trackingnet        <video>.txt                       x,y,w,h per frame
    yt2019_valid, ...  Annotations/<seq>/<frame>.png     palette masks of the frames that meta.json lists
    dv2017_test_dev    <seq>/<frame>.png                 palette masks of all frames

Everything is checked before anything is written; the same results give the same bytes.
"""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ltr_ext.errors import UserError
from ltr_ext.progress import Progress
from ltr_ext.text import counted
from tracker_ext.evaluation.result_files import find_boxes, find_times, read_table
from tracker_ext.evaluation.results import ClipSequence

MAX_REPETITIONS = 3
"""GOT-10k averages up to three runs of a tracker that is not deterministic."""
SEQUENCES = {"got10k_test": 180, "trackingnet": 511, "yt2018_valid": 474, "yt2019_valid": 507, "dv2017_test_dev": 30}
"""What the servers want."""
_YOUTUBEVOS = re.compile(r"yt(2018|2019)_(valid|test)(_all)?")
_DATE = (1980, 1, 1, 0, 0, 0)

Roots = tuple[Path, Path]
"""Folder of masks, folder of boxes."""


@dataclass(frozen=True)
class Entry:
    """One file of the archive."""

    name: str
    content: bytes | Path
    """Text, or the picture to copy."""


def pack(
    dataset: str, sequences: Sequence[ClipSequence], roots: Sequence[Roots], out: Path, youtubevos_dir: Path | None
) -> None:
    """Check the results of every sequence and write the archive; prints where it is.

    Args:
        dataset: name of the data set.
        sequences: all of them.
        roots: of the run; of `got10k_test` up to three, in order.
        out: the archive; replaced only when it is whole.
        youtubevos_dir: of the settings; says which frames YouTube-VOS wants.

    Raises:
        UserError: a data set without such a server, or results that are missing, of another length, not finite or no
            masks: the first of them is named and all are counted.
    """
    entries, problems = collect(dataset, sequences, roots, youtubevos_dir)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise UserError(f"pack {dataset}: {problems[0]} ({count} in all); track what is missing, nothing was written")
    write_archive(out, entries)
    wanted = SEQUENCES.get(dataset.removesuffix("_all"))
    if wanted not in (None, len(sequences)):
        print(
            f"note: the server wants {counted(wanted, 'sequence')}, the data set here has {len(sequences)}",
            file=sys.stderr,
        )
    print(f"packed: {out} ({counted(len(sequences), 'sequence')}, {counted(len(entries), 'file')})")


def collect(
    dataset: str, sequences: Sequence[ClipSequence], roots: Sequence[Roots], youtubevos_dir: Path | None
) -> tuple[list[Entry], list[str]]:
    """The files of the archive, and what is wrong with the results.

    Raises:
        UserError: no archive is known for the data set, or too many runs.
    """
    most = MAX_REPETITIONS if dataset == "got10k_test" else 1
    if len(roots) > most:
        raise UserError(f"pack {dataset}: {len(roots)} results given, its archive holds {most}; give fewer --results")
    masks_root, boxes_root = roots[0]
    problems: list[str] = []
    entries: list[Entry] = []
    progress = Progress(sequences, desc="checking", leave=False)
    if dataset == "got10k_test":
        for sequence in progress:
            entries += _got10k(sequence, [boxes for _, boxes in roots], problems)
    elif dataset == "trackingnet":
        for sequence in progress:
            boxes = _boxes(boxes_root, sequence.name, len(sequence.frames), problems)
            entries.append(Entry(f"{sequence.name}.txt", _text(boxes, "%.3f")))
    elif dataset == "dv2017_test_dev":
        for sequence in progress:
            stems = [Path(frame).stem for frame in sequence.frames]
            entries += _masks(sequence, masks_root, stems, "", problems)
    elif match := _YOUTUBEVOS.fullmatch(dataset):
        wanted = _youtubevos_frames(youtubevos_dir, match[1], match[2])
        for sequence in progress:
            stems = wanted.get(sequence.name, [])
            if not stems:
                problems.append(f"sequence {sequence.name} is not in meta.json")
            entries += _masks(sequence, masks_root, stems, "Annotations/", problems)
    else:
        raise UserError(
            f"pack {dataset}: no server takes it; those of got10k_test, trackingnet, dv2017_test_dev, yt2018_valid, "
            "yt2019_valid and yt2019_test can be packed"
        )
    return entries, problems


def write_archive(out: Path, entries: Iterable[Entry]) -> None:
    """Write a zip file, entries by name, without a date.

    Raises:
        UserError: the place cannot be written to.
    """
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(part, "w") as archive:
            for entry in Progress(sorted(entries, key=lambda one: one.name), desc="packing", leave=False):
                info = zipfile.ZipInfo(entry.name, _DATE)
                info.external_attr = 0o644 << 16
                picture = isinstance(entry.content, Path)
                info.compress_type = zipfile.ZIP_STORED if picture else zipfile.ZIP_DEFLATED
                content = entry.content.read_bytes() if isinstance(entry.content, Path) else entry.content
                archive.writestr(info, content)
        os.replace(part, out)
    except OSError as error:
        raise UserError(f"archive {out} cannot be written ({error.strerror}); name another file") from error
    finally:
        part.unlink(missing_ok=True)


def _got10k(sequence: ClipSequence, runs: Sequence[Path], problems: list[str]) -> Iterator[Entry]:
    name, count = sequence.name, len(sequence.frames)
    times = []
    for number, run in enumerate(runs, start=1):
        boxes = _boxes(run, name, count, problems)
        times.append(_numbers(find_times(run, name) or run / f"{name}_time.txt", 1, count, problems))
        yield Entry(f"{name}/{name}_{number:03d}.txt", _text(boxes, "%.3f"))
    if all(len(column) == count for column in times):
        yield Entry(f"{name}/{name}_time.txt", _text(np.concatenate(times, axis=1), "%.8f"))


def _boxes(root: Path, name: str, count: int, problems: list[str]) -> np.ndarray:
    return _numbers(find_boxes(root, name) or root / f"{name}.txt", 4, count, problems)


def _numbers(path: Path, columns: int, count: int, problems: list[str]) -> np.ndarray:
    """[N, columns] of a result file; what is wrong with it goes to `problems`."""
    if not path.is_file():
        problems.append(f"{path} is missing")
        return np.empty((0, columns))
    try:
        table = read_table(path, columns)
    except UserError as error:
        problems.append(str(error))
        return np.empty((0, columns))
    if len(table) != count:
        problems.append(f"{path} has {counted(len(table), 'line')} for {counted(count, 'frame')}")
    elif not np.isfinite(table).all():
        line = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0]) + 1
        problems.append(f"{path} line {line} is not finite")
    return table


def _text(table: np.ndarray, form: str) -> bytes:
    return "".join(",".join(form % value for value in row) + "\n" for row in table).encode()


def _masks(
    sequence: ClipSequence, masks_root: Path, stems: Sequence[str], above: str, problems: list[str]
) -> Iterator[Entry]:
    if not sequence.frames:
        return
    with Image.open(sequence.frames[0]) as frame:
        size = frame.size
    for stem in stems:
        path = masks_root / sequence.name / f"{stem}.png"
        wrong = _wrong_mask(path, size)
        if wrong:
            problems.append(f"{path} {wrong}")
        yield Entry(f"{above}{sequence.name}/{stem}.png", path)


def _wrong_mask(path: Path, size: tuple[int, int]) -> str:
    """What is wrong with a mask file; read without decoding it."""
    if not path.is_file():
        return "is missing"
    try:
        with Image.open(path) as mask:
            if mask.format != "PNG" or mask.mode != "P":
                return f"is a {mask.format} picture of mode {mask.mode}, not a palette PNG"
            return "" if mask.size == size else f"is {mask.size[0]}x{mask.size[1]}, its frames {size[0]}x{size[1]}"
    except (OSError, UnidentifiedImageError):
        return "is no picture"


def _youtubevos_frames(root: Path | None, version: str, split: str) -> dict[str, list[str]]:
    """Sequence -> stems of the frames that are scored: those of any object in meta.json."""
    path = (root or Path()) / version / split / "meta.json"
    try:
        videos = json.loads(path.read_text(encoding="utf-8"))["videos"]
        return {
            name: sorted({stem for seen in about["objects"].values() for stem in seen["frames"]})
            for name, about in videos.items()
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} cannot be read ({error}); it says which frames are wanted, restore it") from error
