"""An annotation job and its output folder.

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltr_ext.errors import UserError
from ltr_ext.output import write_text
from ltr_ext.text import counted, printable
from tracker_ext.annotation.failures import FAILURES_FOLDER, import_failed_csv
from tracker_ext.annotation.manifests import REJECTED_FOLDER, done_manifest
from tracker_ext.annotation.settings import SETTINGS_FILE, JobSettings, check_same, read_settings
from tracker_ext.annotation.sources.base import Source
from tracker_ext.segmentation.boxed_sequence import BoxedSequence

FOLDERS = ("sequences", "trust", "preview", ".locks", ".work")
"""Inside the output folder of every job."""

OUTPUT_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
"""Errors of writing that would stop every further sequence, too."""


@dataclass(frozen=True, kw_only=True)
class AnnotationJob:
    """Everything that a worker needs; picklable."""

    settings: JobSettings
    source: Source
    out: Path
    """Output folder."""
    weights: Path
    """Weight file."""
    symlinks: bool = True
    """Whether pictures beside the masks are symbolic links."""

    def load(self, name: str) -> BoxedSequence:
        """The frames of a sequence that are annotated, and their boxes.

        Raises:
            UserError: see `Source.load`.
        """
        return self.source.load(name).thinned(self.settings.every, self.settings.max_frames)

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
    refuse_foreign(job.out)
    refuse_links(job.out, (*FOLDERS, FAILURES_FOLDER, REJECTED_FOLDER, *job.settings.formats))
    with refuse_unwritable(job.out):
        for folder in FOLDERS:
            (job.out / folder).mkdir(parents=True, exist_ok=True)
        write_first(job.out / SETTINGS_FILE, json.dumps(job.settings.stored(), indent=1) + "\n")
    check_same(job.out, job.settings)
    with refuse_unwritable(job.out):
        import_failed_csv(job.out)


@contextmanager
def refuse_unwritable(out: Path) -> Iterator[None]:
    """Context manager that turns an `OSError` into the refusal of an output folder.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise UserError(
            f"output folder {out} cannot be written ({error.strerror}); name a folder you may write to"
        ) from error


def write_first(path: Path, text: str) -> None:
    """Write a file unless it is there. If several processes try at once, one of them writes it, whole.

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


def holds_symlinks(folder: Path) -> bool:
    """Whether symbolic links can be made in a folder that can be written to: some file systems have none."""
    probe = folder / f".probe-{os.getpid()}.partial"
    try:
        probe.symlink_to("nothing")
        probe.unlink()
    except (OSError, NotImplementedError):
        return False
    return True


def refuse_links(out: Path, folders: Iterable[str]) -> None:
    """Refuse symbolic links where files are moved and deleted: what they point to may belong to something else.

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
    if (out / SETTINGS_FILE).is_file():
        read_settings(out)
    elif (out / "overlay.mp4").is_file() and (out / "masks").is_dir():
        raise UserError(f"output folder {out}: holds the masks of a video; name another folder")


def choose_sequences(names: list[str], shard: tuple[int, int], only: frozenset[str] | None) -> list[str]:
    """The sequences of one shard.

    Args:
        names: all of the data set.
        shard: (i, n), i from 1 to n: every n-th sequence from the i-th on.
        only: leave out all others, before sharding.

    Raises:
        UserError: one of `only` is not there, or two names share a file name.
    """
    if only is not None:
        names = matching_names(names, only, "--only")
    doubles = len(names) - len(set(names))
    if doubles:
        raise UserError(f"the data set names {counted(doubles, 'sequence')} twice; correct its list")
    return names[shard[0] - 1 :: shard[1]]


def matching_names(names: list[str], wanted: frozenset[str], option: str) -> list[str]:
    """The names that are wanted; `wanted` has them as they are or as `printable` shows them.

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
    """Whether an error, or one that caused it, says that the output folder `out` cannot be written."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in OUTPUT_ERRORS:
            files = [Path(os.fsdecode(name)) for name in (error.filename, error.filename2) if _is_path(name)]
            if not files or any(file.is_relative_to(out) for file in files):
                return True
        error = error.__cause__
    return False


def _is_path(name: object) -> bool:
    return isinstance(name, str | bytes | os.PathLike)
