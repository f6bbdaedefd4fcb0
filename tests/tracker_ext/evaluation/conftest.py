"""A tiny data set in DAVIS layout, and results for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from miniatures.squares import make_squares

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import read_mask, write_mask


@pytest.fixture
def davis_root(tmp_path: Path) -> Path:
    """See `make_squares`."""
    return make_squares(tmp_path / "davis")


@pytest.fixture
def store_results() -> Callable[..., None]:
    """`store_results(sequences, folder, shift=0)`, see `_store_results`."""
    return _store_results


def _store_results(sequences, folder: Path, shift: int = 0) -> None:
    """Write the truth, moved right by `shift` pixels, as a tracker's results in the host's layout."""
    folder.mkdir(parents=True, exist_ok=True)
    for sequence in sequences:
        (folder / "masks" / sequence.name).mkdir(parents=True, exist_ok=True)
        tracks: dict[str, list[np.ndarray]] = {object_id: [] for object_id in sequence.object_ids}
        for frame, path in zip(sequence.frames, sequence.ground_truth_seg, strict=True):
            labels = np.roll(read_mask(path), shift, axis=1)
            for object_id, track in tracks.items():
                box = mask_to_box(labels == int(object_id))
                if box is not None:
                    track.append(box)
            stored = labels if sequence.multiobj_mode else labels > 0
            write_mask(folder / "masks" / sequence.name / f"{Path(frame).stem}.png", stored)
        for object_id, track in tracks.items():
            name = f"{sequence.name}_{object_id}" if sequence.multiobj_mode else sequence.name
            np.savetxt(folder / f"{name}.txt", track, delimiter="\t", fmt="%.2f")
            np.savetxt(folder / f"{name}_time.txt", np.full(len(track), 0.25), fmt="%f")
