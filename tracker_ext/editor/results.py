"""The folder that an editor writes: at any time a valid result of `run_annotate.py video`, and what the editor needs.

    masks/<frame>.png       palette PNG of every frame, pixel value = object id
    boxes.txt               the masks' own boxes (boxes_<id>.txt for several objects)
    given_boxes.csv         the boxes that were drawn: frame,object,x,y,w,h, as run_annotate.py reads them
    confidence.csv          how sure each mask is: frame,object,confidence
    overlay.mp4             when it was asked for
    .editor/                the journal, painted masks, and what each mask was made from

Every file is whole or not there. Shapes: H W image pixels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.output import recover, remove, remove_partials, write_bytes, write_text
from tracker_ext.editor.document import ABSENT, Document
from tracker_ext.editor.journal import Journal
from tracker_ext.editor.mask_files import ids_or_none, mask_png, read_ids
from tracker_ext.segmentation.boxed_sequence import mask_stems
from tracker_ext.video.box_files import box_line
from tracker_ext.video.clip_writer import EDITOR_FOLDER, RESULT_FILE, box_files, refuse_loss, text_files
from tracker_ext.video.frames import FrameSource, VideoFrames
from tracker_ext.video.result_tables import CONFIDENCE_FILE, GIVEN_FILE, confidence_csv, frame_names, given_csv

MADE_FILE = "made.jsonl"


@dataclass(frozen=True)
class Made:
    """What is known of one object's mask on a frame."""

    recipe: str
    """See `plan`."""
    confidence: float | None
    """Estimated J, 0 to 1; None where there is nothing to judge by."""
    box: list[float] | None
    """The mask's own; None if it is empty."""


class ResultFolder:
    """Masks and what belongs to them, on disk. Not for several threads at once."""

    def __init__(self, folder: Path, frames: FrameSource) -> None:
        """Bring the folder into order; masks that are missing are written, empty.

        Args:
            folder: of the result; its `.editor` folder exists.
            frames: of the clip.

        Raises:
            UserError: it cannot be written.
        """
        stems, size = mask_stems(frames), frames.size
        self.folder, self._stems, self.size = folder, stems, size
        self._clip = clip_place(frames)
        self._frame_names = frame_names(frames)
        self._masks, self._private = folder / "masks", folder / EDITOR_FOLDER
        try:
            for place in (self._masks, self._private / "painted", self._private / "tracked"):
                place.mkdir(parents=True, exist_ok=True)
                remove_partials(place)
            remove_partials(folder)
            self.made, self._num_lines = self._read_made()
            empty = mask_png(np.zeros(size, np.uint8))
            there = {path.name for path in self._masks.iterdir()}
            missing = [index for index, stem in enumerate(stems) if f"{stem}.png" not in there]
            for index in missing:
                (self._masks / f"{stems[index]}.png").write_bytes(empty)
                self.made = {key: made for key, made in self.made.items() if key[1] != index}
            self._log = (self._private / MADE_FILE).open("a", encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"output folder {folder} cannot be written ({error.strerror}); name another --out"
            ) from error

    def mask_path(self, frame: int) -> Path:
        """The mask file of a frame."""
        return self._masks / f"{self._stems[frame]}.png"

    def labels(self, frame: int) -> np.ndarray:
        """[H, W] uint8 object ids; empty if the file is gone, or is none of this clip's."""
        labels = ids_or_none(self.mask_path(frame))
        return labels if labels is not None and labels.shape == self.size else np.zeros(self.size, np.uint8)

    def write(self, frame: int, labels: np.ndarray, made: Mapping[int, Made | None]) -> None:
        """Replace the mask of a frame, and remember what it was made from.

        Args:
            frame: its number.
            labels: [H, W] uint8 object ids.
            made: object id -> what is known of its mask now; None for no mask. Other objects stay as they are.
        """
        write_bytes(self.mask_path(frame), mask_png(labels))
        self.remember(frame, made)

    def remember(self, frame: int, made: Mapping[int, Made | None]) -> None:
        """What is known of the masks of a frame now; see `write`."""
        for object_id, one in made.items():
            line: dict[str, Any] = {"f": frame, "o": object_id}
            if one is None:
                self.made.pop((object_id, frame), None)
            else:
                self.made[object_id, frame] = one
                line |= {"r": one.recipe, "c": one.confidence, "b": one.box}
            self._log.write(json.dumps(line, separators=(",", ":")) + "\n")
            self._num_lines += 1
        self._log.flush()
        if self._num_lines > 2 * len(self.made) + 10_000:
            self._compact()

    def write_given(self, document: Document) -> None:
        """Write the boxes that were drawn."""
        write_text(self.folder / GIVEN_FILE, given_table(document, self._frame_names))

    def write_own(self, document: Document) -> None:
        """Write the masks' own boxes and confidences, and what files there are."""
        objects = list(document.objects())
        names = {i: "boxes.txt" if len(objects) == 1 else f"boxes_{i}.txt" for i in objects}
        for object_id, name in names.items():
            own = [self.made.get((object_id, frame)) for frame in range(len(self._stems))]
            write_text(self.folder / name, "".join(f"{box_line(made.box if made else None)}\n" for made in own))
        for path in box_files(self.folder):
            if path.name not in names.values():
                path.unlink()
        sure = [(frame, i, made.confidence) for (i, frame), made in self.made.items() if made.box and made.confidence]
        write_text(self.folder / CONFIDENCE_FILE, confidence_csv(sure))
        self._write_result_file(names.values(), document)

    def add_painted(self, mask: np.ndarray) -> str:
        """Keep a painted mask, [H, W] bool; returns its name."""
        data = mask_png(mask.astype(np.uint8))
        name = hashlib.sha256(data).hexdigest()[:32]
        path = self._private / "painted" / f"{name}.png"
        if not path.exists():
            write_bytes(path, data)
        return name

    def painted(self, name: str) -> np.ndarray:
        """[H, W] bool."""
        return read_ids(self._private / "painted" / f"{name}.png") > 0

    def forget_painted(self, kept: set[str]) -> None:
        """Remove the painted masks that nothing can bring back."""
        for path in (self._private / "painted").glob("*.png"):
            if path.stem not in kept:
                path.unlink()

    def write_tracked(self, object_id: int, frame: int, mask: np.ndarray) -> None:
        """Keep what the tracker found, [H, W] bool: other objects may cover it in the mask of the frame."""
        write_bytes(self._tracked(object_id, frame), mask_png(mask.astype(np.uint8)))

    def tracked(self, object_id: int, frame: int) -> np.ndarray | None:
        """[H, W] bool; None if there is none."""
        path = self._tracked(object_id, frame)
        return read_ids(path) > 0 if path.is_file() else None

    def close(self) -> None:
        """Close the files."""
        self._compact()
        self._log.close()

    def _tracked(self, object_id: int, frame: int) -> Path:
        return self._private / "tracked" / f"{object_id}_{frame}.png"

    def _write_result_file(self, box_names: Iterable[str], document: Document) -> None:
        """Say what is here, for whoever reads results."""
        files = [*(f"masks/{stem}.png" for stem in self._stems), *box_names, GIVEN_FILE, CONFIDENCE_FILE]
        if (self.folder / "overlay.mp4").exists():
            files.append("overlay.mp4")
        facts: dict[str, Any] = {"inputs": [str(self._clip)]}
        if names := {str(i): name for i, name in document.objects().items() if name != f"object {i}"}:
            facts["objects"] = names
        painted = {str(i): document.painted_frames(i) for i in document.objects()}
        facts["known"] = {i: frames for i, frames in painted.items() if frames}
        content = json.dumps({**facts, "files": sorted(files)}, indent=0) + "\n"
        path = self.folder / RESULT_FILE
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            write_text(path, content)

    def _read_made(self) -> tuple[dict[tuple[int, int], Made], int]:
        """Lines that are damaged say nothing: their masks are made again."""
        found: dict[tuple[int, int], Made] = {}
        path = self._private / MADE_FILE
        lines = path.read_bytes().split(b"\n") if path.is_file() else []
        for line in lines[:-1]:
            try:
                entry = json.loads(line)
                key = (int(entry["o"]), int(entry["f"]))
                if "r" in entry:
                    found[key] = Made(entry["r"], entry["c"], entry["b"])
                else:
                    found.pop(key, None)
            except (ValueError, KeyError, TypeError):
                continue
        if lines and lines[-1]:  # half a line
            with path.open("r+b") as file:
                file.truncate(sum(len(line) + 1 for line in lines[:-1]))
        return found, len(lines)

    def _compact(self) -> None:
        self._log.close()
        path = self._private / MADE_FILE
        lines = [{"f": f, "o": o, "r": m.recipe, "c": m.confidence, "b": m.box} for (o, f), m in self.made.items()]
        write_text(path, "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
        self._num_lines = len(lines)
        self._log = path.open("a", encoding="utf-8")


def clip_place(frames: FrameSource) -> Path:
    """The video, or the folder of pictures, that frames are read from."""
    return (frames.path if isinstance(frames, VideoFrames) else frames.files()[0].parent).resolve()


def given_table(document: Document, names: Sequence[str] | None = None) -> str:
    """The boxes that were given, and where objects are absent, as a table; see `given_csv`."""
    return given_csv(
        (
            (frame, object_id, None if mark["kind"] == ABSENT else mark["box"])
            for object_id in document.objects()
            for frame, mark in document.marks(object_id).items()
        ),
        names,
    )


def open_journal(source: FrameSource, out: Path, adopts: bool = False) -> Journal:
    """The journal of a result folder.

    Args:
        source: the clip.
        out: the folder; is made.
        adopts: whether the masks that are there are taken over.

    Raises:
        UserError: see `Session`.
    """
    private = out / EDITOR_FOLDER
    place = clip_place(source)
    if not private.is_dir() and not adopts:
        refuse_loss(out, [place])
        if (out / "masks").exists():
            raise UserError(f"output folder {out}: holds masks that were not made here; name another --out")
    try:
        private.mkdir(parents=True, exist_ok=True)
        recover(out)
    except OSError as error:
        raise UserError(f"output folder {out} cannot be written ({error.strerror}); name another --out") from error
    journal = Journal(private)
    clip = {"clip": str(place), "frames": len(source), "size": list(source.size)}
    before = journal.document.notes.get("made_of")
    if before is None:
        journal.append({"note": {"made_of": clip, "adopts": adopts}})
    elif (before["frames"], before["size"]) != (clip["frames"], clip["size"]):
        journal.close()
        raise UserError(f"output folder {out}: is of another clip, {before['clip']}; name another --out")
    return journal


def take_away(out: Path, adopts: bool, was_there: Path) -> None:
    """Remove what was written into a result folder in which nothing was done.

    Args:
        out: the folder.
        adopts: whether its masks were there before; they stay.
        was_there: the folder that existed before, `out` itself or one above it.
    """
    try:
        remove(out / EDITOR_FOLDER)
        if adopts:
            return
        for path in (out / "masks", out / "overlay.mp4", out / RESULT_FILE, *text_files(out)):
            remove(path)
        for place in (out, *out.parents):
            if place == was_there or any(place.iterdir()):
                return
            place.rmdir()
    except OSError:  # what stays is in nobody's way
        return
