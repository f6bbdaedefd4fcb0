"""A short run of `lite`, with which `lite_boxes` is compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings.lwl import lite

RECIPE = replace(lite.RECIPE, iterations=100, iterations_per_epoch=100)  # enough to compare the two, not to use them


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lite.train(settings, RECIPE)
