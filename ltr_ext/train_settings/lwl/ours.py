"""LWL-Ours: the whole network on YouTube-VOS, DAVIS and box2mask's masks of GOT-10k and LaSOT; 120k iterations.

From the paper (section 4.3): starts with LWL trained with a fixed backbone (`stage1`), trains the complete model,
backbone included, for 120k iterations. Not in the paper: the proportions 6 : 1 : 6 : 6, which are those of RTS, a later
network on the same masks (setting rts50 of visionml/pytracking); the learning rate, which is that of `stage2`, with its
milestones stretched from 80k to 120k iterations; batch 20.

GOT-10k is its whole training set, as in the paper.

Expected (tables 4 to 7): VOT2020 EAO 0.510; GOT-10k val AO 86.7, SR 95.1 and 85.2; TrackingNet success 81.2;
YouTube-VOS 2019 valid J&F 80.6. Needs `got10k_masks_dir` and `lasot_masks_dir`, which run_annotate.py fills.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings import lwl_recipe
from ltr_ext.train_settings.lwl import baseline_ft

RECIPE = replace(
    baseline_ft.RECIPE,
    sources={"YouTube-VOS": 6, "DAVIS": 1, "GOT-10k, pseudo masks": 6, "LaSOT, pseudo masks": 6},
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lwl_recipe.train(settings, RECIPE)
