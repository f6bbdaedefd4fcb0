"""Stand-in for the tracking half of the host: containers, data sets, runner, result files, analysis."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytracking.libs import TensorDict, TensorList

__all__ = ["TensorDict", "TensorList"]


def __getattr__(name: str) -> Any:
    """Import the containers only when they are used, since they need torch, whose import takes seconds."""
    if name in __all__:
        return getattr(importlib.import_module("pytracking.libs"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
