"""VOT2020, the short-term challenge, as the VOT toolkit lays it out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from miniatures.shapes import SIZE_HW, draw_clip, write_lines, write_picture

TAGS = ("camera_motion", "illum_change", "motion_change", "occlusion", "size_change")


def mask_line(labels: np.ndarray) -> str:
    """A mask as VOT writes it: box, then lengths of runs in row order inside it, of zeros first."""
    rows, columns = np.nonzero(labels)
    if not rows.size:
        return "m0,0,1,1,1"
    x, y = columns.min(), rows.min()
    inside = labels[y : rows.max() + 1, x : columns.max() + 1] > 0
    runs, value, length = [], False, 0
    for pixel in inside.ravel():
        if pixel != value:
            runs.append(length)
            value, length = pixel, 0
        length += 1
    runs.append(length)
    return "m" + ",".join(str(int(part)) for part in (x, y, inside.shape[1], inside.shape[0], *runs))


def make_vot2020(root: str | Path, *, sequences: int = 2, frames: int = 12) -> Path:
    """`<root>/{list.txt,<sequence>/{sequence,color/%08d.jpg,groundtruth.txt,anchor.value,*.tag}}`, frames from 1.

    Masks in VOT's text. In the second sequence the object is hidden on the sixth frame (empty mask, tag `occlusion`).

    Args:
        root: folder that `vot2020_dir` names: the toolkit's `sequences`.
        sequences: how many.
        frames: per sequence, at least 7.
    """
    root = Path(root)
    height, width = SIZE_HW
    names = ["agility", "ants1", "ball2", "ball3", "basketball"][:sequences]
    for number, name in enumerate(names):
        folder = root / name
        hidden = {5} if number == 1 else set()
        clip = draw_clip(name, frames, absent={1: hidden})
        for t, frame in enumerate(clip):
            write_picture(folder / "color" / f"{t + 1:08d}.jpg", frame.image)
        write_lines(folder / "groundtruth.txt", [mask_line(frame.labels) for frame in clip])
        write_lines(folder / "anchor.value", [1 if t == 0 else -1 if t == frames - 1 else 0 for t in range(frames)])
        for tag in TAGS:
            write_lines(folder / f"{tag}.tag", [int(tag == "occlusion" and t in hidden) for t in range(frames)])
        about = {"channels.color": "color/%08d.jpg", "fps": 30, "format": "default", "name": name}
        about |= {"width": width, "height": height, "length": frames}
        write_lines(folder / "sequence", [f"{key}={value}" for key, value in about.items()])
    write_lines(root / "list.txt", names)
    return root
