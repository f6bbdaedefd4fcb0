"""The paper's recipe by its text alone (sections 3.4 and 3.5): for comparison, since it does not train.

Adam 1e-2 with a factor of 0.2 at 30k and 60k of 80k iterations; the Lovasz hinge on both passes, averaged over frames;
decoder initialised after He et al.; crops of 5 times the box, moved into and shrunk to the image; flips; T = 3 frames
within a window of 100, each once. The first logits are in the tens and so the hinge in the hundreds, at 50 to 500 times
the authors' rates (`default.py`). Measured in docs/experiments.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.data.processing import CropConfig
from ltr_ext.distributed import processes
from ltr_ext.train_settings.box2mask import default
from ltr_ext.trainers.options import begin_run

CROPS = CropConfig(crop_hw=(480, 832), scale=(5.0, 5.0))
RECIPE = replace(
    default.RECIPE,
    model=replace(default.RECIPE.model, reduction="mean", parametrisation="exp"),
    crops=CROPS,
    validation_crops=CROPS,
    frames="distinct",
    loss="lovasz_hinge",
    loss_weight=1.0,
    fixed_statistics=False,
    he_decoder=True,
    learning_rate=1e-2,
    rates={},
)


def warn() -> None:
    """Say at the start what comes of it; of the processes of torchrun, which must have met, one speaks."""
    if processes().is_main:
        print("warning: the paper's text, taken literally, does not train (docs/experiments.md); "
              "run_training.py box2mask default is what its authors ran", flush=True)  # fmt: skip


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    begin_run(settings)
    warn()
    default.train(settings, RECIPE)
