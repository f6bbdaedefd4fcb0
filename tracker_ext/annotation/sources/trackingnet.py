"""TrackingNet: `TRAIN_<k>/{anno/<video>.txt, frames/<video>/<i>.jpg from 0}`, k = 0..11."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.base import PickledByFields
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.video.box_files import read_track
from tracker_ext.video.data_files import absent_rows, count_lines, numbered_frames
from tracker_ext.video.frames import Pictures, natural_key


@dataclass(frozen=True)
class TrackingNetSource(PickledByFields):
    """The training sets of TrackingNet that are in the folder."""

    root: Path

    @cached_property
    def _box_files(self) -> dict[str, Path]:
        sets = sorted(self.root.glob("TRAIN_*/anno"), key=lambda path: natural_key(path.parent))
        files = {f"{folder.parent.name}/{path.stem}": path for folder in sets for path in sorted(folder.glob("*.txt"))}
        if not files:
            raise UserError(f"TrackingNet folder {self.root} has no sequences; it holds TRAIN_0/anno/<video>.txt")
        return files

    def names(self) -> list[str]:
        """`TRAIN_<k>/<video>`."""
        return list(self._box_files)

    def box_files(self, name: str) -> tuple[Path, ...]:
        """The file of its boxes."""
        return (self._box_files[name],)

    def load(self, name: str) -> BoxedSequence:
        """Absent are boxes without area."""
        if name not in self._box_files:
            raise UserError(f"TrackingNet: there is no video {name} in {self.root}")
        box_file = self._box_files[name]
        count = count_lines(box_file)
        folder = box_file.parent.parent / "frames" / box_file.stem
        paths = numbered_frames(folder, [f"{number}.jpg" for number in range(count)], box_file)
        boxes = read_track(box_file, count)
        return BoxedSequence(name, Pictures(paths), tuple(range(count)), {1: boxes}, {1: absent_rows(boxes)})
