"""The baseline of LWL-Ours: the same fine-tuning of the whole network, but only on YouTube-VOS and DAVIS.

The paper (section 4.3) calls it "the standard LWL model fine-tuned using only the YouTube-VOS and DAVIS datasets".
Everything else is as in `ours.py`.

Expected (tables 4 to 7): VOT2020 EAO 0.463; GOT-10k val AO 84.6, SR 92.4 and 82.2; TrackingNet success 80.7;
YouTube-VOS 2019 valid J&F 81.0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings import lwl_recipe
from ltr_ext.train_settings.lwl import stage2

RECIPE = replace(
    stage2.RECIPE,
    iterations=120_000,
    milestones=(37_500, 112_500),
    trained_backbone=("conv1", "bn1", "layer1", "layer2", "layer3", "layer4"),
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lwl_recipe.train(settings, RECIPE)
