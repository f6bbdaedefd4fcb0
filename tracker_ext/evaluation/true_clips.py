"""Clips with true masks that training has not seen, to fit and to test the confidence on.

*Synthetic* clips come from the photographs that training holds out (`ltr_ext.data.synthetic.stills`); here they are
dealt out again, so that the clips of the fit and those of the test share no photograph. *Drawn* clips are the demo's
stories with other seeds. Boxes are those of the masks; in some clips they are as careless as an annotator's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.processing import loosen
from ltr_ext.data.synthetic.clips import SyntheticConfig, render_clip
from ltr_ext.data.synthetic.stills import StillCollection
from ltr_ext.demo.clips import CLIPS
from ltr_ext.demo.scenes import render
from ltr_ext.errors import UserError
from tracker_ext.evaluation.demo import NUM_FRAMES

Part = Literal["fit", "test"]
"""What a clip is for; the two share no photograph and no seed."""

SEEDS: dict[Part, int] = {"fit": 1000, "test": 2000}
"""First seed of each part; the demo data set has 0, validation during training 12345."""

LOOSE_SHARE = 0.3
"""Share of clips with careless boxes, as in training (`train_settings/box2mask/lite.py`)."""
LOOSENESS = 0.08
"""Largest error of a careless box's side, relative to the box."""


@dataclass(frozen=True)
class TrueClip:
    """N frames of a clip."""

    name: str
    frames: list[np.ndarray]
    """N of [H, W, 3] uint8 RGB."""
    labels: list[np.ndarray]
    """N of [H, W] uint8: object id, 0 background, 255 undecided."""
    boxes: Mapping[int, np.ndarray]
    """Object id -> [N, 4] (x, y, w, h), pixels; nan rows where absent."""


def synthetic_clips(
    part: Part, count: int, num_frames: tuple[int, int], held_out: StillCollection, backgrounds: tuple[Path, ...]
) -> Iterator[TrueClip]:
    """Clips of held-out photographs, one object each.

    Args:
        part: which half of the photographs to use.
        count: number of clips.
        num_frames: fewest and most frames of a clip.
        held_out: photographs that training has not seen.
        backgrounds: plain photographs; may be empty.
    """
    stills = half_of(held_out, part)
    for number in range(count):
        rng = np.random.default_rng((SEEDS[part], number))
        length = int(rng.integers(num_frames[0], num_frames[1] + 1))
        clip = render_clip(rng, length, stills, backgrounds, SyntheticConfig())
        yield _clip(rng, f"{part} {number} {clip.name}", clip.frames, clip.masks)


def drawn_clips(part: Part, rounds: int, num_frames: int) -> Iterator[TrueClip]:
    """Every story of the demo, `rounds` times with other seeds, `num_frames` frames spread over its length."""
    for seed in range(SEEDS[part], SEEDS[part] + rounds):
        for number, (name, (build, size)) in enumerate(CLIPS.items()):
            rng = np.random.default_rng([seed, number])
            scene = build(rng, size, NUM_FRAMES)
            pictures = [render(scene, time, rng) for time in np.linspace(0, NUM_FRAMES - 1, num_frames)]
            yield _clip(rng, f"{name} {seed}", [image for image, _ in pictures], [labels for _, labels in pictures])


def half_of(stills: StillCollection, part: Part) -> StillCollection:
    """About half of the photographs, chosen by a hash of their names.

    Raises:
        UserError: none falls to this part.
    """
    wanted = np.array(
        [_digest(f"{still.source}/{still.image_path.stem}") % 2 == (part == "test") for still in stills.stills]
    )
    if not wanted.any():
        raise UserError(
            f"photographs: {len(stills.stills)} are held out of training, none of them for the {part}; name a folder "
            "with more as images_dir"
        )
    chosen = tuple(still for still, taken in zip(stills.stills, wanted, strict=True) if taken)
    probabilities = stills.probabilities[wanted]
    return StillCollection(chosen, probabilities / probabilities.sum())


def _clip(rng: np.random.Generator, name: str, frames: list[np.ndarray], labels: list[np.ndarray]) -> TrueClip:
    ids = sorted({int(value) for picture in labels for value in np.unique(picture)} - {0, 255})
    loose = rng.random() < LOOSE_SHARE
    boxes = {object_id: np.full((len(frames), 4), np.nan) for object_id in ids}
    for index, picture in enumerate(labels):
        for object_id in ids:
            box = mask_to_box(picture == object_id)
            if box is not None:
                boxes[object_id][index] = loosen(rng, box, LOOSENESS) if loose else box
    return TrueClip(name, frames, labels, boxes)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
