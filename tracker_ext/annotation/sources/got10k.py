"""GOT-10k: `<sequence>/{%08d.jpg from 1, groundtruth.txt, absence.label, cover.label}`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.video.box_files import read_track
from tracker_ext.video.data_files import absent_rows, count_lines, numbered_frames, read_flags, read_lines
from tracker_ext.video.frames import Pictures

GOT10K_FLAGS = ("absence.label", "cover.label")


@dataclass(frozen=True)
class Got10kSource:
    """The folder `train` or `val` of GOT-10k."""

    root: Path

    def names(self) -> list[str]:
        """Those of `list.txt`; without it, the folders that hold a groundtruth.txt."""
        listing = self.root / "list.txt"
        if listing.is_file():
            names = [line.strip() for line in read_lines(listing) if line.strip()]
        else:
            names = sorted(path.parent.name for path in self.root.glob("*/groundtruth.txt"))
        if not names:
            raise UserError(f"GOT-10k folder {self.root} has no sequences; it holds <sequence>/groundtruth.txt")
        return names

    def load(self, name: str) -> BoxedSequence:
        """Absent are frames that `absence.label` marks or whose `cover.label` is 0, and boxes without area."""
        folder = self.root / name
        box_file = folder / "groundtruth.txt"
        count = count_lines(box_file)
        paths = numbered_frames(folder, [f"{number:08d}.jpg" for number in range(1, count + 1)], box_file)
        boxes = read_track(box_file, count)
        absent = absent_rows(boxes) | got10k_absence(folder, count)
        return BoxedSequence(name, Pictures(paths), tuple(range(1, count + 1)), {1: boxes}, {1: absent})

    def box_files(self, name: str) -> tuple[Path, ...]:
        """Files that say where the object is; some may not be there."""
        return tuple(self.root / name / file for file in ("groundtruth.txt", *GOT10K_FLAGS))


def got10k_absence(folder: Path, count: int) -> np.ndarray:
    """[count] bool from `absence.label` and `cover.label`, where they are there."""
    absence = read_flags(folder / "absence.label", count)
    cover = read_flags(folder / "cover.label", count)
    absent = np.zeros(count, bool) if absence is None else absence > 0
    return absent if cover is None else absent | (cover == 0)
