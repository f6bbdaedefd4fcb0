"""lwl lite, a short run: what `lite_boxes` is compared with."""

from __future__ import annotations

from typing import Any

from ltr_ext.train_settings.lwl.lite import COMPARISON_ITERATIONS, train


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    train(settings, 1, COMPARISON_ITERATIONS)
