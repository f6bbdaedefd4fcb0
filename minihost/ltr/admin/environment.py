"""The training paths of this machine."""

from __future__ import annotations

import importlib
from typing import Any


def env_settings() -> Any:
    """Make an `EnvironmentSettings` of the module `ltr.admin.local`, which the program that uses the host provides.

    Raises:
        RuntimeError: there is no such module.
    """
    try:
        local = importlib.import_module("ltr.admin.local")
    except ModuleNotFoundError as error:
        raise RuntimeError("ltr.admin.local is missing: provide a module with a class EnvironmentSettings") from error
    return local.EnvironmentSettings()
