"""Masks that were there before the editor: taken over once, and kept for as long as an undo may bring them back.

Shapes: H W image pixels.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.output import remove, sync_tree, write_text
from tracker_ext.editor.document import PAINTED, mark_key, object_key
from tracker_ext.editor.mask_files import mask_png, own_box, read_ids
from tracker_ext.editor.plan import ObjectPlan

INDEX = "index.json"


@dataclass(frozen=True)
class Earlier:
    """What is known of a clip before anything was drawn."""

    values: Mapping[str, Any]
    """Objects and marks; see `document`."""
    labels: Callable[[], Iterable[np.ndarray | None]]
    """Masks, frame by frame: [H, W] object ids, or None where there is none."""
    confidences: Mapping[tuple[int, int], float | None]
    """(object id, frame) -> confidence."""
    known: Set[tuple[int, int]] = field(default_factory=frozenset)
    """(object id, frame) of masks that were given and not made."""
    folder: Path | None = None
    """The result folder that they are of."""


class FoundMasks:
    """The masks that were taken over, by what they would be made from."""

    def __init__(self, folder: Path) -> None:
        """Read which there are; none before the first `keep`.

        Args:
            folder: of them alone; need not exist.
        """
        self._folder = folder
        try:
            rows = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            rows = []
        self._known = {(i, frame): (recipe, confidence) for i, frame, recipe, confidence in rows}

    def has(self, object_id: int, frame: int, recipe: str) -> bool:
        """Whether the mask that a recipe stands for is one of these."""
        return self._known.get((object_id, frame), ("", None))[0] == recipe

    def mask(self, object_id: int, frame: int) -> tuple[np.ndarray, float | None]:
        """[H, W] bool, and its confidence."""
        return read_ids(self._folder / f"{frame}.png") == object_id, self._known[object_id, frame][1]

    def start(self) -> None:
        """Forget what is left of a take-over that was broken off."""
        remove(self._folder)
        self._folder.mkdir(parents=True)
        self._known = {}

    def keep(self, frame: int, labels: np.ndarray, made: Mapping[int, tuple[str, float | None]]) -> None:
        """Keep the masks of a frame.

        Args:
            frame: its number.
            labels: [H, W] uint8 object ids.
            made: object id -> recipe and confidence.
        """
        if made:
            (self._folder / f"{frame}.png").write_bytes(mask_png(labels))
            self._known |= {(object_id, frame): one for object_id, one in made.items()}

    def finish(self) -> None:
        """Bring them to the disk."""
        rows = [[i, frame, *one] for (i, frame), one in self._known.items()]
        sync_tree(self._folder)
        write_text(self._folder / INDEX, json.dumps(rows, separators=(",", ":")) + "\n")


def with_kept_masks(
    earlier: Earlier, plans: Mapping[int, ObjectPlan], size: tuple[int, int], add: Callable[[np.ndarray], str]
) -> dict[str, Any]:
    """Objects and marks, with one for each mask that no box explains: it is kept as if it were painted.

    Args:
        earlier: what is known.
        plans: what its own marks explain.
        size: (height, width) of the frames.
        add: keeps a painted mask, [H, W] bool; gives its name.
    """
    values = dict(earlier.values)
    for frame, labels in enumerate(earlier.labels()):
        if labels is None or labels.shape != size:
            continue
        for object_id in np.unique(labels[labels > 0]).tolist():
            is_explained = object_id in plans and frame in plans[object_id].recipes
            if is_explained and (object_id, frame) not in earlier.known:
                continue
            mask, key = labels == object_id, mark_key(object_id, frame)
            values.setdefault(object_key(object_id), {"name": f"object {object_id}"})
            kept = {"kind": PAINTED, "box": own_box(mask), "mask": add(mask), "under": None}
            values[key] = kept if (object_id, frame) in earlier.known else {**kept, "found": True}
    return values
