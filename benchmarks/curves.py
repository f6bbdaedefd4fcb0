"""Draws the training curves of checkpoints: loss and J in training and validation, by epoch.

Example: python -m benchmarks.curves workspace/checkpoints/ltr/box2mask/lite/Box2MaskNet_best.json --out docs/curves.png
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt

from ltr_ext.errors import CommandLine, UserError, run_command

SHOWN = ("Loss/total", "J")


def read_history(path: Path) -> dict[str, dict[str, list[float]]]:
    """The values after each epoch by loader and quantity, from the JSON file beside a checkpoint.

    Raises:
        UserError: the file is missing, or was not written by our trainer.
    """
    try:
        stats = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["stats"]
        return {
            loader: {name: [float(v) for v in quantities[name][1]["history"]] for name in SHOWN if name in quantities}
            for loader, quantities in stats.items()
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise UserError(
            f"checkpoint {path} has no readable history ({error!r}); name a .json of our trainer"
        ) from error


def main() -> int:
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", type=Path, help="the .json files, one row of the picture each")
    parser.add_argument("--labels", nargs="+", help="titles of the rows (default: names of their folders)")
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    args = parser.parse_args()
    labels = args.labels or [" ".join(path.resolve().parts[-3:-1]) for path in args.checkpoints]
    if len(labels) != len(args.checkpoints):
        raise UserError(f"--labels: {len(labels)} for {len(args.checkpoints)} checkpoints; give one each")
    figure, grid = plt.subplots(
        len(labels), len(SHOWN), figsize=(9, 2.8 * len(labels)), squeeze=False, layout="constrained"
    )
    for row, path, label in zip(grid, args.checkpoints, labels, strict=True):
        for loader, quantities in read_history(path).items():
            for axes, name in zip(row, SHOWN, strict=True):
                values = quantities.get(name, [])
                axes.plot(range(1, len(values) + 1), values, marker="o", markersize=3, label=loader)
                axes.set(title=f"{label}: {name}", xlabel="epoch")
                axes.grid(alpha=0.3)
                axes.legend()
    figure.savefig(args.out, dpi=110)
    print(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
