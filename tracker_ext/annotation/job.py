"""What an annotation job is, and its output folder.

```
OUT/settings.json            what may not differ between two runs on the folder
OUT/sequences/<name>.json    manifest, written last: a sequence is done when it is there, with its outputs
OUT/trust/<name>.csv         one row per frame and object
OUT/preview/<name>/*.jpg     a few overlays
OUT/<format>/...             masks
OUT/failed.csv               what failed, and why
OUT/.locks, OUT/.work        claims and unfinished sequences; gone when nothing is running
```
"""

from __future__ import annotations

import csv
import difflib
import errno
import io
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ltr_ext.errors import UserError
from ltr_ext.output import write_text
from tracker_ext.annotation.config import AnnotateConfig
from tracker_ext.annotation.decisions import REJECTED_FOLDER
from tracker_ext.annotation.formats import FORMATS
from tracker_ext.annotation.names import safe_name
from tracker_ext.annotation.sources.base import Source

VERSION = 2
"""Of the output's layout and meaning; raised when masks or manifests change."""

OUTPUT_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
"""Errors of writing that every further sequence would meet too."""


@dataclass(frozen=True, kw_only=True)
class AnnotationJob:
    """Everything a worker needs; picklable."""

    dataset: str
    """Name of the data set; for a folder also where it is."""
    source: Source
    out: Path
    formats: tuple[str, ...]
    weights: Path
    weights_hash: str
    config: AnnotateConfig = field(default_factory=AnnotateConfig)
    variant: str | None = None
    """Network variant; None for that of the weights."""
    every: int = 1
    most: int | None = None
    """Frames of a sequence that are annotated at most."""
    max_gap: int = 60
    """Frames between two boxed ones that are filled; see `prepare_boxes`."""
    min_confidence: float = 0.0
    """Masks below are left empty."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.formats if name not in FORMATS]
        if unknown or not self.formats:
            raise ValueError(f"format {', '.join(unknown) or '(none)'} is unknown; known: {', '.join(FORMATS)}")
        for name in ("every", "most"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if self.max_gap < 0:
            raise ValueError(f"max_gap must be 0 or more, got {self.max_gap}")
        if not 0 <= self.min_confidence <= 1:
            raise ValueError(f"min_confidence must be 0 to 1, got {self.min_confidence}")

    def settings(self) -> dict[str, Any]:
        """What makes the masks what they are; not how fast, and not where files lie."""
        config = asdict(self.config)
        for name in ("encode_batch", "precision"):
            del config[name]
        return {
            "dataset": self.dataset,
            "formats": sorted(self.formats),
            "weights_hash": self.weights_hash,
            "variant": self.variant,
            "every": self.every,
            "most": self.most,
            "max_gap": self.max_gap,
            "min_confidence": self.min_confidence,
            **config,
            "version": VERSION,
        }

    def manifest_path(self, name: str) -> Path:
        """The file whose presence says that a sequence is done."""
        return self.out / "sequences" / f"{safe_name(name)}.json"

    def manifest(self, name: str) -> dict[str, Any] | None:
        """The manifest of a sequence that is done; None if it is not, or if its masks were taken away."""
        try:
            manifest = json.loads(self.manifest_path(name).read_text(encoding="utf-8"))
            outputs = [Path(path) for path in manifest["outputs"]]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        kept = all((self.out / path).exists() or (self.out / REJECTED_FOLDER / path).exists() for path in outputs)
        return manifest if kept else None

    def is_done(self, name: str) -> bool:
        """Whether a sequence needs no more work."""
        return self.manifest(name) is not None


def open_output(job: AnnotationJob) -> None:
    """Make the output folder, or check that it belongs to the same job.

    Two runs that start at once agree on one settings file.

    Raises:
        UserError: it cannot be written, or belongs to a job with other settings.
    """
    path = job.out / "settings.json"
    refuse_foreign(job.out)
    try:
        for folder in ("sequences", "trust", "preview", ".locks", ".work"):
            (job.out / folder).mkdir(parents=True, exist_ok=True)
        probe = job.out / f".probe-{os.getpid()}"
        write_text(probe, json.dumps(job.settings(), indent=1) + "\n")
        try:
            os.link(probe, path)  # the first one wins, and the file is whole
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            if not path.exists():
                write_text(path, probe.read_text(encoding="utf-8"))
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"output folder {job.out} cannot be written ({error.strerror}); name a folder you may write to"
        ) from error
    found = json.loads(path.read_text(encoding="utf-8"))
    wanted = json.loads(json.dumps(job.settings()))
    differing = [name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name)]
    if differing:
        shown = "; ".join(f"{name} is {found.get(name)} there and {wanted.get(name)} here" for name in differing)
        raise UserError(f"output folder {job.out} was made with other settings: {shown}; take these, or another --out")


def refuse_foreign(out: Path) -> None:
    """Refuse a folder that is the result of something else, before anything is written into it.

    Raises:
        UserError: it holds another program's settings, or the masks of one video.
    """
    path = out / "settings.json"
    if path.is_file():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"settings {path} cannot be read ({error}); name another folder") from error
        if not isinstance(found, dict) or not {"dataset", "formats", "weights_hash"} <= found.keys():
            raise UserError(f"output folder {out}: its settings.json is not run_annotate.py's; name another folder")
    elif (out / "overlay.mp4").is_file() and (out / "masks").is_dir():
        raise UserError(f"output folder {out}: holds the masks of a video; name another folder")


def choose(names: list[str], shard: tuple[int, int], only: frozenset[str] | None) -> list[str]:
    """The sequences of one shard.

    Args:
        names: all of the data set.
        shard: (i, n), i from 1 to n: every n-th sequence from the i-th on.
        only: leave out all others, before sharding.

    Raises:
        UserError: one of `only` is not there, or two names share a file name.
    """
    if only is not None:
        unknown = sorted(only - set(names))
        if unknown:
            near = difflib.get_close_matches(unknown[0], names, n=3) or names[:3]
            raise UserError(
                f"--only: the data set has no sequence {unknown[0]!r}; near it are {', '.join(near)}; give --only once "
                "per sequence"
            )
        names = [name for name in names if name in only]
    doubles = len(names) - len(set(names))
    if doubles:
        raise UserError(f"the data set names {doubles} sequences twice; correct its list")
    return names[shard[0] - 1 :: shard[1]]


def is_output_error(error: BaseException | None) -> bool:
    """Whether an error, or the one behind it, says that the output cannot be written."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in OUTPUT_ERRORS:
            return True
        error = error.__cause__
    return False


def note_failures(job: AnnotationJob, tried: Iterable[str], reasons: dict[str, str]) -> Path | None:
    """Bring `failed.csv` up to date.

    Rows of sequences that were tried again or are done now are dropped; those of other shards stay.

    Args:
        job: the job.
        tried: sequences of this run.
        reasons: sequence -> why it failed.

    Returns:
        The file; None if nothing is left in it, and then it is gone.
    """
    path = job.out / "failed.csv"
    before = {row["sequence"]: row["reason"] for row in read_failures(path)}
    kept = {name: reason for name, reason in before.items() if name not in set(tried) and not job.is_done(name)}
    rows = kept | reasons
    if not rows:
        path.unlink(missing_ok=True)
        return None
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sequence", "reason"])
    writer.writerows(sorted(rows.items()))
    write_text(path, text.getvalue())
    return path


def read_failures(path: Path) -> list[dict[str, str]]:
    """Rows `sequence, reason`; none if there is no such file.

    Raises:
        UserError: no such table.
    """
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if any(set(row) != {"sequence", "reason"} for row in rows):
        raise UserError(f"file {path} is no list of failed sequences; its columns are sequence,reason")
    return rows


def clear_work(job: AnnotationJob) -> None:
    """Remove what killed runs left behind; what a living run holds stays."""
    from tracker_ext.annotation.lock import SequenceLock

    for folder in sorted((job.out / ".work").iterdir()):
        with SequenceLock(job.out / ".locks" / f"{folder.name}.lock") as free:
            if free:
                shutil.rmtree(folder, ignore_errors=True)


def finish(out: Path, formats: Iterable[str]) -> None:
    """Write what covers the whole data set, from the sequences that are done and not rejected.

    Args:
        out: output folder of a job.
        formats: of the job.
    """
    names = []
    for path in sorted((out / "sequences").glob("*.json")):
        outputs = json.loads(path.read_text(encoding="utf-8"))["outputs"]
        if all((out / output).exists() for output in outputs):
            names.append(path.stem)
    for name in formats:
        FORMATS[name].finish(out, names)
