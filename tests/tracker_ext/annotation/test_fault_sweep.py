"""A sample of the sweep: an annotation command broken at a file operation, and given again. See docs/reliability.md."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fault_sweep.py")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_sample_of_broken_runs_comes_out_right():
    done = subprocess.run([sys.executable, SCRIPT, "--every", "97"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.count(" 0 wrong") == 4 * 3
