"""What an annotation job is, and its output folder.

```
OUT/settings.json            what may not differ between two runs on the folder
OUT/sequences/<name>.json    manifest, written last: a sequence is done when it is there, with its outputs
OUT/trust/<name>.csv         one row per frame and object
OUT/preview/<name>/*.jpg     a few overlays
OUT/<format>/...             masks
OUT/failures/<name>.json     what failed, and why; all of them in OUT/failed.csv
OUT/.locks, OUT/.work        claims and unfinished sequences; empty when nothing is running
```
"""

from __future__ import annotations

import difflib
import errno
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ltr_ext.errors import UserError
from ltr_ext.output import write_text
from ltr_ext.text import counted, one_line, printable
from tracker_ext.annotation.failures import FAILURES_FOLDER, adopt_failed, read_failures
from tracker_ext.annotation.formats import FORMATS
from tracker_ext.annotation.manifests import REJECTED_FOLDER, done_manifest, manifest_path
from tracker_ext.annotation.sources.base import Source
from tracker_ext.segmentation.config import AnnotateConfig

__all__ = ["AnnotationJob", "choose", "is_output_error", "open_output", "read_failures"]

FOLDERS = ("sequences", "trust", "preview", ".locks", ".work")
"""Inside the output folder of every job."""

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
        return manifest_path(self.out, name)

    def manifest(self, name: str) -> dict[str, Any] | None:
        """The manifest of a sequence that is done; None if it is not, or if something of it was taken away."""
        return done_manifest(self.out, name)

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
    refuse_links(job.out, (*FOLDERS, FAILURES_FOLDER, REJECTED_FOLDER, *job.formats))
    with written_or_refused(job.out):
        for folder in FOLDERS:
            (job.out / folder).mkdir(parents=True, exist_ok=True)
        write_first(path, json.dumps(job.settings(), indent=1) + "\n")
    found = read_settings(path)
    wanted = json.loads(json.dumps(job.settings()))
    differing = [name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name)]
    if differing:
        shown = "; ".join(
            f"{name} is {one_line(found.get(name), 200)} there and {one_line(wanted.get(name), 200)} here"
            for name in differing
        )
        raise UserError(f"output folder {job.out} was made with other settings: {shown}; take these, or another --out")
    with written_or_refused(job.out):
        adopt_failed(job.out)


@contextmanager
def written_or_refused(out: Path) -> Iterator[None]:
    """Say of an output folder that it cannot be written.

    Raises:
        UserError: in place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise UserError(
            f"output folder {out} cannot be written ({error.strerror}); name a folder you may write to"
        ) from error


def write_first(path: Path, text: str) -> None:
    """Write a file unless it is there; of several that try at once one wins, and the file is whole.

    Raises:
        OSError: it cannot be written.
    """
    probe = path.with_name(f".probe-{os.getpid()}.partial")
    try:
        write_text(probe, text)
        try:
            os.link(probe, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            if not path.exists():
                write_text(path, text)
    finally:
        probe.unlink(missing_ok=True)


def read_settings(path: Path) -> dict[str, Any]:
    """The settings of an annotation job.

    Raises:
        UserError: unreadable, or another program's.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"settings {path} cannot be read ({one_line(error, 100)}); restore the file, or name another folder"
        ) from error
    known = isinstance(found, dict) and {"dataset", "formats", "weights_hash"} <= found.keys()
    if not known or not isinstance(found["formats"], list):
        raise UserError(f"output folder {path.parent}: its settings.json is not run_annotate.py's; name another folder")
    return found


def refuse_links(out: Path, folders: Iterable[str]) -> None:
    """Refuse symbolic links where we move and delete: what they point to may be somebody else's.

    Args:
        out: output folder of a job.
        folders: inside it; each with the folders above it.

    Raises:
        UserError: one of them is a link.
    """
    for folder in folders:
        path = out
        for part in Path(folder).parts:
            path = path / part
            if path.is_symlink():
                raise UserError(
                    f"folder {path} is a symbolic link; what it points to would be changed: remove the link"
                )


def refuse_foreign(out: Path) -> None:
    """Refuse a folder that is the result of something else, before anything is written into it.

    Raises:
        UserError: it holds another program's settings, or the masks of one video.
    """
    path = out / "settings.json"
    if path.is_file():
        read_settings(path)
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
        names = matching(names, only, "--only")
    doubles = len(names) - len(set(names))
    if doubles:
        raise UserError(f"the data set names {counted(doubles, 'sequence')} twice; correct its list")
    return names[shard[0] - 1 :: shard[1]]


def matching(names: list[str], wanted: frozenset[str], option: str) -> list[str]:
    """Those of the names that are wanted, as they are or as `printable` shows them.

    Raises:
        UserError: one that is wanted is not there.
    """
    unknown = sorted(wanted - set(names) - {printable(name) for name in names})
    if unknown:
        near = difflib.get_close_matches(unknown[0], names, n=3) or names[:3]
        raise UserError(
            f"{option}: the data set has no sequence {unknown[0]!r}; near it are {', '.join(near)}; give {option} once "
            "per sequence"
        )
    return [name for name in names if name in wanted or printable(name) in wanted]


def is_output_error(error: BaseException | None, out: Path) -> bool:
    """Whether an error, or the one behind it, says that the output folder `out` cannot be written."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in OUTPUT_ERRORS:
            files = [Path(os.fsdecode(name)) for name in (error.filename, error.filename2) if _is_path(name)]
            if not files or any(file.is_relative_to(out) for file in files):
                return True
        error = error.__cause__
    return False


def _is_path(name: object) -> bool:
    return isinstance(name, str | bytes | os.PathLike)
