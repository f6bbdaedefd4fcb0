"""LWL-Ours: the whole network on YouTube-VOS, DAVIS and box2mask's masks of GOT-10k and LaSOT; 120k iterations.

As in the paper (section 4.3), the run starts with LWL trained with a fixed backbone (`stage1`) and trains the complete
network, backbone included, for 120k iterations, on the whole training set of GOT-10k among others. The paper does not
state the proportions of the data sets: 6 : 1 : 6 : 6 are those of RTS, a later network trained on the same masks
(setting rts50 of visionml/pytracking). Nor does it state the learning rate, which is that of `stage2` with milestones
stretched from 80k to 120k iterations, and the batch size of 20.

The settings file must name `got10k_masks_dir` and `lasot_masks_dir`, whose masks run_annotate.py makes.

Expected (tables 4 to 7): VOT2020 EAO 0.510; GOT-10k val AO 86.7, SR 95.1 and 85.2; TrackingNet success 81.2;
YouTube-VOS 2019 valid J&F 80.6.
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
