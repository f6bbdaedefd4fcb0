"""The small box2mask network, trained on synthetic video on two CPU cores.

Where it differs from the paper (`default.py`), and why: EfficientNet-Lite0 instead of ResNet-50, square crops (256
pixels of 1.5 to 2.8 times the box in training) and a thin decoder, so that a laptop can train and run it; synthetic
video from photographs, since no video data set is at hand there; cross-entropy beside Lovasz and a cosine schedule
from 2e-3, since the run is thirty times shorter; careless boxes in 30 % of the clips; m_t withheld in a quarter of the
sequences, so that the network learns to need s_t.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

from ltr_ext.actors.box2mask import Box2MaskActor
from ltr_ext.data.processing import CropConfig
from ltr_ext.data.sampler import SyntheticSampler
from ltr_ext.data.synthetic import SyntheticConfig
from ltr_ext.losses import lovasz_bce_loss
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.box2mask.config import LITE, Box2MaskConfig
from ltr_ext.train_settings.common import make_loaders, warm_up_and_cosine
from ltr_ext.train_settings.synthetic_data import SOURCE_WEIGHTS, announce, find_photographs
from ltr_ext.trainers.options import begin_run
from ltr_ext.trainers.trainer import Box2MaskTrainer, TrainerConfig
from ltr_ext.weights import load_backbone_weights

NUM_FRAMES = 3
BATCH_SIZE = 4
EPOCHS = 13
ABLATION_EPOCHS = 3
"""Of the four `lite_<variant>` settings: enough to compare them, not to use them."""
ITERATIONS_PER_EPOCH = 200
VALIDATION_CLIPS = 60
LEARNING_RATE = 2e-3
WARM_UP = 100
NUM_WORKERS = 1
CROPS = CropConfig(crop_hw=(256, 256), scale=(1.5, 2.8), shift=0.1, loose_share=0.3, looseness=0.08)
VALIDATION_CROPS = CropConfig(crop_hw=LITE.crop_hw, scale=(LITE.inference_scale, LITE.inference_scale), flip=False)
CLIPS = SyntheticConfig()


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    train(settings, LITE, EPOCHS)


def train(settings: Any, model: Box2MaskConfig, epochs: int) -> None:
    """Train a network of this shape by the recipe of this file.

    Args:
        settings: the host's.
        model: the network.
        epochs: length of the run; the schedule ends with it.
    """
    options = begin_run(settings)
    settings.description = f"box2mask-lite, {model.variant}, on synthetic video"
    settings.grad_clip_max_norm = 5.0
    photographs = find_photographs()
    announce(photographs)
    train_set = SyntheticSampler(
        photographs.train, photographs.backgrounds, CLIPS, CROPS,
        num_frames=NUM_FRAMES, samples_per_epoch=ITERATIONS_PER_EPOCH * BATCH_SIZE, seed=options.seed,
    )  # fmt: skip
    val_set = SyntheticSampler(
        photographs.held_out, photographs.backgrounds, CLIPS, VALIDATION_CROPS,
        num_frames=NUM_FRAMES, samples_per_epoch=VALIDATION_CLIPS, seed=12345, repeat=True,
    )  # fmt: skip
    loaders = make_loaders(train_set, val_set, BATCH_SIZE, NUM_WORKERS)

    net = Box2MaskNet(model)
    load_backbone_weights(net, model.backbone)
    net.to(memory_format=torch.channels_last)
    actor = Box2MaskActor(net, lovasz_bce_loss, autocast=True)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=LEARNING_RATE, fused=True)
    schedule = LambdaLR(optimizer, partial(warm_up_and_cosine, warm_up=WARM_UP, total=epochs * ITERATIONS_PER_EPOCH))
    config = TrainerConfig(
        fingerprint={
            "model": asdict(model), "clips": asdict(CLIPS), "crops": asdict(CROPS), "source_weights": SOURCE_WEIGHTS,
            "photographs": len(photographs.train.stills), "batch_size": BATCH_SIZE, "num_frames": NUM_FRAMES,
            "learning_rate": LEARNING_RATE, "iterations": epochs * ITERATIONS_PER_EPOCH, "seed": options.seed,
        },
        best_stat="val/J", checkpoint_every=100, fresh=options.fresh, max_iterations=options.max_iterations,
    )  # fmt: skip
    Box2MaskTrainer(actor, loaders, optimizer, settings, schedule, config).train(max_epochs=epochs)
