"""Cutie (Cheng et al., CVPR 2024) from the package rf-cutie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tracker_ext.adapters.packages import Origin, fill, read_state, replaced, require, untrained
from tracker_ext.adapters.whole_frame import Engine, Entering, labels_of

SHORT_SIDE = 480
"""Larger frames are shrunk to this inside, as its authors do."""
MEMORY_EVERY = 5
UNUSED = ("pixel_mean", "pixel_std")


def load_cutie(origin: Origin, weights: Path, device: str, size: str = "base") -> Callable[[], Engine]:
    """Load the network.

    Args:
        origin: for messages.
        weights: the authors' file.
        device: where to put it.
        size: a file of the package's `config/model`: `base` or `small`.

    Raises:
        UserError: the package is not there, or the weights are of another network.
    """
    omegaconf, network, inference, resnet, package = require(
        origin,
        "omegaconf",
        "cutie.model.cutie",
        "cutie.inference.inference_core",
        "cutie.model.utils.resnet",
        "cutie.config",
    )
    folder = Path(package.__path__[0])
    config = omegaconf.OmegaConf.load(folder / "eval_config.yaml")
    model = omegaconf.OmegaConf.load(folder / "model" / "base.yaml")
    if size != "base":
        model = omegaconf.OmegaConf.merge(model, omegaconf.OmegaConf.load(folder / "model" / f"{size}.yaml"))
    own = {"model": model, "use_long_term": True, "mem_every": MEMORY_EVERY, "max_internal_size": SHORT_SIDE}
    config = omegaconf.OmegaConf.merge(
        {name: config[name] for name in config if name not in ("hydra", "defaults")}, own
    )
    with (
        replaced(resnet, "resnet18", untrained(resnet.resnet18)),
        replaced(resnet, "resnet50", untrained(resnet.resnet50)),
    ):
        net = network.CUTIE(config)
    fill(net, read_state(weights), weights, spare=UNUSED)
    net = net.to(device).eval()
    return lambda: CutieEngine(inference.InferenceCore(net, config), device)


class CutieEngine:
    """Its inference core, which remembers by itself."""

    def __init__(self, core: Any, device: str) -> None:
        self._core, self._device = core, device

    def step(self, image: np.ndarray, entering: Mapping[int, Entering]) -> Tensor:
        """See `Engine`."""
        picture = torch.from_numpy(image).to(self._device).permute(2, 0, 1).float() / 255
        if not entering:
            return self._core.step(picture)
        labels = torch.from_numpy(labels_of(entering, image.shape[:2])).to(self._device)
        return self._core.step(picture, labels, objects=list(entering))
