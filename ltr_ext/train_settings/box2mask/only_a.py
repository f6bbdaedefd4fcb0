"""The paper's network, trained only on part A of YouTube-VOS; it makes the pseudo masks of `lwl pseudo`.

Masks are given for A, a tenth of the sequences (`ltr_ext/dataset/splits.py`), and boxes for B (paper section 4.2). The
paper states no other schedule for this network, so it is that of `default.py`, without DAVIS.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings.box2mask import default

RECIPE = replace(default.RECIPE, part="A", turns=(1,))


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    default.train(settings, RECIPE)
