"""What a clip's result consists of on disk: masks, boxes, an overlay video; written as frames come."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import numpy as np

from ltr_ext.data.image_io import write_mask
from ltr_ext.errors import UserError
from ltr_ext.output import OutputFolder, recover
from tracker_ext.video.box_files import TABLE_COLUMNS, box_line
from tracker_ext.video.data_files import VIDEO_SUFFIXES
from tracker_ext.video.frames import is_picture
from tracker_ext.video.overlay import OverlayVideo, draw_overlay
from tracker_ext.video.png_files import write_png
from tracker_ext.video.result_tables import CONFIDENCE_FILE, GIVEN_FILE, confidence_csv

RESULT_FILE = "result.json"
EDITOR_FOLDER = ".editor"
"""In a folder whose masks a person has worked on: its journal."""
CLOCK = 2.0
"""Seconds; the coarsest clock of a file system."""
FOOTAGE_DEPTH, MOST_LOOKED_AT = 2, 1000
"""How many folders down, and among how many entries of one, pictures and videos are looked for."""
SOFT_FOLDER = "soft"
"""Of alpha, in a result that was made with it: `soft/<object id>/<frame>.png`, and `soft` in its `result.json`."""


class ClipWriter:
    """Writes the result of one clip, frame by frame, into a folder that appears only when it is complete.

    `masks/<stem>.png` (palette PNG, pixel value = object id), `boxes.txt` (one `x,y,w,h` line per frame; with
    several objects `boxes_<id>.txt` each; nan where the object is absent), `overlay.mp4`, as far as they are known
    `given_boxes.csv` and `confidence.csv` (see `result_tables`), if asked for `soft/<id>/<stem>.png`, and
    `result.json`, by which the next run knows what it may replace. Use as a context manager: an error inside leaves the
    folder as it was (see `OutputFolder`).
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        size: tuple[int, int],
        object_ids: Sequence[int],
        fps: float | None = None,
        inputs: Sequence[Path] = (),
        facts: Mapping[str, Any] | None = None,
        given: str | None = None,
        soft: bool = False,
    ) -> None:
        """Remember what to write; files are opened on entering.

        Args:
            folder: the output folder; an earlier result in it is replaced.
            size: (height, width) of the frames, pixels.
            object_ids: ids of all objects of the clip.
            fps: frames per second of the overlay; None for 25.
            inputs: files and folders that the result is made from, the frames first; `result.json` names them.
            facts: what else `result.json` says, such as weights and precision.
            given: the boxes that the masks are made from; see `given_csv`.
            soft: whether alpha will be given, too.

        Raises:
            UserError: the result would replace one of the inputs, or what is no earlier result.
        """
        refuse_loss(Path(folder), inputs)
        self._output = OutputFolder(folder)
        self._size, self._fps = size, fps
        self._facts = {"inputs": [str(path.resolve()) for path in inputs], **(facts or {})}
        self._facts |= {"soft": True} if soft else {}
        self._ids, self._given = list(object_ids), given
        self._confidences: list[tuple[int, int, float]] = []
        self._count = 0
        self._box_files: dict[int, TextIO] = {}
        self._video: OverlayVideo | None = None
        self._masks = self._work = Path()

    def __enter__(self) -> ClipWriter:
        work = self._work = self._output.__enter__()
        try:
            self._masks = work / "masks"
            self._masks.mkdir()
            for object_id in self._ids:
                name = "boxes.txt" if len(self._ids) == 1 else f"boxes_{object_id}.txt"
                self._box_files[object_id] = (work / name).open("w", encoding="utf-8")
            self._video = OverlayVideo(work / "overlay.mp4", self._size, self._fps)
        except BaseException as error:
            self._close()
            self._output.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failure: OSError | None = None
        try:
            self._close()
            if kind is None:
                for name, text in self._tables().items():
                    (self._work / name).write_text(text, encoding="utf-8")
                paths = (path for path in self._work.rglob("*") if path.is_file())
                files = sorted(path.relative_to(self._work).as_posix() for path in paths)
                content = json.dumps({**self._facts, "files": files}, indent=0) + "\n"
                (self._work / RESULT_FILE).write_text(content, encoding="utf-8")
        except OSError as problem:
            failure = problem
        if failure is not None and kind is None:
            self._output.__exit__(type(failure), failure, failure.__traceback__)
            raise failure
        self._output.__exit__(kind, error, trace)
        if kind is None:  # boxes of an earlier result with other objects
            written = {Path(file.name).name for file in self._box_files.values()} | self._tables().keys()
            for path in text_files(self._output.target):
                if path.name not in written:
                    path.unlink()
            if "soft" not in self._facts and (self._output.target / SOFT_FOLDER).is_dir():  # of an earlier result
                shutil.rmtree(self._output.target / SOFT_FOLDER)

    def add(
        self,
        stem: str,
        frame: np.ndarray,
        labels: np.ndarray,
        boxes: Mapping[int, np.ndarray | None],
        confidences: Mapping[int, float] | None = None,
        alphas: Mapping[int, np.ndarray] | None = None,
    ) -> None:
        """Write one frame.

        Args:
            stem: name of the mask file without suffix.
            frame: [H, W, 3] uint8 RGB.
            labels: [H, W] uint8, pixel value = object id.
            boxes: object id -> [4] (x, y, w, h), pixels, for every object; None or nan where absent.
            confidences: object id -> estimated J of its mask, 0 to 1, where there is one.
            alphas: object id -> [H, W] uint8, of the objects that the frame shows.
        """
        assert self._video is not None
        write_mask(self._masks / f"{stem}.png", labels)
        for object_id, file in self._box_files.items():
            file.write(box_line(boxes[object_id]) + "\n")
        self._video.add(draw_overlay(frame, labels, boxes))
        for object_id, alpha in (alphas or {}).items():
            folder = self._work / SOFT_FOLDER / str(object_id)
            folder.mkdir(parents=True, exist_ok=True)
            write_png(folder / f"{stem}.png", alpha)
        self._confidences += [(self._count, object_id, value) for object_id, value in (confidences or {}).items()]
        self._count += 1

    def _tables(self) -> dict[str, str]:
        """Name -> contents."""
        tables = {} if self._given is None else {GIVEN_FILE: self._given}
        return tables | ({CONFIDENCE_FILE: confidence_csv(self._confidences)} if self._confidences else {})

    def _close(self) -> None:
        """Close every file, also if one of them cannot be written to its end."""
        with ExitStack() as closing:
            for file in self._box_files.values():
                closing.callback(file.close)
            if self._video is not None:
                closing.callback(self._video.close)


def box_files(folder: Path) -> list[Path]:
    """The box files of a clip's result in a folder: `boxes.txt`, `boxes_<id>.txt`."""
    return sorted(path for path in folder.glob("boxes*.txt") if re.fullmatch(r"boxes(_\d+)?\.txt", path.name))


def text_files(folder: Path) -> list[Path]:
    """The box files of a clip's result in a folder, and the tables beside them."""
    tables = [folder / name for name in (GIVEN_FILE, CONFIDENCE_FILE)]
    return [*box_files(folder), *(path for path in tables if path.exists())]


def refuse_loss(folder: Path, inputs: Sequence[Path]) -> None:
    """Refuse an output folder in which something would be lost that is no earlier result.

    An earlier result that a dead process left on its way is moved into place first.

    Args:
        folder: of the result; need not exist.
        inputs: files and folders that it is made from.

    Raises:
        UserError: it lies in an input, holds one under a name of the result or another command's output, or files that
            no earlier run wrote or that were changed since, or it is a folder of pictures or videos.
    """
    try:
        recover(folder)  # half of an earlier result would look as if it was changed by hand
    except OSError as error:
        raise UserError(f"output folder {folder} cannot be written ({error.strerror}); name another folder") from error
    names = (folder / "masks", *text_files(folder), folder / "overlay.mp4", folder / SOFT_FOLDER)
    results = [path for path in names if path.exists()]
    for given in inputs:
        if given.resolve() in {path.resolve() for path in results}:
            raise UserError(f"output folder {folder}: the input {given} would be replaced; name another folder")
        if given.is_dir() and folder.resolve().is_relative_to(given.resolve()):
            raise UserError(f"output folder {folder}: lies in the input {given}; name a folder outside it")
    if (folder / EDITOR_FOLDER).is_dir():
        raise UserError(f"output folder {folder}: holds masks of run_editor.py; name another folder")
    if (folder / "settings.json").is_file() and (folder / "sequences").is_dir():
        raise UserError(f"output folder {folder}: holds the masks of a data set; name another folder")
    written, since = earlier_result(folder)
    if not written and (folder / RESULT_FILE).exists():
        results.append(folder / RESULT_FILE)
    for path in results:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            relative = file.relative_to(folder).as_posix()
            if file.is_dir() and any(name.startswith(f"{relative}/") for name in written):
                continue
            if relative not in written:
                raise UserError(f"output folder {folder}: {relative} is of no earlier result; name another folder")
            if file.stat().st_mtime > since + CLOCK:
                raise UserError(f"output folder {folder}: {relative} was changed by hand; name another folder")
    if not written and (footage := _footage_in(folder)) is not None:
        raise UserError(
            f"output folder {folder}: holds {footage.relative_to(folder)}, a picture or video of no earlier result; "
            f"name a folder of its own, such as {folder / 'masks_of_one_video'}"
        )


def _footage_in(folder: Path, depth: int = FOOTAGE_DEPTH) -> Path | None:
    """A picture or video in a folder, or below it where no earlier result lies; None if none is found."""
    try:
        inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return None
    for path in inside[:MOST_LOOKED_AT]:
        if (is_picture(path) or path.suffix.lower() in VIDEO_SUFFIXES) and path.is_file():
            return path
    for path in inside[:MOST_LOOKED_AT] if depth else ():
        ours = (path / RESULT_FILE).is_file() or (path / "settings.json").is_file()
        if path.is_dir() and not ours and (found := _footage_in(path, depth - 1)) is not None:
            return found
    return None


def earlier_result(folder: Path) -> tuple[frozenset[str], float]:
    """Files of an earlier result in a folder, and when it was finished; none if there is no such result."""
    path = folder / RESULT_FILE
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return frozenset(files), path.stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset(), 0.0


def write_box_table(path: str | Path, boxes: Mapping[int, np.ndarray]) -> None:
    """Write the boxes of a clip as CSV `frame,object,x,y,w,h`; absent objects have no row.

    Args:
        path: the CSV file; its folder exists.
        boxes: object id -> [N, 4] (x, y, w, h), pixels, nan rows where absent.
    """
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TABLE_COLUMNS)
        count = max((len(track) for track in boxes.values()), default=0)
        for frame in range(count):
            for object_id, track in boxes.items():
                if np.isfinite(track[frame]).all():
                    writer.writerow([frame, object_id, *box_line(track[frame]).split(",")])
