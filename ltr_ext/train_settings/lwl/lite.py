"""The small LWL network, trained on synthetic video on two CPU cores, from the weights of box2mask-lite.

Where it differs from the paper, and why: the parts and the crop of box2mask-lite, so that nearly everything is learnt
already and one short stage is enough; synthetic video from photographs; the decoder sees the last mask, which in
training is the true one, spoilt; some later frames lack the object, which the paper's videos have by themselves.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

import settings as paths_settings
from ltr_ext.actors.lwl import LWLActor
from ltr_ext.data.processing import CropConfig
from ltr_ext.data.sampler import ClipSampler, MixedSampler, SyntheticSampler, VideoSampler
from ltr_ext.data.synthetic import SyntheticConfig
from ltr_ext.errors import UserError
from ltr_ext.losses import lovasz_bce_loss
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.lwl import LITE, LWLNet, PreviousMaskConfig, initialise_from_box2mask
from ltr_ext.train_settings.common import make_loaders, warm_up_and_cosine
from ltr_ext.train_settings.lwl_recipe import made_masks
from ltr_ext.train_settings.synthetic_data import SOURCE_WEIGHTS, announce, find_photographs
from ltr_ext.trainers.options import begin_run
from ltr_ext.trainers.trainer import Box2MaskTrainer, TrainerConfig
from ltr_ext.weights import file_hash, load_backbone_weights, load_network
from ltr_ext.words import counted

NUM_FRAMES = 4
"""One frame with its mask, three to segment."""
BATCH_SIZE = 4
EPOCHS = 4
ITERATIONS_PER_EPOCH = 200
VALIDATION_CLIPS = 60
WARM_UP = 50
NUM_WORKERS = 1
REFINEMENT_ITERATIONS = 2
LEARNING_RATES = {
    "target_features": 3e-4,
    "aggregation": 3e-4,
    "decoder": 1e-3,
    "label_encoder": 1e-3,
    "previous_encoder": 1e-3,
}
"""Of Adam, by part of the network; the frozen backbone has none."""
CROP_HW = (256, 256)
"""Smaller than the tracker's crops; with the smaller scale, objects are as large in both."""
SCALE = (1.6, 2.8)
FIRST_CROPS = CropConfig(crop_hw=CROP_HW, scale=SCALE, shift=0.05, flip=False)
LATER_CROPS = CropConfig(crop_hw=CROP_HW, scale=SCALE, shift=0.2, scale_jitter=0.15, flip=False)
"""Around the true box, moved as far as an object moves between two frames. No flips: they would be drawn anew for the
first frame and for the others."""
CLIPS = SyntheticConfig()
PREVIOUS = PreviousMaskConfig()
ABSENT_SHARE = 0.06
COMPARISON_ITERATIONS = 100
"""Of `lite_photographs` and `lite_boxes`, in one epoch: enough to compare them, not to use them."""
MADE_TURNS = (3, 1)
"""Samples of synthetic video, and then of video with made masks."""
VIDEO_WINDOW = 30
"""Of a video with made masks, the frames of a sample are drawn from a stretch of this many."""


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    train(settings, EPOCHS, ITERATIONS_PER_EPOCH)


def train(settings: Any, epochs: int, iterations_per_epoch: int, with_made_masks: bool = False) -> None:
    """Train by the recipe of this file.

    Args:
        settings: the host's.
        epochs: length of the run; the schedule ends with it.
        iterations_per_epoch: between two looks at the held-out clips.
        with_made_masks: let every fourth sample come from the videos of `got10k_dir` with the masks of
            `got10k_masks_dir`.
    """
    options = begin_run(settings)
    settings.description = "lwl-lite on synthetic video" + (" and video with made masks" if with_made_masks else "")
    settings.grad_clip_max_norm = 5.0
    photographs = find_photographs()
    samples_per_epoch = iterations_per_epoch * BATCH_SIZE
    train_set: ClipSampler = SyntheticSampler(
        photographs.train, photographs.backgrounds, CLIPS, FIRST_CROPS, test_crops=LATER_CROPS,
        num_frames=NUM_FRAMES, samples_per_epoch=samples_per_epoch, seed=options.seed,
    )  # fmt: skip
    made, further = None, ""
    if with_made_masks:
        made = made_masks(paths_settings.load(), f"run_training.py lwl {settings.script_name}", turns=1).dataset
        videos = VideoSampler(
            [made], (1,), FIRST_CROPS, test_crops=LATER_CROPS, num_frames=NUM_FRAMES, window=VIDEO_WINDOW,
            samples_per_epoch=samples_per_epoch, seed=options.seed,
        )  # fmt: skip
        train_set = MixedSampler([train_set, videos], MADE_TURNS)
        number = counted(made.get_num_sequences(), "video")
        further = f"{MADE_TURNS[1]} in {sum(MADE_TURNS)} samples from {number} with made masks"
    announce(photographs, further)
    val_set = SyntheticSampler(
        photographs.held_out, photographs.backgrounds, CLIPS, FIRST_CROPS, test_crops=LATER_CROPS,
        num_frames=NUM_FRAMES, samples_per_epoch=VALIDATION_CLIPS, seed=12345, repeat=True,
    )  # fmt: skip
    loaders = make_loaders(train_set, val_set, BATCH_SIZE, NUM_WORKERS)

    net, start = initial_network(paths_settings.load().weights_dir / "box2mask-lite.safetensors")
    actor = LWLActor(
        net, lovasz_bce_loss, REFINEMENT_ITERATIONS, autocast=True, previous=PREVIOUS, absent_share=ABSENT_SHARE
    )
    optimizer = torch.optim.Adam(parameter_groups(net), fused=True)
    schedule = LambdaLR(optimizer, partial(warm_up_and_cosine, warm_up=WARM_UP, total=epochs * iterations_per_epoch))
    config = TrainerConfig(
        fingerprint={
            "model": asdict(LITE), "start": start, "clips": asdict(CLIPS), "source_weights": SOURCE_WEIGHTS,
            "crops": [asdict(FIRST_CROPS), asdict(LATER_CROPS)], "previous": asdict(PREVIOUS), "absent": ABSENT_SHARE,
            "photographs": len(photographs.train.stills), "batch_size": BATCH_SIZE, "num_frames": NUM_FRAMES,
            "learning_rates": LEARNING_RATES, "iterations": epochs * iterations_per_epoch, "seed": options.seed,
            **({} if made is None else {"made_masks": [made.get_num_sequences(), MADE_TURNS, VIDEO_WINDOW]}),
        },
        best_stat="val/J", checkpoint_every=100, fresh=options.fresh, max_iterations=options.max_iterations,
    )  # fmt: skip
    Box2MaskTrainer(actor, loaders, optimizer, settings, schedule, config).train(max_epochs=epochs)


def initial_network(box2mask_weights: Path) -> tuple[LWLNet, str]:
    """The network before training.

    Args:
        box2mask_weights: file to start from; without it only the backbone is more than random.

    Returns:
        The network, and where it started: the file's hash or "imagenet".
    """
    net = LWLNet(LITE)
    load_backbone_weights(net, LITE.backbone)
    start = "imagenet"
    if box2mask_weights.is_file():
        start = file_hash(box2mask_weights)
        source = load_network(box2mask_weights)
        if not isinstance(source, Box2MaskNet):
            raise UserError(f"weights {box2mask_weights} hold a {type(source).__name__}: put box2mask weights there")
        fresh = initialise_from_box2mask(net, source)
        logging.getLogger(__name__).info("start from %s; new: %s", box2mask_weights, ", ".join(fresh) or "nothing")
    else:
        logging.getLogger(__name__).warning("%s is missing: training starts from the backbone alone", box2mask_weights)
    return net.to(memory_format=torch.channels_last), start


def parameter_groups(net: LWLNet) -> list[dict[str, Any]]:
    """Adam's groups, one per part of the network that has something to learn."""
    groups = []
    for name, part in net.named_children():
        parameters = [parameter for parameter in part.parameters() if parameter.requires_grad]
        if parameters:
            groups.append({"params": parameters, "lr": LEARNING_RATES[name]})
    return groups
