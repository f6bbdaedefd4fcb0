"""A short run of `lite` on photographs and on videos whose masks run_annotate.py made from boxes.

The comparison with `lite_photographs` shows whether such masks help, as the paper claims. `got10k_dir` names the
videos, in the layout of GOT-10k, and `got10k_masks_dir` their masks: the folder `upstream` in the output of
run_annotate.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings.lwl import lite, lite_photographs

RECIPE = replace(lite_photographs.RECIPE, made_turns=(3, 1))


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lite.train(settings, RECIPE)
