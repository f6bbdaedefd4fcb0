"""Every test runs on one host, with few threads, and with settings that name nothing of this machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

_SCRATCH = tempfile.TemporaryDirectory(prefix="box2mask-tests-")
_SETTINGS = Path(_SCRATCH.name) / "paths.toml"
_SETTINGS.write_text('workspace_dir = "workspace"\nresults_dir = "results"\n')
os.environ["BOX2MASK_SETTINGS"] = str(_SETTINGS)

from ltr_ext import host

HOST = host.resolve()


def pytest_report_header() -> str:
    return f"host: {HOST}"
