"""The output folder of an annotation job, made up: tables, manifests, pictures."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import numpy as np

from ltr_ext.data.image_io import write_jpeg, write_mask
from ltr_ext.data.trust_table import Trust, TrustRow, write_trust

AWKWARD = 'zebra "Öl" </script><img src=x>&#%?+, é漢'
"""A name that breaks pages and tables that do not quote."""


def trust_rows(name: str, confidences: Iterable[float], tightness: float = 0.9) -> list[TrustRow]:
    """One object, one row per confidence."""
    return [
        TrustRow(name, frame, f"{frame + 1:08d}", 1, True, Trust(value, tightness, 100, 0.1, 1, False))
        for frame, value in enumerate(confidences)
    ]


def write_sequence(out: Path, name: str, confidences: list[float], tightness: float = 0.9, pictures: int = 0) -> None:
    """Table, manifest, one mask, and `pictures` previews."""
    for folder in ("trust", "sequences"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    stem = quote(name, safe="")
    write_trust(out / "trust" / f"{stem}.csv", trust_rows(name, confidences, tightness))
    masks = out / "masks" / stem
    masks.mkdir(parents=True, exist_ok=True)
    write_mask(masks / "00000001.png", np.eye(4, dtype=np.uint8))
    for rank in range(1, pictures + 1):
        folder = out / "preview" / stem
        folder.mkdir(parents=True, exist_ok=True)
        shade = np.full((40, 64, 3), 60 * rank, np.uint8)
        write_jpeg(folder / f"{rank}_{rank:08d}.jpg", shade, quality=80)
    manifest = {
        "name": name,
        "frames": len(confidences),
        "weights_hash": "0123456789ab",
        "confidence": {"kind": "calibrated"},
        "outputs": [f"masks/{stem}"],
    }
    (out / "sequences" / f"{stem}.json").write_text(json.dumps(manifest), encoding="utf-8")


def write_job(out: Path, num_sequences: int, *, pictures: int = 0, frames: int = 12) -> Path:
    """Sequences `seq_00000` ... whose confidence falls with their number, and one with an awkward name, the best."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "settings.json").write_text('{"dataset": "made up"}', encoding="utf-8")
    for number in range(num_sequences - 1):
        level = 0.9 * (1 - number / num_sequences)
        write_sequence(out, f"seq_{number:05d}", [level] * frames, 0.95 - 0.5 * (number % 2), pictures)
    write_sequence(out, AWKWARD, [0.99] * frames, 0.99, pictures)
    return out
