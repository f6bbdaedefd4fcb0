"""A miniature in GOT-10k's layout, drawn on the machine: to try what wants GOT-10k before it is there.

The objects of the demo clips, one a sequence, in `train`, `val` and `test`; `test` has the first box alone, as that of
GOT-10k.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from ltr_ext.data.image_io import image_size
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.output import OutputFolder, link_or_copy
from ltr_ext.paths import load_paths
from tracker_ext.evaluation.demo import write_demo
from tracker_ext.video.box_files import read_boxes

NUM_FRAMES = 16
SPLITS = {"train": "Train", "val": "Val", "test": "Test"}
"""Folder -> the word in the names of its sequences."""
FULL_COVER = 8
"""`cover.label` counts eighths of the object that are to be seen."""
EXAMPLES = """example:
  python -m tracker_ext.evaluation.toy_got10k toy_got10k
  python run_tracker.py lwl box2mask_init got10k_val        (after the line that is printed is in the settings file)
  python run_tracker.py lwl box2mask_init got10k_test
  python run_evaluation.py got10k_test --results results/tracking_results/lwl/box2mask_init --pack got10k.zip
  python run_evaluation.py table5 --results toy=results/tracking_results/lwl/box2mask_init
  python run_annotate.py got10k_train --out got10k_masks
"""


def write_toy_got10k(root: Path, num_frames: int = NUM_FRAMES) -> None:
    """Draw it: `<split>/{list.txt,<sequence>/{%08d.jpg,groundtruth.txt,*.label,meta_info.ini}}`, frames from 1.

    Args:
        root: a folder that is not there yet, or empty.
        num_frames: of a sequence.

    Raises:
        UserError: the folder holds something, or cannot be written.
    """
    if root.is_dir() and any(root.iterdir()):
        raise UserError(f"folder {root}: is not empty; name a new one")
    with tempfile.TemporaryDirectory(prefix="box2mask-") as drawn, OutputFolder(root) as work:
        for seed, (split, word) in enumerate(SPLITS.items()):
            demo = Path(drawn) / split
            write_demo(demo, seed, num_frames)
            names: list[str] = []
            for table in sorted((demo / "Boxes").glob("*.csv")):
                for object_id, boxes in read_boxes(table, num_frames).items():
                    if np.isfinite(boxes[0]).all():  # the others come in later
                        names.append(f"GOT-10k_{word}_{len(names) + 1:06d}")
                        frames = demo / "JPEGImages" / "480p" / table.stem
                        kind = f"{table.stem} {object_id}"
                        _write_sequence(work / split / names[-1], frames, boxes, kind, only_first=split == "test")
            (work / split / "list.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _write_sequence(folder: Path, frames: Path, boxes: np.ndarray, kind: str, only_first: bool) -> None:
    """One sequence of [N, 4] boxes, nan where the object is absent."""
    folder.mkdir(parents=True)
    pictures = sorted(frames.iterdir())
    for number, picture in enumerate(pictures, start=1):
        link_or_copy(picture, folder / f"{number:08d}.jpg")
    height, width = image_size(pictures[0])
    absent = ~np.isfinite(boxes).all(axis=1)
    x, y, w, h = np.nan_to_num(boxes).T
    cut = ~absent & ((x <= 0) | (y <= 0) | (x + w >= width) | (y + h >= height))
    given = np.nan_to_num(boxes)[: 1 if only_first else None]
    np.savetxt(folder / "groundtruth.txt", given, fmt="%.4f", delimiter=",")
    labels = {"absence": absent, "cover": ~absent * FULL_COVER, "cut_by_image": cut}
    for name, values in labels.items():
        np.savetxt(folder / f"{name}.label", values.astype(int), fmt="%d")
    facts = {
        "resolution": f"({width}, {height})",
        "object_class": kind,
        "motion_class": "drawn",
        "major_class": "drawn",
        "root_class": "drawn",
    }
    text = "".join(f"{name}: {value}\n" for name, value in facts.items())
    (folder / "meta_info.ini").write_text(f"[METAINFO]\n{text}", encoding="utf-8")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = CommandLine(
        prog="python -m tracker_ext.evaluation.toy_got10k",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument("folder", metavar="DIR", type=Path, help="folder for it; a new one")
    return line


def main(arguments: list[str] | None = None) -> int:
    """Draw it, and say which line belongs into the settings file; returns the exit code."""
    folder = parser().parse_args(arguments).folder.resolve()
    write_toy_got10k(folder)
    print(f'in {load_paths().file_to_edit}:\ngot10k_dir = "{folder}"')
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
