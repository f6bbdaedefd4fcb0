"""Write a checkpoint that pytracking loads, with or without pytracking installed."""

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
from ltr_ext.models.lwl import LWLNet
from ltr_ext.output import write_bytes
from ltr_ext.upstream_weights.networks import BUILDER, BUILDERS, builder_arguments, check_exportable, exported_state

CONSTRUCTOR_MODULE = "ltr.admin.model_constructor"


class NetConstructor:
    """What pytracking pickles to rebuild a network: it finds its own class by name and sets these attributes."""

    def __init__(self, fun_module: str, kwds: dict[str, Any]) -> None:
        self.fun_name = BUILDER
        self.fun_module = fun_module
        self.args: tuple[Any, ...] = ()
        self.kwds = kwds


def save_upstream(net: Box2MaskNet | LWLNet, path: Path, *, num_frames: int = 1, epoch: int = 0) -> None:
    """Write a network as pytracking's trainer would, without optimizer, statistics and settings.

    Args:
        net: its backbone folded.
        path: the file; its folder exists.
        num_frames: see `exported_state`.
        epoch: number that the file says.

    Raises:
        UserError: pytracking has no such network, or the file cannot be written.
    """
    check_exportable(net)
    config = net.config
    iterations = config.inference_iterations if isinstance(config, Box2MaskConfig) else config.train_iterations
    module, net_type = BUILDERS[type(net)]
    content = {
        "epoch": epoch,
        "actor_type": None,
        "net_type": net_type,
        "net": exported_state(net, num_frames),
        "net_info": None,
        "constructor": NetConstructor(module, builder_arguments(net, iterations)),
        "optimizer": None,
        "stats": None,
        "settings": None,
    }
    buffer = io.BytesIO()  # into a file, torch would write that file's name, too: no two would be alike
    with _known_as(CONSTRUCTOR_MODULE):
        torch.save(content, buffer)
    write_bytes(path, buffer.getvalue())


@contextmanager
def _known_as(module_name: str) -> Iterator[None]:
    """pickle stores a class by the name under which it finds it: here pytracking's, whether or not that is loaded."""
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
