"""The time of a whole command in its own process, for a folder of two frames."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.bench.measure import Pair, Row
from ltr_ext.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 2


def _command(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "run_annotate.py", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"run_annotate.py {' '.join(arguments)}: exit code {done.returncode}: {done.stderr[-200:]}")


class _Start:
    """A sequence in a temporary folder, which each call annotates anew."""

    def __init__(self, kind: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="box2mask-bench-")
        self._kind = kind
        self._count = 0
        sequence = Path(self._folder.name) / "clips" / "one"
        sequence.mkdir(parents=True)
        for number in range(FRAMES):
            noise = np.random.default_rng(number).integers(0, 256, (240, 320, 3), dtype=np.uint8)
            Image.fromarray(noise).save(sequence / f"{number:05d}.jpg")
        (sequence / "groundtruth.txt").write_text("100,80,90,80\n" * FRAMES)

    def __call__(self) -> None:
        self._count += 1
        root, out = Path(self._folder.name), Path(self._folder.name) / f"out{self._count}"
        sequence = root / "clips" / "one"
        if self._kind == "video":
            _command("video", str(sequence), "--boxes", str(sequence / "groundtruth.txt"), "--out", str(out))
        else:
            _command("folder", str(root / "clips"), "--out", str(out))


ROWS = [
    Row(f"run_annotate.py {kind}: start to {FRAMES} masks", "command", "nothing", 3000.0,
        lambda kind=kind: Pair(_Start(kind), None))
    for kind in ("video", "folder")
]  # fmt: skip
