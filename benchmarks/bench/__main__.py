r"""All speed targets in one table: ours against pytracking with equal random weights, and the growth with the task.

    PYTRACKING_HOME=~/pytracking make bench                                  # everything, half an hour or more
    taskset -c 1 python -m benchmarks.bench --threads 1 --rows solver lite   # rows whose names begin with these words

Without pytracking, rows that need it are skipped, with a note. The docstring of `measure` says how times are taken.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

import cv2
import torch

from benchmarks.bench import command_rows, lite_rows, measure, network_rows, solver_rows, tracker_rows
from benchmarks.bench.upstream import choose_host
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.output import write_text

ROWS = [*solver_rows.ROWS, *network_rows.ROWS, *tracker_rows.ROWS, *lite_rows.ROWS, *command_rows.ROWS]
LEAST_PAIRS = 5


def chosen(names: list[str]) -> list[measure.Row]:
    """The rows whose names begin with one of `names`; all rows if there are no names.

    Raises:
        UserError: no row begins with one of the names.
    """
    for name in names:
        if not any(row.name.startswith(name) for row in ROWS):
            raise UserError(f"--rows {name}: no row begins so; see --list")
    return [row for row in ROWS if not names or row.name.startswith(tuple(names))]


def main() -> int:
    """Measure the rows, print the table and write it."""
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", default=[], metavar="NAME", help="beginnings of names (default: all rows)")
    parser.add_argument("--list", action="store_true", help="say what rows there are")
    parser.add_argument(
        "--pairs", type=int, default=LEAST_PAIRS, metavar="N", help="medians of N (default %(default)s)"
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="of torch and OpenCV (default %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="writes FILE.md and FILE.json, too")
    args = parser.parse_args()
    rows = chosen(args.rows)
    if args.list:
        print("\n".join(row.name for row in rows))
        return 0
    for name in ("pairs", "threads"):
        if getattr(args, name) < 1:
            raise UserError(f"--{name} {getattr(args, name)}: must be at least 1")
    os.environ.update(OMP_NUM_THREADS=str(args.threads), MKL_NUM_THREADS=str(args.threads))  # for started commands
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    torch.set_flush_denormal(True)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, {torch.backends.cpu.get_cpu_capability()}"
    head = (
        f"{machine}; torch {torch.__version__}, {args.threads} threads, medians of {args.pairs}; {choose_host().name}"
    )
    print(head, flush=True)
    done = []
    for row in rows:
        done.append(measure.measure(row, args.pairs))
        print(measure.markdown(done[-1:]).splitlines()[-1], flush=True)
        if args.out is not None:  # after every row, since all rows take long
            write_text(args.out.with_suffix(".md"), f"{head}\n\n{measure.markdown(done)}\n")
            record = {"machine": head, "rows": [one.record() for one in done]}
            write_text(args.out.with_suffix(".json"), json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
