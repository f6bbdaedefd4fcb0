"""`run_training.py` with a recipe whose network, crops and counts are small, and nothing else changed.

    PYTHONPATH=tests python -m miniatures.small_training box2mask default

Runs in a process of its own: the recipe is changed where the host finds it.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import fields, replace
from typing import Any

import run_training
from ltr_ext import host
from ltr_ext.errors import run_command

CROP_HW = (64, 96)
NETWORK = {"feature_dim": 16, "decoder_widths": (16, 8, 8, 8), "crop_hw": CROP_HW}
COUNTS = {
    "iterations": 2, "iterations_per_epoch": 2, "batch_size": 2, "validation_clips": 2, "num_workers": 0,
    "num_later": 2, "milestones": (1,),
}  # fmt: skip


def shrunk(recipe: Any) -> Any:
    """The recipe with a small network, small crops and few iterations; data, loss, rates and schedule stay."""
    changes: dict[str, Any] = {name: value for name, value in COUNTS.items() if hasattr(recipe, name)}
    changes["model"] = replace(recipe.model, **NETWORK)
    for entry in fields(recipe):
        value = getattr(recipe, entry.name)
        if entry.name.endswith("crops"):
            changes[entry.name] = replace(value, crop_hw=CROP_HW)
    return replace(recipe, **changes)


def main() -> int:
    """The command line of `run_training.py`; module and name come first."""
    from tracker_ext.registration import register

    host.resolve()
    register()
    module = importlib.import_module(f"ltr.train_settings.{sys.argv[1]}.{sys.argv[2]}")
    module.RECIPE = shrunk(module.RECIPE)  # type: ignore[attr-defined]
    return run_training.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run_command(main))
