"""SegTrack v2 and YouTube-Objects."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from miniatures.shapes import draw_clip, write_lines, write_picture

SEGTRACK_OBJECTS = {"birdfall": 1, "bmx": 2}
SHOTS = (("aeroplane", "0001", "001"), ("cat", "0002", "003"))
STEP = 10
"""Frames from one mask to the next."""


def make_segtrack(root: str | Path, *, frames: int = 4) -> Path:
    """`<root>/{JPEGImages,GroundTruth,ImageSets}`: one video of one object in bitmaps, one of two objects in PNG.

    The masks are colour pictures of black and white, and noisy at their edges.
    """
    root = Path(root)
    for name, objects in SEGTRACK_OBJECTS.items():
        stems = [f"{name}_{t:05d}" for t in range(5, 5 + frames)]
        for stem, frame in zip(stems, draw_clip(name, frames, objects), strict=True):
            write_picture(root / "JPEGImages" / name / f"{stem}.png", frame.image)
            for number in range(1, objects + 1):
                folder = root / "GroundTruth" / name / (str(number) if objects > 1 else "")
                _write_mask(folder / f"{stem}.{'png' if objects > 1 else 'bmp'}", frame.labels == number)
        write_lines(root / "ImageSets" / f"{name}.txt", [f"*{name}", *stems])
    write_lines(root / "ImageSets" / "all.txt", [f"*{name}" for name in SEGTRACK_OBJECTS])
    return root


def make_youtube_objects(root: str | Path, *, frames: int = 23) -> Path:
    """`<root>/youtube_masks/<class>/data/<video>/shots/<shot>/labels/%05d.jpg`, every tenth, frames in `<root>/v1`.

    Frames are numbered from 1, masks as their frames, from the third on.
    """
    root = Path(root)
    for kind, video, shot in SHOTS:
        below = Path(kind) / "data" / video / "shots" / shot
        for t, frame in enumerate(draw_clip(f"{kind}{video}", frames), 1):
            write_picture(root / "v1" / below / f"frame{t:04d}.jpg", frame.image)
            if t % STEP == 3:
                _write_mask(root / "youtube_masks" / below / "labels" / f"{t:05d}.jpg", frame.labels == 1)
    return root


def _write_mask(path: Path, mask: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = mask.astype(np.uint8) * 250 + 3
    cv2.imwrite(str(path), np.repeat(grey[..., None], 3, axis=2))
