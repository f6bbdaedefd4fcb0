r"""Measures whether masks that are made from boxes help, by lwl lite_photographs and lwl lite_boxes with several seeds.

    python run_annotate.py got10k_train --out MASKS            # got10k_masks_dir = "MASKS/upstream"
    python -m benchmarks.made_masks WORK --seeds 0 1 2         # resumes after an interruption

Both networks are trained and then track the data sets `clips` (J) and `boxclips` (AO) from the first box. This takes an
hour on two cores.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from ltr_ext import host
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.paths import Paths, load_paths

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ("lite_photographs", "lite_boxes")
DATASETS = ("clips", "boxclips")


def main() -> int:
    """Train and evaluate the networks, and print the table."""
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="folder for checkpoints, weights and results")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    paths = load_paths()
    for name in ("got10k_dir", "got10k_masks_dir", "clips_dir", "boxclips_dir"):
        paths.require(name, needed_for="benchmarks.made_masks")
    host.resolve()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in SETTINGS}
    for seed in args.seeds:
        for name in SETTINGS:
            folder = args.work.resolve() / f"{name}_{seed}"
            make_weights(paths, name, seed, folder)
            found[name].append(track(paths, folder))
            print(f"seed {seed}, {name}: J {found[name][-1][0]:.4f}, AO {found[name][-1][1]:.4f}", flush=True)
    print(format_table(args.seeds, found))
    return 0


def make_weights(paths: Paths, name: str, seed: int, folder: Path) -> None:
    """Train a setting, and put its weights and those of box2mask into `<folder>/weights`."""
    weights = folder / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    box2mask = paths.weights_dir / "box2mask-lite.safetensors"
    if not (weights / box2mask.name).exists():
        (weights / box2mask.name).symlink_to(box2mask)
    if (weights / "lwl-lite.safetensors").is_file():
        return
    run("run_training.py", "lwl", name, "--seed", str(seed), "--workspace", str(folder))
    last = max((folder / "checkpoints/ltr/lwl" / name).glob("LWLNet_0*.safetensors"))
    run("-m", "ltr_ext.export", str(last), str(weights / "lwl-lite.safetensors"), "--backbone", str(box2mask))


def track(paths: Paths, folder: Path) -> tuple[float, float]:
    """Track both data sets with the weights of a folder; returns the mean J of `clips` and mean AO of `boxclips`."""
    from tracker_ext.evaluation.results import found_results
    from tracker_ext.evaluation.scoring import score_stored
    from tracker_ext.evaluation.sequences import load_sequences
    from tracker_ext.registration import register

    register()
    changed = dataclasses.replace(paths, weights_dir=folder / "weights")
    lines = [f'{field.name} = "{value}"' for field in dataclasses.fields(changed)
             if field.name != "source" and isinstance(value := getattr(changed, field.name), Path)]  # fmt: skip
    file = folder / "paths.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    values = []
    for dataset in DATASETS:
        out = folder / dataset
        run("run_tracker.py", "lwl", "box2mask_init", dataset, "--out", str(out), "--no-report",
            BOX2MASK_SETTINGS=str(file))  # fmt: skip
        masks, boxes = (out / kind / "lwl/box2mask_init" for kind in ("segmentation_results", "tracking_results"))
        stored, missing = found_results(load_sequences(dataset), masks, boxes)
        if missing:
            raise UserError(f"{out}: {missing[0]}; track again")
        scores = [score_stored(result, "") for result in stored]
        values.append(float(np.mean([score.j if dataset == "clips" else score.ao for score in scores])))
    return values[0], values[1]


def run(*arguments: str, **environment: str) -> None:
    """Run one of our commands in its own process."""
    code = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=os.environ | environment).returncode
    if code:
        raise UserError(f"{' '.join(arguments)}: exit code {code}; see above")


def format_table(seeds: list[int], found: dict[str, list[tuple[float, float]]]) -> str:
    """A Markdown table with a row per seed and the means, and the mean differences with their standard errors."""
    lines = [
        "| seed | J, photographs | J, and made masks | AO, photographs | AO, and made masks |",
        "|---|---|---|---|---|",
    ]
    values = np.array([found[name] for name in SETTINGS])  # [setting, seed, measure]
    for row, seed in enumerate(seeds):
        cells = [f"{100 * values[kind, row, measure]:.1f}" for measure in (0, 1) for kind in (0, 1)]
        lines.append("| " + " | ".join([str(seed), *cells]) + " |")
    means = [f"{100 * values[kind, :, measure].mean():.1f}" for measure in (0, 1) for kind in (0, 1)]
    lines.append("| " + " | ".join(["mean", *means]) + " |")
    gains = 100 * (values[1] - values[0])
    for measure, name in enumerate(("J", "AO")):
        spread = gains[:, measure].std(ddof=1) / len(seeds) ** 0.5 if len(seeds) > 1 else float("nan")
        lines.append(f"\n{name}: {gains[:, measure].mean():+.2f} +- {spread:.2f} (mean over seeds, its standard error)")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run_command(main))
