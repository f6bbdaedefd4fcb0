"""Still photographs with id masks, of which synthetic video is made."""

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
"""Share of photographs that are never used for training; chosen by a hash of the folder's and the file's name."""


@dataclass(frozen=True)
class Still:
    """One photograph with its mask."""

    image_path: Path
    mask_path: Path
    source: str
    """The name of the folder that holds it; "" for the root itself."""

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """Read the picture [H, W, 3] uint8 RGB and its ids [H, W] uint8.

        Raises:
            UserError: a file cannot be read, or the sizes differ.
        """
        image, labels = read_image(self.image_path), one_object(read_mask(self.mask_path))
        if image.shape[:2] != labels.shape:
            raise UserError(
                f"mask {self.mask_path} is {labels.shape[::-1]}, its picture {image.shape[1::-1]}; make them equal"
            )
        return image, labels


@dataclass(frozen=True)
class StillCollection:
    """Photographs, each with the probability that it is drawn."""

    stills: tuple[Still, ...]
    probabilities: np.ndarray
    """[len(stills)] float64; the sum is 1."""

    def draw(self, rng: np.random.Generator, source: str | None = None) -> Still:
        """Draw a photograph; if a source is named and has photographs, one of these, with equal probabilities."""
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
        root: a folder with pairs `<name>.jpg` (or another suffix of pictures) and `<name>.png`, the id mask, directly
            or in sub-folders, which are the sources.
        held_out: whether the held-out photographs are collected, or all the others.
        source_weights: relative weight of a photograph of each source; 1 if it is not named, 0 leaves the source out.

    Raises:
        UserError: there is no such folder, or no pair in it.
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
    """The photographs below a folder, sorted; none if no folder is given."""
    if root is None:
        return ()
    return tuple(sorted(p for p in Path(root).rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES))


def object_ids(labels: np.ndarray, min_share: float, max_share: float) -> list[int]:
    """The object ids whose area lies between the given shares of the picture.

    Args:
        labels: [H, W] uint8 ids.
        min_share: smallest share of the picture.
        max_share: largest share of the picture.
    """
    counts = np.bincount(labels.ravel(), minlength=256)
    shares = counts / labels.size
    return [i for i in range(1, IGNORE_LABEL) if min_share <= shares[i] <= max_share]


def _is_held_out(path: Path) -> bool:
    """Whether a photograph is held out; this depends on folder and file name alone, so it is the same everywhere."""
    digest = hashlib.sha256(f"{path.parent.name}/{path.stem}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < HELD_OUT_SHARE
