r"""Measures the memory of run_annotate.py during a long sequence, as a table and a curve.

    python -m benchmarks.memory --frames 10000 --picture docs/memory.png

The sequence repeats a clip of the demo forward and backward. With the network in the repository this takes 20 minutes
on two idle cores.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from ltr_ext import host
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.output import write_text

ROOT = Path(__file__).resolve().parent.parent
CLIP = "dog"


def main() -> int:
    """Write the sequence, annotate it in another process, and measure the memory of that process."""
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=10000, metavar="N", help="(default %(default)s)")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="the curve")
    args = parser.parse_args()
    if args.frames < 100:
        raise UserError(f"--frames {args.frames}: must be at least 100")
    host.resolve()
    with tempfile.TemporaryDirectory() as folder:
        write_sequence(Path(folder) / "data/long", args.frames)
        samples = watch(Path(folder), args.frames)
    print(format_table(samples, args.frames))
    if args.picture:
        draw(samples, args.picture)
        print(args.picture)
    return 0


def write_sequence(folder: Path, num_frames: int) -> None:
    """Write `num_frames` links to the pictures of a demo clip, forward and backward in turn, with their boxes."""
    from tracker_ext.evaluation.sequences import load_sequences

    (clip,) = load_sequences("demo", CLIP)
    folder.mkdir(parents=True)
    lines = []
    for number in range(num_frames):
        turn = number % (2 * len(clip.frames) - 2)
        index = min(turn, 2 * len(clip.frames) - 2 - turn)
        picture = Path(clip.frames[index]).resolve()
        (folder / f"{number:06d}{picture.suffix}").symlink_to(picture)
        lines.append(",".join(f"{value:g}" for value in clip.ground_truth_rect[index]) + "\n")
    write_text(folder / "groundtruth.txt", "".join(lines))


def watch(folder: Path, num_frames: int) -> list[tuple[int, float]]:
    """Annotate `data` into `out`.

    Returns:
        Pairs (number of written masks, resident memory in MB), at most one per second.

    Raises:
        UserError: the command failed, or ended before anything could be measured.
    """
    command = [sys.executable, "run_annotate.py", "folder", str(folder / "data"), "--out", str(folder / "out")]
    samples = []
    with subprocess.Popen(command, cwd=ROOT) as process:
        while process.poll() is None:
            written = sum(1 for _ in (folder / "out/.work").glob("long/davis/Annotations/480p/long/*.png"))
            if written and (not samples or written > samples[-1][0]):
                samples.append((written, resident(process.pid)))
            time.sleep(1)
    if process.returncode:
        raise UserError(f"run_annotate.py: exit code {process.returncode}; see above")
    if not samples:
        raise UserError(f"--frames {num_frames}: too few to see anything; take more")
    return samples


def resident(process: int) -> float:
    """The resident memory of a process in MB; 0 if it has just ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def format_table(samples: Sequence[tuple[int, float]], num_frames: int) -> str:
    """A Markdown table of the memory after each tenth of the sequence."""
    points = [min(samples, key=lambda sample: abs(sample[0] - num_frames * tenth / 10)) for tenth in range(1, 11)]
    return "\n".join(
        [
            "| frames written | " + " | ".join(str(written) for written, _ in points) + " |",
            "|---" * (len(points) + 1) + "|",
            "| MB | " + " | ".join(f"{memory:.0f}" for _, memory in points) + " |",
        ]
    )


def draw(samples: Sequence[tuple[int, float]], path: Path) -> None:
    """Draw the curve as PNG."""
    figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
    axes.plot(*zip(*samples, strict=True))
    axes.set(xlabel="frames written", ylabel="resident memory, MB", ylim=(0, None), xlim=(0, None))
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    sys.exit(run_command(main))
