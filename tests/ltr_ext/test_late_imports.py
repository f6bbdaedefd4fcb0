"""What is put off is not imported with PyTorch, and is there when it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from ltr_ext.late_imports import put_off_imports
put_off_imports()
put_off_imports()
assert sum(type(finder).__name__ == "_LateFinder" for finder in sys.meta_path) == 1
import torch
assert "torch._refs" not in sys.modules, "what a late module needs is not there either"
with torch.inference_mode():
    assert torch.nn.Conv2d(1, 2, 3)(torch.rand(1, 1, 8, 8)).shape == (1, 2, 6, 6)
weight = torch.ones(3, requires_grad=True)
weight.square().sum().backward()
assert weight.grad.tolist() == [2, 2, 2]
assert torch._meta_registrations.register_meta
assert "torch._refs" in sys.modules
"""


def test_modules_come_when_they_are_asked_for():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
