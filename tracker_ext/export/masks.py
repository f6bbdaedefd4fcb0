"""The masks of one clip: looked through once, then read frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr_ext.data.mask_io import IGNORE_LABEL, read_mask
from ltr_ext.errors import UserError
from ltr_ext.progress import Progress
from tracker_ext.export.clips import FoundMasks


@dataclass(frozen=True)
class ClipMasks:
    """Masks with what is known of all of them."""

    name: str
    paths: tuple[Path, ...]
    sizes: tuple[tuple[int, int], ...]
    """(height, width) of each, pixels."""
    ids: tuple[int, ...]
    """All objects of the clip, ascending."""
    wide: bool
    """Whether ids have 16 bits, so that 255 is one of them."""
    white: bool
    """Whether 255 is the one object, id 1."""
    undecided: bool
    """Whether pixels are 255, "undecided", beside ids; they are left out."""

    def labels(self, index: int) -> np.ndarray:
        """Mask `index`: [H, W] uint8 or uint16, pixel value = object id.

        Raises:
            UserError: it cannot be read.
        """
        labels = read_mask(self.paths[index], wide=True)
        if labels.shape != self.sizes[index]:
            raise UserError(f"mask {self.paths[index]} has changed while it was exported; give the command again")
        if self.wide:
            return labels
        if self.white:
            return (labels == IGNORE_LABEL).astype(np.uint8)
        return np.where(labels == IGNORE_LABEL, 0, labels).astype(np.uint8) if self.undecided else labels


def look_through(found: FoundMasks, progress: Progress | None = None) -> ClipMasks:
    """Read all masks of a clip once: their sizes and ids.

    Args:
        found: its files.
        progress: goes on by one a mask.

    Raises:
        UserError: a mask that cannot be read; see `read_mask`.
    """
    sizes: list[tuple[int, int]] = []
    values: set[int] = set()
    wide = False
    for path in found.masks:
        labels = read_mask(path, wide=True)
        wide = wide or labels.dtype == np.uint16
        sizes.append((labels.shape[0], labels.shape[1]))
        values.update(present(labels))
        if progress is not None:
            progress.update()
    white = not wide and values == {IGNORE_LABEL}
    undecided = not wide and not white and IGNORE_LABEL in values
    ids = {1} if white else values - {IGNORE_LABEL} if undecided else values
    return ClipMasks(found.name, found.masks, tuple(sizes), tuple(sorted(ids)), wide, white, undecided)


def present(labels: np.ndarray) -> list[int]:
    """The values of a mask but for 0, ascending.

    Args:
        labels: [H, W] uint8 or uint16.
    """
    counts = np.bincount(labels.ravel()) if labels.size else np.zeros(1, int)
    return (np.flatnonzero(counts[1:]) + 1).tolist()


def keep_objects(labels: np.ndarray, ids: Sequence[int]) -> np.ndarray:
    """A mask with some of its objects, the others become background.

    Args:
        labels: [H, W].
        ids: those that stay.
    """
    kept = np.isin(labels, ids)
    return labels if kept.all() else np.where(kept, labels, 0).astype(labels.dtype)
