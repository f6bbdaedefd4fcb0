"""Parts of PyTorch that are imported when they are used, not with it.

`import torch` also imports how each operation behaves on tensors without data, which only tracing and compiling ask
for: a third of its time. Commands that neither trace nor compile, and that someone waits for, put it off.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

LATE = frozenset({"torch._meta_registrations"})
"""Nothing asks them for an attribute while PyTorch itself is imported."""


class _LateModule(ModuleType):
    """Its code runs when it is first asked for a name; `importlib.util.LazyLoader` would run it for `__file__`, too."""

    def __getattr__(self, name: str) -> Any:
        loader = self.__spec__.loader if self.__spec__ is not None else None
        if name.startswith("__") or not isinstance(loader, _LateLoader):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__class__ = ModuleType  # type: ignore[assignment]  # an ordinary module from now on
        loader.real.exec_module(self)
        return getattr(self, name)


class _LateLoader(Loader):
    """Makes a `_LateModule` of what a loader finds."""

    def __init__(self, real: Loader) -> None:
        self.real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _LateModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing yet."""


class _LateFinder(MetaPathFinder):
    """Finds the modules of `LATE`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in LATE else None
        if spec is not None and spec.loader is not None:
            spec.loader = _LateLoader(spec.loader)
        return spec


def put_off_imports() -> None:
    """From now on; does nothing where PyTorch is imported already."""
    if "torch" not in sys.modules and not any(isinstance(finder, _LateFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _LateFinder())
