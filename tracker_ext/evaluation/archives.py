"""Results that come as a zip are unpacked into a temporary folder, and nothing of them is written anywhere else."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ltr_ext.errors import UserError
from tracker_ext.evaluation.result_files import REPETITION
from tracker_ext.video.zip_files import UNLIKELY, Limits, unpack


@contextmanager
def open_results(path: Path, limits: Limits = UNLIKELY) -> Iterator[Path]:
    """Give a folder of results as it is, and a zip of one as a folder that lasts as long as the context.

    A zip may hold the files themselves or one folder with them. The servers' layouts are understood: `<seq>.txt`
    (TrackingNet), `<seq>/<seq>_001.txt` (GOT-10k, the first run), `Annotations/<seq>/*.png` (YouTube-VOS, DAVIS).

    Args:
        path: folder or .zip.
        limits: of the archive.

    Yields:
        The folder with `<seq>.txt`, `masks/<seq>/<frame>.png` or both.

    Raises:
        UserError: neither a folder nor a zip, or a zip that `unpack` refuses.
    """
    check_results(path)
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="box2mask-results-") as folder:
        unpack(path, Path(folder), limits)
        yield _as_stored(Path(folder))


def check_results(path: Path) -> None:
    """Refuse what is neither a folder nor a file.

    Raises:
        UserError: the path is neither.
    """
    if not path.is_dir() and not path.is_file():
        raise UserError(
            f"--results {path}: is not a folder and not a zip; give the folder with the <sequence>.txt files"
        )


def _as_stored(folder: Path) -> Path:
    """Bring an unpacked archive into the layout of stored results, in place."""
    inside = list(folder.iterdir())
    while len(inside) == 1 and inside[0].is_dir() and inside[0].name not in ("masks", "Annotations"):
        if any(child.suffix == ".png" for child in inside[0].iterdir()) or _first_run(inside[0]).is_file():
            break
        folder = inside[0]
        inside = list(folder.iterdir())
    if (folder / "Annotations").is_dir() and not (folder / "masks").exists():
        (folder / "Annotations").rename(folder / "masks")
    for sequence in [path for path in folder.iterdir() if path.is_dir()]:
        boxes = folder / f"{sequence.name}.txt"
        if _first_run(sequence).is_file() and not boxes.exists():
            shutil.copyfile(_first_run(sequence), boxes)
    return folder


def _first_run(sequence: Path) -> Path:
    """The boxes of the first of the runs that the GOT-10k server wants."""
    return sequence / f"{sequence.name}_{REPETITION}.txt"
