"""The paper's network and recipe (section 3.4): ResNet-50, YouTube-VOS 2019 and DAVIS 2017, 80k iterations.

Numbers from the paper: T = 3 frames within a window of 100, crops of 5 times the box resized to 832 x 480, only
horizontal flips, YouTube-VOS : DAVIS 6 : 1, Lovasz loss on both passes, Adam 1e-2 with a factor of 0.2 at 30k and 60k
iterations, batch 4, backbone (Mask R-CNN weights) fixed, the rest initialised after He et al.

Expected, J with T = 9 (table 1): YT300 85.6, DAVIS 2017 val 81.2. The paper took 32 hours on a TITAN Xp.

Needs `youtubevos_dir`, `davis_dir` and `pretrained_dir` in the settings; the last one holds
`e2e_mask_rcnn_R_50_FPN_1x_converted.pkl`, the backbone file that upstream's LWL settings use.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from ltr.dataset import Davis, YouTubeVOS
from torch.optim.lr_scheduler import LambdaLR

import settings as paths_settings
from ltr_ext.actors.box2mask import Box2MaskActor
from ltr_ext.data.heldout import part_of
from ltr_ext.data.presence import require_dataset
from ltr_ext.data.processing import CropConfig
from ltr_ext.data.sampler import VideoSampler
from ltr_ext.distributed import team
from ltr_ext.losses import lovasz_loss
from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.models.layers import he_initialise
from ltr_ext.train_settings.common import BACKBONE_FILE, make_loaders
from ltr_ext.trainers.options import begin_run
from ltr_ext.trainers.trainer import Box2MaskTrainer, TrainerConfig
from ltr_ext.weights import load_backbone_weights

MODEL = Box2MaskConfig(block_bias=False)  # as published, so that it can be exported for pytracking
CROPS = CropConfig(crop_hw=MODEL.crop_hw, scale=(5.0, 5.0))
NUM_FRAMES = 3
WINDOW = 100
TURNS = (6, 1)
BATCH_SIZE = 4
EPOCHS = 80
ITERATIONS_PER_EPOCH = 1000
LEARNING_RATE = 1e-2
NUM_WORKERS = 8
VALIDATION_CLIPS = 300


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    train(settings, MODEL)


def train(settings: Any, model: Box2MaskConfig, part: str = "train") -> None:
    """Train a network of this shape by the recipe of this file.

    Args:
        settings: the host's.
        model: the network.
        part: of YouTube-VOS, see `ltr_ext.data.heldout`; DAVIS joins "train" alone.
    """
    options = begin_run(settings)
    settings.description = f"box2mask as in the paper, {model.variant}"
    paths = paths_settings.load()
    needed_for = f"run_training.py box2mask {settings.script_name}"
    youtubevos = paths.require("youtubevos_dir", needed_for=needed_for)
    davis = paths.require("davis_dir", needed_for=needed_for) if part == "train" else None
    pretrained = paths.require("pretrained_dir", needed_for=needed_for)
    require_dataset("yt2019_train")
    if davis is not None:
        require_dataset("dv2017_train")

    def sequences(names: list[str]) -> YouTubeVOS:
        return YouTubeVOS(root=str(youtubevos), version="2019", split="train", multiobj=False, sequences=names)

    frames_dir = youtubevos / "2019" / "train" / "JPEGImages"
    with team().leader_first():
        train_sets = [sequences(part_of(frames_dir, part))]
        if davis is not None:
            train_sets.append(Davis(root=str(davis), version="2017", split="train", multiobj=False))
        yt300 = sequences(part_of(frames_dir, "YT300"))
    turns = TURNS[: len(train_sets)]
    train_set = VideoSampler(
        train_sets, turns, CROPS, num_frames=NUM_FRAMES, window=WINDOW,
        samples_per_epoch=ITERATIONS_PER_EPOCH * BATCH_SIZE, seed=options.seed,
    )  # fmt: skip
    val_set = VideoSampler(
        [yt300],
        (1,),
        CROPS,
        num_frames=NUM_FRAMES,
        window=WINDOW,
        samples_per_epoch=VALIDATION_CLIPS,
        seed=12345,
        repeat=True,
    )
    loaders = make_loaders(train_set, val_set, BATCH_SIZE, NUM_WORKERS)

    net = Box2MaskNet(model)
    he_initialise(net.decoder)
    he_initialise(net.target_features)
    load_backbone_weights(net, model.backbone, pretrained / BACKBONE_FILE)
    actor = Box2MaskActor(net, lovasz_loss)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=LEARNING_RATE)
    schedule = LambdaLR(optimizer, learning_rate_factor)
    config = TrainerConfig(
        fingerprint={
            "model": asdict(model), "crops": asdict(CROPS), "num_frames": NUM_FRAMES, "window": WINDOW, "turns": turns,
            "batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE, "iterations": EPOCHS * ITERATIONS_PER_EPOCH,
            "sequences": [dataset.get_num_sequences() for dataset in train_sets], "seed": options.seed,
            **({} if part == "train" else {"part": part}),
        },
        best_stat="val/J", fresh=options.fresh, max_iterations=options.max_iterations,
    )  # fmt: skip
    Box2MaskTrainer(actor, loaders, optimizer, settings, schedule, config).train(max_epochs=EPOCHS)


def learning_rate_factor(iteration: int) -> float:
    """A fifth after 30k and again after 60k iterations."""
    return 0.2 ** ((iteration >= 30_000) + (iteration >= 60_000))
