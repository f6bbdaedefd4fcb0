"""Networks that store how they were built."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class NetConstructor:
    """The stored call of a builder function."""

    fun_name: str
    fun_module: str
    args: tuple[Any, ...]
    kwds: dict[str, Any]

    def get(self) -> Any:
        """Call the builder again."""
        return getattr(importlib.import_module(self.fun_module), self.fun_name)(*self.args, **self.kwds)


def model_constructor(builder: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a builder, so that its network (the first of a tuple or list) gets the attribute `constructor`."""

    @functools.wraps(builder)
    def build(*args: Any, **kwds: Any) -> Any:
        built = builder(*args, **kwds)
        net = built[0] if isinstance(built, (tuple, list)) else built
        net.constructor = NetConstructor(builder.__name__, builder.__module__, args, kwds)
        return built

    return build
