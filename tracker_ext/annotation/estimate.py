"""How much there is to do, how large it will be and how long it will take: `run_annotate.py --dry-run`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from ltr_ext.errors import UserError
from ltr_ext.text import counted, duration, size
from tracker_ext.annotation.formats import FORMATS
from tracker_ext.annotation.job import AnnotationJob
from tracker_ext.annotation.sequence_masks import make_sequence
from tracker_ext.annotation.workers import network_for
from tracker_ext.segmentation.boxed_sequence import BoxedSequence

SAMPLED = 12
"""Sequences whose boxes a dry run reads."""


def estimate(job: AnnotationJob, names: list[str], workers: int) -> str:
    """Lines that say what there is to do, how large and how long: counted on a sample, timed on one window."""
    missing = [name for name in names if not job.is_done(name)]
    if not missing:
        return f"{counted(len(names), 'sequence')}, all of them done"
    step = max(1, len(missing) // SAMPLED)
    loaded: list[BoxedSequence] = []
    problems = []
    for name in missing[::step][:SAMPLED]:
        try:
            loaded.append(job.load(name))
        except UserError as error:
            problems.append(f"cannot be read: {error}")
    lines = [f"{counted(len(names), 'sequence')}, {len(names) - len(missing)} done, {len(missing)} to do"]
    if loaded:
        frames = sum(len(sequence.frames) for sequence in loaded) / len(loaded) * len(missing)
        seconds, sizes, probed = measure(job, loaded[0])
        lines.append(f"about {frames:,.0f} frames (mean of {counted(len(loaded), 'sequence')})")
        lines += [f"{name}: about {size(bytes_ * frames)}" for name, bytes_ in sizes.items()]
        share = f", {duration(seconds * frames / workers)} if {workers} workers do not hinder each other"
        lines.append(
            f"time: about {duration(seconds * frames)} with one process ({1 / seconds:.1f} frames/s, measured on "
            f"{probed}){share if workers > 1 else ''}"
        )
    return "\n".join([*lines, *problems])


def measure(job: AnnotationJob, sequence: BoxedSequence) -> tuple[float, dict[str, float], str]:
    """Seconds per frame, and bytes per frame of each kind of output, from one window of a sequence."""
    net, calibration = network_for(job.weights, job.settings.variant)
    few = sequence.thinned(1, job.settings.config.num_frames)
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm"
        warm.mkdir()
        make_sequence(job, few, net, calibration, warm)
        work = Path(folder) / "work"
        work.mkdir()
        start = time.perf_counter()
        make_sequence(job, few, net, calibration, work)
        seconds = time.perf_counter() - start
        sizes = {
            path.name: sum(file.lstat().st_size for file in path.rglob("*") if file.is_file()) / len(few.frames)
            for path in sorted(work.iterdir())
            if path.name in FORMATS
        }
    return seconds / len(few.frames), sizes, f"{counted(len(few.frames), 'frame')} of {sequence.name}"
