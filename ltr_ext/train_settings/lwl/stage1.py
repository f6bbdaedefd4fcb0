"""LWL with ResNet-50, first stage: the backbone (Mask R-CNN weights) is fixed; 70k iterations.

The numbers are those of Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020, and of the
settings lwl_stage1 and lwl_stage2 of visionml/pytracking:

* YouTube-VOS and DAVIS are drawn 6 : 1. A sample has 1 frame with its mask and 3 frames to segment, which are at most
  100 frames later.
* Search regions are 5 times the box, 832 x 480 pixels. Their centre and scale jitter by 3 and 0.25, for the later
  frames by (5.5, 4.5) and 0.5. Augmentations are grey (5 %), flips, rotation by 15 degrees, zoom by exp(0.2) and
  brightness by 20 %.
* The loss is 100 times Lovasz-Softmax over the whole batch of 20. The few-shot learner takes 2 steps after each frame.
* Adam has the learning rates 1e-4 (few-shot learner, decoder), 2e-5 (features of the learner) and 2e-4 (label encoder),
  and a fifth of them after 40k iterations. All batch statistics are fixed.
"""

from __future__ import annotations

from typing import Any

from ltr_ext.data.search_crops import SearchConfig
from ltr_ext.models.lwl import LWLConfig
from ltr_ext.train_settings import lwl_recipe

RECIPE = lwl_recipe.Recipe(
    model=LWLConfig(block_bias=False),  # as upstream, so that it can be exported for pytracking
    sources={"YouTube-VOS": 6, "DAVIS": 1},
    first_crops=SearchConfig(crop_hw=(480, 832), centre_jitter=(3.0, 3.0), scale_jitter=0.25),
    later_crops=SearchConfig(crop_hw=(480, 832), centre_jitter=(5.5, 4.5), scale_jitter=0.5),
    num_later=3,
    max_gap=100,
    refinement_iterations=2,
    loss_weight=100.0,
    batch_size=20,
    iterations=70_000,
    iterations_per_epoch=1000,
    rates={"aggregation": 1e-4, "decoder": 1e-4, "target_features": 2e-5, "label_encoder": 2e-4},
    milestones=(40_000,),
    decay=0.2,
    validation_clips=400,
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lwl_recipe.train(settings, RECIPE)
