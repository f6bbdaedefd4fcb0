"""Measures the speed of the solver, and its share of the machine's peak speed.

The peak is that of a large matrix product, measured in the same run. The sizes are those of the paper's network (512
features, crops of 832 x 480) and of the lite one (96 features, crops of 320 x 320, in training 256 x 256).

Example: taskset -c 0 python -m benchmarks.solver --threads 1
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.speed import matmul_peak
from ltr_ext.errors import CommandLine, run_command
from ltr_ext.models.aggregation import solve

CHANNELS, KERNEL_SIZE = 16, 3
PAPER, LITE, LITE_TRAINING = (512, 30, 52), (96, 20, 20), (96, 16, 16)
"""The number of features D, and the height and width of their grid."""

CASES = [
    ("inference", size, frames, 1, steps) for size in (PAPER, LITE) for frames in (1, 3, 9) for steps in (5, 15)
] + [
    ("forward and backward", PAPER, 3, 1, 5),
    ("forward and backward", LITE_TRAINING, 3, 4, 5),
    ("update from a memory", PAPER, 32, 1, 3),
    ("update from a memory", LITE, 32, 1, 3),
]
"""Tuples (task, size, frames T, sequences B, steps)."""


def problem(size: tuple[int, int, int], frames: int, sequences: int) -> dict[str, Tensor]:
    """Random arguments of `solve`."""
    dim, height, width = size
    grid = (frames, sequences, CHANNELS, height, width)
    return {
        "features": torch.randn(frames, sequences, dim, height, width) / (dim * KERNEL_SIZE**2) ** 0.5,
        "target": torch.randn(grid).relu(),
        "weight": torch.rand(grid),
        "regularisation": torch.tensor(1e-3),
    }


def task(what: str, data: dict[str, Tensor], steps: int) -> Callable[[], object]:
    """The function that is timed."""
    if what == "forward and backward":
        inputs = {name: tensor.requires_grad_() for name, tensor in data.items()}

        def forward_and_backward() -> object:
            found = solve(**inputs, kernel_size=KERNEL_SIZE, iterations=steps)
            return torch.autograd.grad(found.prediction.square().sum(), list(inputs.values()))

        return forward_and_backward
    sequences, dim = data["features"].shape[1:3]
    warm = what.startswith("update")
    start = torch.randn(sequences, CHANNELS, dim, KERNEL_SIZE, KERNEL_SIZE) if warm else None

    def forward() -> object:
        with torch.inference_mode():
            return solve(**data, kernel_size=KERNEL_SIZE, iterations=steps, initial=start)

    return forward


def products(what: str, size: tuple[int, int, int], frames: int, sequences: int, steps: int) -> float:
    """The operations of the convolutions in 10^9: two convolutions per step (six with the backward pass), and one more
    for an update, which starts from a filter."""
    dim, height, width = size
    one = 2e-9 * frames * sequences * height * width * dim * CHANNELS * KERNEL_SIZE**2
    return one * {"inference": 2 * steps, "update from a memory": 2 * steps + 1}.get(what, 6 * steps)


def main() -> int:
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7, help="the median counts (default %(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="of torch (default: all cores)")
    args = parser.parse_args()
    if args.threads > 0:
        torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    peak = matmul_peak(torch.float32)
    print(f"{torch.get_num_threads()} threads, float32; matrix product {peak:.0f} GFLOP/s")
    print("{:<22}{:>12}{:>4}{:>4}{:>7}{:>12}{:>9}".format("what", "D, h x w", "T", "B", "steps", "CPU ms", "of peak"))
    for what, size, frames, sequences, steps in CASES:
        run = task(what, problem(size, frames, sequences), steps)
        run()
        seconds = []
        for _ in range(args.repeats):
            start = time.process_time()
            run()
            seconds.append(time.process_time() - start)
        typical = statistics.median(seconds)
        share = products(what, size, frames, sequences, steps) / typical / peak
        shape = f"{size[0]}, {size[1]}x{size[2]}"
        print(f"{what:<22}{shape:>12}{frames:>4}{sequences:>4}{steps:>7}{1e3 * typical:>12.1f}{share:>9.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
