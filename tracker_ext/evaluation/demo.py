"""The demo data set: short clips drawn on the machine, nothing downloaded, always the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import write_jpeg
from ltr_ext.data.mask_io import write_mask
from ltr_ext.demo.clips import CLIPS
from ltr_ext.demo.scenes import Scene, render
from ltr_ext.output import OutputFolder
from ltr_ext.progress import Progress
from tracker_ext.video.clip_writer import write_box_table

VERSION = 1
"""To be raised when the drawings change, so that an older copy on disk is drawn anew."""

NUM_FRAMES = 40


def write_demo(root: str | Path, seed: int = 0, num_frames: int = NUM_FRAMES) -> None:
    """Draw the demo clips in DAVIS layout, unless the same ones are there already.

    `JPEGImages/480p/<seq>/%05d.jpg`, `Annotations/480p/<seq>/%05d.png` (palette PNG, pixel value = object id),
    `Boxes/<seq>.csv` (`frame,object,x,y,w,h`), `ImageSets/2017/val.txt`.

    Args:
        root: the data set's folder.
        seed: other seeds draw other clips of the same stories.
        num_frames: frames per clip.

    Raises:
        UserError: the folder cannot be written.
    """
    root = Path(root)
    stamp = root / "demo.json"
    wanted = json.dumps({"version": VERSION, "seed": seed, "frames": num_frames})
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    with OutputFolder(root) as work, Progress(total=len(CLIPS) * num_frames, desc="drawing demo") as bar:
        for number, (name, (build, size)) in enumerate(CLIPS.items()):
            rng = np.random.default_rng([seed, number])
            scene = build(rng, size, num_frames)
            _write_clip(work, name, scene, num_frames, rng, bar)
        sets = work / "ImageSets" / "2017"
        sets.mkdir(parents=True)
        (sets / "val.txt").write_text("".join(f"{name}\n" for name in CLIPS))
        (work / "demo.json").write_text(wanted)


def _write_clip(root: Path, name: str, scene: Scene, num_frames: int, rng: np.random.Generator, bar: Progress) -> None:
    images, masks, tables = root / "JPEGImages/480p" / name, root / "Annotations/480p" / name, root / "Boxes"
    for folder in (images, masks, tables):
        folder.mkdir(parents=True, exist_ok=True)
    ids = sorted({actor.object_id for actor in scene.actors} - {0})
    boxes = {object_id: np.full((num_frames, 4), np.nan) for object_id in ids}
    for index in range(num_frames):
        image, labels = render(scene, index * NUM_FRAMES / num_frames, rng)
        write_jpeg(images / f"{index:05d}.jpg", image, quality=85)
        write_mask(masks / f"{index:05d}.png", labels)
        for object_id in ids:
            box = mask_to_box(labels == object_id)
            if box is not None:
                boxes[object_id][index] = box
        bar.update()
    write_box_table(tables / f"{name}.csv", boxes)
