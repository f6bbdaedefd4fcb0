"""LaSOT: `<class>/<class>-<n>/{img/%08d.jpg from 1, groundtruth.txt, full_occlusion.txt, out_of_view.txt}`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.video.box_files import read_track
from tracker_ext.video.data_files import absent_rows, count_lines, numbered_frames, read_flags, read_lines
from tracker_ext.video.frames import Pictures

LASOT_FLAGS = ("full_occlusion.txt", "out_of_view.txt")


@dataclass(frozen=True)
class LasotSource:
    """LaSOT's training sequences: those of `training_set.txt`, or all but those of `testing_set.txt`."""

    root: Path

    def names(self) -> list[str]:
        """Sorted by class, then number.

        Raises:
            UserError: no sequences, or nothing that tells training from test sequences.
        """
        training, testing = self._listed("training_set.txt"), self._listed("testing_set.txt")
        if training is not None:
            return training
        present = [path.parent.name for path in self.root.glob("*/*/groundtruth.txt")]
        if not present:
            raise UserError(f"LaSOT folder {self.root} has no sequences; it holds <class>/<class>-<n>/groundtruth.txt")
        if testing is None:
            raise UserError(
                f"LaSOT folder {self.root} has neither training_set.txt nor testing_set.txt; put one of LaSOT's lists "
                f"there, so that no test sequence is annotated"
            )
        return sorted(set(present) - set(testing), key=_class_and_number)

    def load(self, name: str) -> BoxedSequence:
        """Absent are frames of full occlusion or out of view, and boxes without area."""
        folder = self.root / name.rpartition("-")[0] / name
        box_file = folder / "groundtruth.txt"
        count = count_lines(box_file)
        paths = numbered_frames(folder / "img", [f"{number:08d}.jpg" for number in range(1, count + 1)], box_file)
        boxes = read_track(box_file, count)
        absent = absent_rows(boxes)
        absent |= lasot_absence(folder, count)
        return BoxedSequence(name, Pictures(paths), tuple(range(1, count + 1)), {1: boxes}, {1: absent})

    def box_files(self, name: str) -> tuple[Path, ...]:
        """Files that say where the object is; some may not be there."""
        folder = self.root / name.rpartition("-")[0] / name
        return tuple(folder / file for file in ("groundtruth.txt", *LASOT_FLAGS))

    def _listed(self, file: str) -> list[str] | None:
        for folder in (self.root, self.root.parent):
            if (folder / file).is_file():
                return [line.strip() for line in read_lines(folder / file) if line.strip()]
        return None


def lasot_absence(folder: Path, count: int) -> np.ndarray:
    """[count] bool from `full_occlusion.txt` and `out_of_view.txt`, where they are there."""
    absent = np.zeros(count, bool)
    for flag_file in LASOT_FLAGS:
        flags = read_flags(folder / flag_file, count)
        if flags is not None:
            absent |= flags > 0
    return absent


def _class_and_number(name: str) -> tuple[str, int]:
    category, _, number = name.rpartition("-")
    return category, int(number) if number.isdecimal() else 0
