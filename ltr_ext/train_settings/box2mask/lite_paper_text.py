"""The literal recipe of the paper (`paper_text.py`) with the network and clips of `lite_authors`, for comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings.box2mask import lite_authors, paper_text
from ltr_ext.trainers.options import begin_run

MODEL, PARENT = lite_authors.RECIPE.model, paper_text.RECIPE
RECIPE = replace(
    lite_authors.RECIPE,
    model=replace(MODEL, reduction=PARENT.model.reduction, parametrisation=PARENT.model.parametrisation),
    crops=replace(PARENT.crops, crop_hw=MODEL.crop_hw),
    loss=PARENT.loss,
    loss_weight=PARENT.loss_weight,
    fixed_statistics=PARENT.fixed_statistics,
    he_decoder=PARENT.he_decoder,
    learning_rate=PARENT.learning_rate,
    rates=PARENT.rates,
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    begin_run(settings)
    paper_text.warn()
    lite_authors.train(settings, RECIPE)
