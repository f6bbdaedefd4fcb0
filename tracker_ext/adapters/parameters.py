"""What the parameter modules of the adapters share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from pytracking.utils import TrackerParams

from ltr_ext.device import best_device
from tracker_ext.adapters.packages import Origin, find_weights
from tracker_ext.adapters.whole_frame import AdapterParts, Engine
from tracker_ext.segmentation.api import load_box2mask, weight_file

LoadEngine = Callable[[Origin, Path, str], Callable[[], Engine]]
"""(origin, weight file, device) -> what makes an engine for a video."""


def adapter_parameters(
    origin: Origin, load: LoadEngine, given: Sequence[Path], prompt: Literal["mask", "box"] = "mask"
) -> TrackerParams:
    """The parameters of an adapter.

    Args:
        origin: of its package and weights.
        load: loads the network.
        given: weight files of the user's.
        prompt: what the network starts from; masks are made of boxes by box2mask-lite where none are given.

    Raises:
        UserError: the package or the weights are not there, or are others.
    """
    params = TrackerParams()
    params.device = best_device()
    path = find_weights(origin, given)
    engine = load(origin, path, params.device)
    params.weights = (path,) if prompt == "box" else (path, weight_file(None))
    params.adapter = AdapterParts(engine, prompt, None if prompt == "box" else load_box2mask())
    return params
