"""The lite network, trained for longer: clips that need motion cues, a decoder with details, a trained backbone.

Its weights ship. It starts from those of `lite`, exported to `box2mask-lite-stage0.safetensors` in `weights_dir`, and
differs from that recipe as follows:

* The clips have still crowds of the object's kind, poles, fences and branches in front, things that stand still while
  the camera moves, holes, longer lines and motion blur; there are more photographs.
* Crops are 1.2 to 2.2 times the box, since the network is used at 1.5.
* The decoder uses the backbone's stem and corrects each pixel.
* The last three stages of the backbone are trained, at a tenth of the learning rate.
* The learning rate is constant except for a decay at the end of each stage, so that the weights at the end of a stage
  can be used, and the next stage continues from them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ltr_ext.data.processing import CropConfig
from ltr_ext.data.synthetic.clips import SyntheticConfig
from ltr_ext.models.box2mask.config import LITE
from ltr_ext.train_settings.box2mask import lite
from ltr_ext.train_settings.common import warm_up_and_stages


@dataclass(frozen=True, kw_only=True)
class Recipe(lite.Recipe):
    """The recipe of a run in stages."""

    stages: tuple[int, ...]
    """Training iterations at the end of each stage; the last is the end of the run."""
    decay_share: float
    """Share of a stage, at its end, in which the learning rate falls."""
    fade: float
    """Learning rate of a stage, relative to that of the previous one."""

    @property
    def rate_factor(self) -> Callable[[int], float]:
        """The factor of the learning rate after a number of training iterations."""
        return partial(
            warm_up_and_stages, warm_up=self.warm_up, stages=self.stages, decay_share=self.decay_share, fade=self.fade,
            floor=self.last_rate,
        )  # fmt: skip


MODEL = replace(LITE, detail=True)
RECIPE = Recipe(
    model=MODEL,
    clips=SyntheticConfig(
        whole_share=0.25,
        max_distractors=4,
        line_share=0.15,
        line_reach=(0.4, 3.0),
        thinnest_line=2,
        hole_share=0.08,
        crowd_share=0.3,
        still_share=0.4,
        bar_share=0.2,
        blur_share=0.25,
    ),
    source_weights={
        # Their masks are of parts or regions instead of objects, their pictures are all alike, or outlines are coarse.
        "bsds_regions": 0.2,
        "ccp_garments": 0.2,
        "camvid": 0.4,
        "studio": 0.4,
        "plants": 0.2,
        "wgisd": 0.2,
        "taxi_vans": 0.5,
        "firetruck": 0.5,
        "coco_small": 0.6,
        "coco128": 0.6,
        "endangered": 0.8,
    },
    crops=CropConfig(crop_hw=(256, 256), scale=(1.2, 2.2), shift=0.06, loose_share=0.3, looseness=0.08),
    validation_crops=CropConfig(crop_hw=MODEL.crop_hw, scale=(MODEL.inference_scale,) * 2, flip=False),
    num_frames=3,
    batch_size=4,
    iterations=24_000,
    iterations_per_epoch=200,
    stages=(2_000, 6_000, 12_000, 24_000),
    decay_share=0.25,
    fade=0.8,
    learning_rate=1e-3,
    trained_backbone=("blocks.4", "blocks.5", "blocks.6"),
    start="box2mask-lite-stage0.safetensors",
    warm_up=200,
    last_rate=0.02,
    clip_norm=5.0,
    validation_clips=100,
    num_workers=1,
    checkpoint_every=50,
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lite.train(settings, RECIPE)
