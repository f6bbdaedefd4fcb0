"""Stand-in for upstream's tracking half: containers, data sets, runner, result files, analysis."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytracking.libs import TensorDict, TensorList

__all__ = ["TensorDict", "TensorList"]


def __getattr__(name: str) -> Any:
    """The containers need torch, which takes seconds to import: only for who asks for them."""
    if name in __all__:
        return getattr(importlib.import_module("pytracking.libs"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
