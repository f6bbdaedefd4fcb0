"""The literal recipe of the paper (sections 3.4 and 3.5), for comparison, since it does not train.

The recipe is Adam at 1e-2 with a factor of 0.2 at 30k and 60k of 80k iterations; the Lovasz hinge on both passes,
averaged over frames; the decoder initialised after He et al.; crops of 5 times the box, moved into the image and shrunk
to fit it; flips; T = 3 distinct frames within a window of 100. The first logits are in the tens and the hinge therefore
in the hundreds, at 50 to 500 times the authors' learning rates (`default.py`). docs/experiments.md has the
measurements.
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
    """Warn that this recipe does not train; only process 0 does, so the processes must be connected before."""
    if processes().is_main:
        print("warning: the paper's text, taken literally, does not train (docs/experiments.md); "
              "run_training.py box2mask default is what its authors ran", flush=True)  # fmt: skip


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    begin_run(settings)
    warn()
    default.train(settings, RECIPE)
