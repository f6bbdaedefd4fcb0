"""Compares the authors' recipe with the literal recipe of the paper, on the lite network and drawn clips.

It runs `run_training.py box2mask lite_authors` and `lite_paper_text` with several seeds, and prints J of held-out clips
at the end of every epoch and J of their filled boxes. It needs only the repository; a run takes minutes on one core.

Example: python -m benchmarks.recipes /tmp/recipes --seeds 0 1 2
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from ltr_ext import host
from ltr_ext.actors.common import mean_jaccard
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.models.encoders import rasterise_boxes
from ltr_ext.paths import SETTINGS_VARIABLE
from ltr_ext.trainers.checkpoint import read_checkpoint

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ("lite_authors", "lite_paper_text")


def main() -> int:
    """Train, read the curves and print the table."""
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="folder for pictures and checkpoints; what is there is not done again")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    work = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    # These settings have no images_dir, so pictures are drawn, which are the same on every machine.
    os.environ[SETTINGS_VARIABLE] = str(work / "paths.toml")
    (work / "paths.toml").write_text('workspace_dir = "."\n', encoding="utf-8")
    curves = {name: [train(name, seed, work / f"{name}_{seed}") for seed in args.seeds] for name in SETTINGS}
    host.resolve()
    print(format_table(args.seeds, curves, box_jaccard()))
    return 0


def train(name: str, seed: int, folder: Path) -> list[float]:
    """Train a setting; returns J of the held-out clips at the end of every epoch."""
    command = [sys.executable, "run_training.py", "box2mask", name, "--seed", str(seed), "--workspace", str(folder)]
    if subprocess.run(command, cwd=ROOT).returncode:
        raise UserError(f"{' '.join(command[1:])} failed; see above")
    last = max((folder / "checkpoints/ltr/box2mask" / name).glob("Box2MaskNet_0*.safetensors"))
    return read_checkpoint(last).header["stats"]["val"]["J"][1]["history"]


def box_jaccard() -> float:
    """The J of the filled boxes of the held-out clips."""
    from ltr_ext.data.sampler import SyntheticSampler
    from ltr_ext.train_settings.box2mask.lite_authors import RECIPE
    from ltr_ext.train_settings.synthetic_data import find_photographs

    photographs = find_photographs(RECIPE.source_weights)
    clips = SyntheticSampler(
        photographs.held_out, photographs.backgrounds, RECIPE.clips, RECIPE.validation_crops,
        num_frames=RECIPE.num_frames, samples_per_epoch=RECIPE.validation_clips, seed=RECIPE.validation_seed,
    )  # fmt: skip
    values = []
    for sample in (clips[index] for index in range(len(clips))):
        filled = rasterise_boxes(sample["train_anno"], *RECIPE.validation_crops.crop_hw)
        values.append(mean_jaccard(filled - 0.5, sample["train_masks"][:, None]))
    return float(np.mean(values))


def format_table(seeds: list[int], curves: dict[str, list[list[float]]], box: float) -> str:
    """A Markdown table with a row per setting and seed, and the means and standard deviations over seeds.

    Args:
        seeds: the S seeds.
        curves: S curves by setting, each with J at the end of each epoch.
        box: J of the filled boxes.
    """
    from ltr_ext.train_settings.box2mask.lite_authors import RECIPE

    ends = [RECIPE.iterations_per_epoch * (number + 1) for number in range(RECIPE.epochs)]
    lines = [
        "| recipe | seed | " + " | ".join(f"{end} iterations" for end in ends) + " |",
        "|---" * (2 + len(ends)) + "|",
    ]
    for name, values in curves.items():
        rows = 100 * np.array(values)
        lines += [line(name, str(seed), [f"{j:.1f}" for j in row]) for seed, row in zip(seeds, rows, strict=True)]
        if len(seeds) > 1:
            spread = zip(rows.mean(axis=0), rows.std(axis=0, ddof=1), strict=True)
            lines.append(line(name, "mean", [f"{mean:.1f} +- {deviation:.1f}" for mean, deviation in spread]))
    lines.append(line("the box, filled", "", [f"{100 * box:.1f}"] * len(ends)))
    return "\n".join(lines)


def line(*cells: str | list[str]) -> str:
    """Format a row of a Markdown table."""
    flat = [entry for cell in cells for entry in (cell if isinstance(cell, list) else [cell])]
    return f"| {' | '.join(flat)} |"


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(run_command(main))
