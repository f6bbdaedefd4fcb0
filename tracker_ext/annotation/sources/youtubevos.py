"""YouTube-VOS with its masks reduced to their boxes: `{JPEGImages,Annotations}/<video>/<frame>.{jpg,png}`, `meta.json`.

The result can be compared with the true masks. The published frames are every 5th of the video; frames without an
annotation get an interpolated box.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import IGNORE_LABEL, read_mask
from ltr_ext.errors import UserError
from tracker_ext.segmentation.boxed_sequence import BoxedSequence, number_of
from tracker_ext.video.frames import Pictures, list_pictures

FRAME_STEP = 5
"""The published frames are every 5th of the video."""


@dataclass(frozen=True)
class YouTubeVosSource:
    """The folder `2019/train` of YouTube-VOS."""

    root: Path

    def names(self) -> list[str]:
        """Folders of `Annotations`."""
        annotations = self.root / "Annotations"
        names = sorted(path.name for path in annotations.iterdir() if path.is_dir()) if annotations.is_dir() else []
        if not names:
            raise UserError(f"YouTube-VOS folder {self.root} has no sequences; it holds Annotations/<video>")
        return names

    def box_files(self, name: str) -> tuple[Path, ...]:
        """The masks that the boxes are taken from."""
        return tuple(sorted((self.root / "Annotations" / name).glob("*.png")))

    def load(self, name: str) -> BoxedSequence:
        """An object is absent where an annotated frame does not show it."""
        folder = self.root / "JPEGImages" / name
        paths = tuple(list_pictures(folder)) if folder.is_dir() else ()
        if not paths:
            raise UserError(f"{name}: folder {folder} has no frames; restore it")
        boxes: dict[int, np.ndarray] = {}
        annotated = np.zeros(len(paths), bool)
        for index, path in enumerate(paths):
            mask_file = self.root / "Annotations" / name / f"{path.stem}.png"
            if not mask_file.is_file():
                continue
            annotated[index] = True
            labels = read_mask(mask_file)
            for object_id in np.unique(labels).tolist():
                box = mask_to_box(labels == object_id)
                if object_id and box is not None:
                    boxes.setdefault(object_id, np.full((len(paths), 4), np.nan))[index] = box
        undecided = boxes.pop(IGNORE_LABEL, None)
        if undecided is not None and not boxes:
            boxes[1] = undecided  # masks of 0 and 255 alone: one object
        absent = {object_id: annotated & np.isnan(track).all(axis=1) for object_id, track in boxes.items()}
        numbers = tuple(number_of(path.stem, index) for index, path in enumerate(paths))
        return BoxedSequence(name, Pictures(paths), numbers, boxes, absent, self._categories(name), FRAME_STEP)

    def _categories(self, name: str) -> dict[int, str]:
        """Object id -> category, from `meta.json` if it is there."""
        path = self.root / "meta.json"
        if not path.is_file():
            return {}
        try:
            objects = json.loads(path.read_text(encoding="utf-8"))["videos"].get(name, {}).get("objects", {})
            return {
                int(object_id): str(entry["category"]) for object_id, entry in objects.items() if "category" in entry
            }
        except (ValueError, KeyError, AttributeError, OSError) as error:
            raise UserError(f"file {path} is damaged ({error!r}); restore it") from error
