"""Stand-in for the training half of the host, with the same interface."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ltr.admin.model_constructor import model_constructor

if TYPE_CHECKING:
    from ltr.admin.multigpu import MultiGPU

__all__ = ["MultiGPU", "model_constructor"]


def __getattr__(name: str) -> Any:
    """Import `MultiGPU` only when it is used, since it needs torch, whose import takes seconds."""
    if name == "MultiGPU":
        return importlib.import_module("ltr.admin.multigpu").MultiGPU
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
