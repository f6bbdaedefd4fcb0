"""A row of table 2 on the lite network, by a short run: s_t alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.models.box2mask.config import LITE
from ltr_ext.train_settings.box2mask import lite


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lite.train(settings, replace(LITE, variant="multi_frame"), lite.ABLATION_EPOCHS)
