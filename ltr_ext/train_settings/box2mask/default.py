"""The paper's network, trained as its authors did: ResNet-50, YouTube-VOS 2019 and DAVIS 2017, 80k iterations.

The paper (sections 3.4 and 3.5) leaves much open, and its literal recipe (`paper_text.py`) does not train. The numbers
here are those of the training code that the first author published as pull request 275 of visionml/pytracking:

* Adam has a learning rate for each part: 2e-5 for the feature head (of both solves), 1e-4 for lambda and the decoder,
  2e-4 for the object and mask encoders. All fall to a fifth at epochs 30 and 60 of 80; an epoch has 1000 iterations
  of 4 clips. The filter starts at zero, so it has no initialiser.
* The loss is 100 times Lovasz-Softmax of the probabilities, over the pixels of all frames of a batch together, on y
  and on y^.
* Batch statistics, the decoder's too, stay at 0 and 1. The decoder has PyTorch's initialisation, the encoders and the
  feature head that of He et al. Eq. 2 sums over frames; lambda = r^2 with r = 0.01 at the start.
* T = 3: a frame that shows the object, and two more, with replacement, from the 100 frames after it. The proportion
  of YouTube-VOS to DAVIS is 6 : 1.
* Search regions are 5 times the jittered box and moved into the image ("inside_major"), however much that changes their
  scale. The centre jitter is 3 and the scale jitter 0.25, in validation (5.5, 4.5) and 0.5. Of the clips, 5 % become
  grey and 50 % are flipped; the brightness of each frame varies by 20 %.

The training set is YouTube-VOS without YT300 (upstream's jjtrain), the held-out set is YT300 (jjvalid).

Expected J with T = 9 (table 1): YT300 85.6, DAVIS 2017 val 81.2. The authors' training took 32 hours on a TITAN Xp.

The settings file must name `youtubevos_dir`, `davis_dir` and `pretrained_dir`; the last one holds
`e2e_mask_rcnn_R_50_FPN_1x_converted.pkl`, the backbone file that upstream's LWL settings use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from ltr.dataset import Davis, YouTubeVOS

from ltr_ext.data.frame_choice import distinct_frames, first_and_later_frames
from ltr_ext.data.sampler import VideoSampler
from ltr_ext.data.search_crops import SearchConfig
from ltr_ext.dataset.presence import require_dataset
from ltr_ext.dataset.splits import part_of
from ltr_ext.distributed import processes
from ltr_ext.models.box2mask import Box2MaskConfig
from ltr_ext.paths import load_paths
from ltr_ext.train_settings.box2mask_recipe import TrainingRecipe, train_on
from ltr_ext.train_settings.common import BACKBONE_FILE
from ltr_ext.trainers.options import begin_run


@dataclass(frozen=True, kw_only=True)
class Recipe(TrainingRecipe):
    """The recipe of a network that is trained on videos with masks."""

    frames: Literal["first_and_later", "distinct"]
    """How the frames of a sample are chosen, see `ltr_ext.data.frame_choice`."""
    window: int
    """Length in frames of the window from which they are drawn."""
    turns: tuple[int, ...]
    """How many samples YouTube-VOS and DAVIS give in turn; a single number means YouTube-VOS alone."""
    part: str = "train"
    """The part of YouTube-VOS, see `ltr_ext.dataset.splits`."""


RECIPE = Recipe(
    model=Box2MaskConfig(
        block_bias=False,  # as upstream, so that it can be exported for pytracking
        reduction="sum",
        parametrisation="square",
    ),
    crops=SearchConfig(crop_hw=(480, 832), rotation=0.0, zoom=0.0),
    validation_crops=SearchConfig(
        crop_hw=(480, 832), centre_jitter=(5.5, 4.5), scale_jitter=0.5, rotation=0.0, zoom=0.0, brightness=0.0
    ),
    num_frames=3,
    frames="first_and_later",
    window=100,
    turns=(6, 1),
    batch_size=4,
    iterations=80_000,
    iterations_per_epoch=1000,
    loss="lovasz_softmax",
    loss_weight=100.0,
    fixed_statistics=True,
    he_decoder=False,
    learning_rate=2e-4,
    rates={"target_features": 2e-5, "aggregation": 1e-4, "refined_aggregation": 1e-4, "decoder": 1e-4},
    milestones=(30_000, 60_000),
    decay=0.2,
    validation_clips=300,
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    train(settings, RECIPE)


def train(settings: Any, recipe: Recipe) -> None:
    """Train by a recipe.

    Args:
        settings: the host's settings.
        recipe: the recipe.

    Raises:
        UserError: a path is not set, or a data set is missing.
    """
    options = begin_run(settings)
    settings.description = f"box2mask as in the paper, {recipe.model.variant}"
    paths = load_paths()
    needed_for = f"run_training.py box2mask {settings.script_name}"
    youtubevos = paths.require("youtubevos_dir", needed_for=needed_for)
    davis = paths.require("davis_dir", needed_for=needed_for) if len(recipe.turns) > 1 else None
    pretrained = paths.require("pretrained_dir", needed_for=needed_for)
    require_dataset("yt2019_train")
    if davis is not None:
        require_dataset("dv2017_train")

    def sequences(names: list[str]) -> YouTubeVOS:
        return YouTubeVOS(root=str(youtubevos), version="2019", split="train", multiobj=False, sequences=names)

    frames_dir = youtubevos / "2019" / "train" / "JPEGImages"
    with processes().main_first():
        train_sets = [sequences(part_of(frames_dir, recipe.part))]
        if davis is not None:
            train_sets.append(Davis(root=str(davis), version="2017", split="train", multiobj=False))
        yt300 = sequences(part_of(frames_dir, "YT300"))
    draw = first_and_later_frames if recipe.frames == "first_and_later" else distinct_frames
    sample = partial(VideoSampler, num_frames=recipe.num_frames, window=recipe.window, draw=draw)
    train_set = sample(
        train_sets, recipe.turns, recipe.crops, samples_per_epoch=recipe.samples_per_epoch, seed=options.seed
    )
    val_set = sample(
        [yt300], (1,), recipe.validation_crops, samples_per_epoch=recipe.validation_clips, seed=recipe.validation_seed,
        repeat=True,
    )  # fmt: skip
    train_on(
        settings, options, recipe, train_set, val_set, pretrained / BACKBONE_FILE,
        sequences=[dataset.get_num_sequences() for dataset in train_sets], held_out=yt300.get_num_sequences(),
    )  # fmt: skip
