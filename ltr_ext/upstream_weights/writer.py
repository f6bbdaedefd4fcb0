"""Writes checkpoints that pytracking can load; pytracking need not be installed."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.models.cues import CueNet
from ltr_ext.models.lwl import LWLNet
from ltr_ext.output import write_bytes
from ltr_ext.upstream_weights.networks import BUILDER, BUILDERS, builder_arguments, check_exportable, exported_state

CONSTRUCTOR_MODULE = "ltr.admin.model_constructor"


class NetConstructor:
    """Takes the place of the object that pytracking pickles to rebuild a network, and has the same attributes."""

    def __init__(self, fun_module: str, kwds: dict[str, Any]) -> None:
        self.fun_name = BUILDER
        self.fun_module = fun_module
        self.args: tuple[Any, ...] = ()
        self.kwds = kwds


def save_upstream(net: Box2MaskNet | LWLNet | CueNet, path: Path, *, num_frames: int = 1) -> None:
    """Write a network as pytracking's trainer does, but without optimizer, statistics and settings.

    Args:
        net: a network whose backbone is folded.
        path: the file; its folder must exist.
        num_frames: see `exported_state`.

    Raises:
        UserError: pytracking has no such network, or the file cannot be written.
    """
    check_exportable(net)
    assert not isinstance(net, CueNet)
    config = net.config
    iterations = config.inference_iterations if isinstance(config, Box2MaskConfig) else config.train_iterations
    module, net_type = BUILDERS[type(net)]
    content = {
        "epoch": 0,
        "actor_type": None,
        "net_type": net_type,
        "net": exported_state(net, num_frames),
        "net_info": None,
        "constructor": NetConstructor(module, builder_arguments(net, iterations)),
        "optimizer": None,
        "stats": None,
        "settings": None,
    }
    buffer = io.BytesIO()  # given a path, torch would store the file's name in the file, so that no two were equal
    with _known_as(CONSTRUCTOR_MODULE):
        torch.save(content, buffer)
    write_bytes(path, buffer.getvalue())


@contextmanager
def _known_as(module_name: str) -> Iterator[None]:
    """A context in which pickle stores `NetConstructor` under pytracking's name, whether or not that is imported."""
    parts = module_name.split(".")
    names = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    before = {name: sys.modules[name] for name in names if name in sys.modules}
    own = NetConstructor.__module__
    sys.modules.update({name: ModuleType(name) for name in names})
    vars(sys.modules[module_name])["NetConstructor"] = NetConstructor
    NetConstructor.__module__ = module_name
    try:
        yield
    finally:
        NetConstructor.__module__ = own
        for name in names:
            del sys.modules[name]
        sys.modules.update(before)
