"""What the train settings share: loaders and the schedule of the short runs."""

from __future__ import annotations

import math

from ltr.data import LTRLoader

from ltr_ext.data.sampler import ClipSampler
from ltr_ext.trainers.batches import ResumableBatchSampler

BACKBONE_FILE = "e2e_mask_rcnn_R_50_FPN_1x_converted.pkl"
"""In `pretrained_dir`: ResNet-50 of Mask R-CNN, the file that upstream's LWL settings use."""


def make_loaders(train_set: ClipSampler, val_set: ClipSampler, batch_size: int, num_workers: int) -> list[LTRLoader]:
    """Loaders "train" and "val" that the trainer can resume in the middle."""
    return [
        LTRLoader(
            name,
            sampler,
            training=training,
            num_workers=num_workers,
            stack_dim=1,
            batch_sampler=ResumableBatchSampler(len(sampler), batch_size, drop_last=training),
        )
        for name, sampler, training in (("train", train_set, True), ("val", val_set, False))
    ]


def warm_up_and_cosine(iteration: int, *, warm_up: int, total: int) -> float:
    """Factor of the learning rate: linear warm-up to 1, then a cosine down to 1 %."""
    if iteration < warm_up:
        return (iteration + 1) / warm_up
    progress = min((iteration - warm_up) / (total - warm_up), 1.0)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress))
