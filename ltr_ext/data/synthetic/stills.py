"""Still photographs with id masks: the raw material of synthetic video."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr_ext.data.image_io import IGNORE_LABEL, read_image
from ltr_ext.data.mask_io import one_object, read_mask
from ltr_ext.data.picture_files import IMAGE_SUFFIXES
from ltr_ext.errors import UserError

HELD_OUT_SHARE = 0.06
"""Share of photographs that training never sees; chosen by a hash of the file name."""


@dataclass(frozen=True)
class Still:
    """One photograph with its mask."""

    image_path: Path
    mask_path: Path
    source: str
    """Name of its folder below the root; "" at the root itself."""

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """([H, W, 3] uint8 RGB, [H, W] uint8 ids).

        Raises:
            UserError: unreadable, or the sizes differ.
        """
        image, labels = read_image(self.image_path), one_object(read_mask(self.mask_path))
        if image.shape[:2] != labels.shape:
            raise UserError(
                f"mask {self.mask_path} is {labels.shape[::-1]}, its picture {image.shape[1::-1]}; make them equal"
            )
        return image, labels


@dataclass(frozen=True)
class StillCollection:
    """Photographs to draw from, each with a probability."""

    stills: tuple[Still, ...]
    probabilities: np.ndarray
    """[len(stills)] float64, sums to 1."""

    def draw(self, rng: np.random.Generator, source: str | None = None) -> Still:
        """One photograph; of `source` only, if named and present."""
        if source is not None:
            same = [still for still in self.stills if still.source == source]
            if same:
                return same[rng.integers(len(same))]
        return self.stills[rng.choice(len(self.stills), p=self.probabilities)]


def collect_stills(
    root: str | Path, *, held_out: bool, source_weights: Mapping[str, float] | None = None
) -> StillCollection:
    """Find the photographs below a folder.

    Args:
        root: holds pairs `<name>.jpg` and `<name>.png` (the id mask), directly or in sub-folders (sources).
        held_out: the held-out share, or all the others.
        source_weights: relative weight of a photograph of that source; 1 if not named, 0 leaves the source out.

    Raises:
        UserError: no such folder, or no pair in it.
    """
    root = Path(root)
    if not root.is_dir():
        raise UserError(f"photographs {root}: no such folder; set images_dir in the settings")
    weights = dict(source_weights or {})
    stills, shares = [], []
    for mask_path in sorted(root.rglob("*.png")):
        written = [form for suffix in IMAGE_SUFFIXES if suffix != ".png" for form in (suffix, suffix.upper())]
        image_path = next((path for form in written if (path := mask_path.with_suffix(form)).is_file()), None)
        source = "" if mask_path.parent == root else mask_path.parent.name
        if image_path is None or weights.get(source, 1.0) <= 0 or _is_held_out(mask_path) != held_out:
            continue
        stills.append(Still(image_path, mask_path, source))
        shares.append(weights.get(source, 1.0))
    if not stills:
        kind = "held-out pair" if held_out else "pair"
        raise UserError(f"photographs {root}: no {kind} <name>.jpg + <name>.png found; set images_dir in the settings")
    return StillCollection(tuple(stills), np.array(shares) / np.sum(shares))


def collect_backgrounds(root: str | Path | None) -> tuple[Path, ...]:
    """Plain photographs below a folder; none without a folder."""
    if root is None:
        return ()
    return tuple(sorted(p for p in Path(root).rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES))


def object_ids(labels: np.ndarray, min_share: float, max_share: float) -> list[int]:
    """Ids whose area lies between the given shares of the picture.

    Args:
        labels: [H, W] uint8.
        min_share: smallest share of the picture.
        max_share: largest share of the picture.
    """
    counts = np.bincount(labels.ravel(), minlength=256)
    shares = counts / labels.size
    return [i for i in range(1, IGNORE_LABEL) if min_share <= shares[i] <= max_share]


def _is_held_out(path: Path) -> bool:
    """By folder and file name, so that it is the same on every machine."""
    digest = hashlib.sha256(f"{path.parent.name}/{path.stem}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < HELD_OUT_SHARE
