"""What one system achieved on one sequence, stored so that it need not be measured again.

<out>/records/<tracker>/<parameter>/<sequence>.json
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ltr_ext import device
from ltr_ext.output import write_text
from tracker_ext.evaluation.metrics import decay
from tracker_ext.evaluation.scoring import NAN, MaskValue, Score

MEGABYTE = 2**20


@dataclass(frozen=True, kw_only=True)
class Record:
    """One system on one sequence."""

    stamp: str
    """What it was measured of; a record with another stamp is made anew."""
    given: str
    """What the system was told: `first box`, `first mask` or `all boxes`."""
    values: Sequence[MaskValue]
    """J and F of every mask that counts, frames ascending within an object."""
    seconds: float
    """Per frame, with all its objects."""
    memory: float
    """Largest memory of the process so far, MB."""
    gpu_memory: float
    """The same of the graphics card; 0 without one."""

    def score(self, sequence: str, method: str) -> Score:
        """The line of the table: means over frames, then objects; nan where nothing was measured."""
        by_object = self._by_object()
        means = [np.mean(rows, axis=0) for rows in by_object]
        j, f = np.mean(means, axis=0).tolist() if means else (NAN, NAN)
        frames = len({value.frame for value in self.values})
        fps = 1 / self.seconds if self.seconds > 0 else NAN
        return Score(sequence=sequence, method=method, j=j, f=f, fps=fps, frames=frames, objects=len(means))

    def decay(self) -> float:
        """How much J falls over the clip, the mean over objects; nan where nothing was measured."""
        falls = [decay(rows[:, 0]) for rows in self._by_object()]
        return float(np.mean(falls)) if falls else NAN

    def _by_object(self) -> list[np.ndarray]:
        """[N, 2] J and F of each object."""
        rows: dict[int, list[tuple[float, float]]] = {}
        for value in self.values:
            rows.setdefault(value.object_id, []).append((value.j, value.f))
        return [np.array(pairs) for pairs in rows.values()]


def record_file(out: Path, tracker: str, parameter: str, sequence: str) -> Path:
    """Where a record lies."""
    return out / "records" / tracker / parameter / f"{sequence}.json"


def write_record(path: Path, record: Record) -> None:
    """Store a record, whole or not at all.

    Raises:
        UserError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(asdict(record)) + "\n")


def read_record(path: Path, stamp: str | None = None) -> Record | None:
    """A stored record; None if there is none, if it is damaged, or if it has another stamp than the one wanted."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        record = Record(**{**entries, "values": [MaskValue(*value) for value in entries["values"]]})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return record if stamp is None or record.stamp == stamp else None


def peak_memory() -> float:
    """Largest resident memory of this process so far, MB.

    `getrusage` counts what the parent had before this process began; Linux says the rest in `VmHWM`.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024
    except (OSError, StopIteration):
        return device.peak_memory() / MEGABYTE


def peak_gpu_memory() -> float:
    """Largest memory that PyTorch had on the graphics card so far, MB; 0 without one."""
    import torch

    return torch.cuda.max_memory_allocated() / MEGABYTE if torch.cuda.is_available() else 0.0
