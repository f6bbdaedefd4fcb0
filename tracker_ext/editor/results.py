"""The folder that an editor writes: at any time a valid result of `run_annotate.py video`, and what the editor needs.

    masks/<frame>.png       palette PNG of every frame, pixel value = object id
    boxes.txt               the masks' own boxes (boxes_<id>.txt for several objects)
    given_boxes.csv         the boxes that were drawn: frame,object,x,y,w,h, as run_annotate.py reads them
    overlay.mp4             when it was asked for
    .editor/                the journal, painted masks, and what each mask was made from

Every file is whole or not there. Shapes: H W image pixels.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.mask_io import palette
from ltr_ext.errors import UserError
from ltr_ext.output import recover, remove_partials, write_bytes, write_text
from tracker_ext.editor.document import ABSENT, Document
from tracker_ext.editor.journal import Journal
from tracker_ext.segmentation.boxed_sequence import mask_stems
from tracker_ext.video.box_files import TABLE_COLUMNS, box_line
from tracker_ext.video.clip_writer import EDITOR_FOLDER, RESULT_FILE, box_files, refuse_loss
from tracker_ext.video.frames import FrameSource, Pictures, VideoFrames

MADE_FILE = "made.jsonl"
GIVEN_FILE = "given_boxes.csv"


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
        self._frame_names: list[str] | None = None
        if isinstance(frames, Pictures):  # 7 may be a position, 7.jpg is none
            plain = any(stem == str(_number(stem)) for stem in stems)
            self._frame_names = [path.name for path in frames.paths] if plain else stems
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
        try:
            labels = read_ids(self.mask_path(frame))
        except (OSError, ValueError, SyntaxError):
            labels = np.zeros(self.size, np.uint8)
        return labels if labels.shape == self.size else np.zeros(self.size, np.uint8)

    def write(self, frame: int, labels: np.ndarray, made: Mapping[int, Made | None]) -> None:
        """Replace the mask of a frame, and remember what it was made from.

        Args:
            frame: its number.
            labels: [H, W] uint8 object ids.
            made: object id -> what is known of its mask now; None for no mask. Other objects stay as they are.
        """
        write_bytes(self.mask_path(frame), mask_png(labels))
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
        write_text(self.folder / GIVEN_FILE, given_csv(document, self._frame_names))

    def write_own(self, document: Document) -> None:
        """Write the masks' own boxes, and what files there are."""
        objects = list(document.objects())
        names = {i: "boxes.txt" if len(objects) == 1 else f"boxes_{i}.txt" for i in objects}
        for object_id, name in names.items():
            own = [self.made.get((object_id, frame)) for frame in range(len(self._stems))]
            write_text(self.folder / name, "".join(f"{box_line(made.box if made else None)}\n" for made in own))
        for path in box_files(self.folder):
            if path.name not in names.values():
                path.unlink()
        self._write_result_file(names.values())

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

    def _write_result_file(self, box_names: Any) -> None:
        """Say what is here, for whoever reads results."""
        files = [*(f"masks/{stem}.png" for stem in self._stems), *box_names, GIVEN_FILE]
        if (self.folder / "overlay.mp4").exists():
            files.append("overlay.mp4")
        content = json.dumps({"inputs": [str(self._clip)], "files": sorted(files)}, indent=0) + "\n"
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


def mask_png(labels: np.ndarray) -> bytes:
    """[H, W] uint8 as a palette PNG."""
    image = Image.fromarray(labels)
    image.putpalette(palette().ravel().tolist())
    file = io.BytesIO()
    image.save(file, format="PNG", compress_level=3)
    return file.getvalue()


def read_ids(path: Path) -> np.ndarray:
    """[H, W] uint8 of a palette PNG that `mask_png` made: its indices, whatever they look like."""
    with Image.open(path) as image:
        return np.array(image, dtype=np.uint8)


def own_box(mask: np.ndarray) -> list[float] | None:
    """Of [H, W] bool."""
    box = mask_to_box(mask)
    return None if box is None else box.tolist()


def clip_place(frames: FrameSource) -> Path:
    """The video, or the folder of pictures, that frames are read from."""
    return (frames.path if isinstance(frames, VideoFrames) else frames.files()[0].parent).resolve()


def _number(stem: str) -> int | None:
    return int(stem) if stem.isascii() and stem.isdigit() else None


def given_csv(document: Document, names: Sequence[str] | None = None) -> str:
    """The boxes that were given, and where objects are absent (four nan), as a table.

    Args:
        document: what was said.
        names: of the frames; None: they are counted from 0.
    """
    lines = [",".join(TABLE_COLUMNS)]
    rows = [
        (frame, object_id, None if mark["kind"] == ABSENT else mark["box"])
        for object_id in document.objects()
        for frame, mark in document.marks(object_id).items()
    ]
    for frame, object_id, box in sorted(rows, key=lambda row: row[:2]):
        lines.append(f"{names[frame] if names else frame},{object_id},{box_line(box)}")
    return "\n".join(lines) + "\n"


def open_journal(source: FrameSource, out: Path) -> Journal:
    """The journal of a result folder.

    Raises:
        UserError: see `Session`.
    """
    private = out / EDITOR_FOLDER
    place = clip_place(source)
    if not private.is_dir():
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
        journal.append({"note": {"made_of": clip}})
    elif (before["frames"], before["size"]) != (clip["frames"], clip["size"]):
        journal.close()
        raise UserError(f"output folder {out}: is of another clip, {before['clip']}; name another --out")
    return journal
