"""Stand-in for the training half of the host: the names our extension uses, with the same surface."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ltr.admin.model_constructor import model_constructor

if TYPE_CHECKING:
    from ltr.admin.multigpu import MultiGPU

__all__ = ["MultiGPU", "model_constructor"]


def __getattr__(name: str) -> Any:
    """`MultiGPU` needs torch, which takes seconds to import: only for who asks for it."""
    if name == "MultiGPU":
        return importlib.import_module("ltr.admin.multigpu").MultiGPU
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
