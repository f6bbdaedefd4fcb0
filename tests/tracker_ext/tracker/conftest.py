"""A tiny random network, tiny frames, and a tracker on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from miniatures.tiny_lwl import CONFIG, HEIGHT, TINY, TINY_BOX2MASK, WIDTH

from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.lwl import LWLNet


@pytest.fixture(scope="session")
def net() -> LWLNet:
    torch.manual_seed(0)
    net = LWLNet(TINY)
    net.backbone.fold_batch_norm()
    return net.eval()


@pytest.fixture(scope="session")
def box_net() -> Box2MaskNet:
    torch.manual_seed(0)
    net = Box2MaskNet(TINY_BOX2MASK)
    net.backbone.fold_batch_norm()
    return net.eval()


@pytest.fixture
def make_tracker(net: LWLNet, box_net: Box2MaskNet) -> Callable[..., Any]:
    """`make_tracker(net=..., **changes of the config)`."""
    from pytracking.utils import TrackerParams

    from tracker_ext.tracker.lwl_tracker import LWLTracker, LWLTrackerParts

    def make(other_net: LWLNet | None = None, **changes: Any) -> LWLTracker:
        params = TrackerParams()
        params.parts = LWLTrackerParts(other_net or net, replace(CONFIG, **changes), box_net)
        return LWLTracker(params)

    return make


@pytest.fixture(scope="session")
def frames() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8) for _ in range(6)]
