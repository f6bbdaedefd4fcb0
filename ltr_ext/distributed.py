"""Training with several processes, which torchrun starts; each takes its share of every batch.

N processes with batches of B / N samples are to give the result of one process with batches of B, up to rounding:
gradients are averaged over the processes, batch statistics are those of the whole batch, and a loss that couples the
samples of a batch is computed on all of them (`gather_batch`). Without torchrun there is one process, and these
functions have no effect.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ltr_ext.errors import EXIT_USER_ERROR, UserError

Value = TypeVar("Value")
TIMEOUT = timedelta(hours=2)
"""How long a process waits for another one. It is long since the others wait while process 0 prepares data."""


@dataclass(frozen=True)
class Processes:
    """The processes of one training run."""

    rank: int = 0
    """Number of this process, from 0."""
    size: int = 1
    """Number of processes."""

    @property
    def is_main(self) -> bool:
        """Whether this process prints, logs and writes checkpoints."""
        return self.rank == 0

    def say(self, line: str) -> None:
        """Print a line, once for all processes."""
        if self.is_main:
            print(line, flush=True)

    def gather(self, value: Value) -> list[Value]:
        """The values of all processes, by rank; a value can be anything that can be pickled."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        return flag if self.size == 1 else any(self.gather(flag))

    def from_main(self, value: Value) -> Value:
        """The value of process 0, which can be anything that can be pickled."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]

    def raise_for_all(self, problem: UserError | None) -> None:
        """Stop all processes if any of them has a problem.

        Raises:
            UserError: there is a problem; raised in process 0, which reports it.
            SystemExit: there is a problem; raised in the other processes.
        """
        if self.size == 1:
            if problem is not None:
                raise problem
            return
        found = [report for report in self.gather(None if problem is None else str(problem)) if report is not None]
        if found:
            raise UserError(found[0]) if self.is_main else SystemExit(EXIT_USER_ERROR)

    def in_main(self, work: Callable[[], Any]) -> Any:
        """Call `work` in process 0 alone.

        Returns:
            The result of `work` in process 0, None in the others.

        Raises:
            UserError, SystemExit: `work` raises a `UserError`; see `raise_for_all`.
        """
        problem, result = None, None
        if self.is_main:
            try:
                result = work()
            except UserError as error:
                problem = error
        self.raise_for_all(problem)
        return result

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """A context that process 0 leaves before the others enter it; for example, it writes files that they read."""
        if self.size > 1 and not self.is_main:
            dist.barrier()
        yield
        if self.size > 1 and self.is_main:
            dist.barrier()

    def copy_from_main(self, net: nn.Module) -> None:
        """Copy the parameters and buffers of a network from process 0 to the others."""
        if self.size > 1:
            for tensor in [*net.parameters(), *net.buffers()]:
                values = tensor.detach().contiguous()
                dist.broadcast(values, src=0)
                tensor.data.copy_(values)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes; a gradient that is None in all of them stays None."""
        if self.size == 1:
            return
        kinds: dict[tuple[torch.device, torch.dtype], list[nn.Parameter]] = {}
        for parameter in parameters:
            kinds.setdefault((parameter.device, parameter.dtype), []).append(parameter)
        for (device, _), group in kinds.items():
            present = torch.tensor([parameter.grad is not None for parameter in group], dtype=torch.int32).to(device)
            dist.all_reduce(present, dist.ReduceOp.MAX)
            group = [parameter for parameter, somewhere in zip(group, present.tolist(), strict=True) if somewhere]
            for parameter in group:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
            if not group:
                continue
            joined = torch.cat([parameter.grad.reshape(-1) for parameter in group if parameter.grad is not None])
            dist.all_reduce(joined)
            joined /= self.size
            for parameter, mean in zip(group, joined.split([p.numel() for p in group]), strict=True):
                assert parameter.grad is not None
                parameter.grad.copy_(mean.view_as(parameter))


_processes = Processes()


def processes() -> Processes:
    """The processes of this training run."""
    return _processes


def join_processes(use_gpu: bool) -> torch.device | None:
    """Connect to the other processes that torchrun started; a second call has no further effect.

    Args:
        use_gpu: whether GPUs are used if there are any.

    Returns:
        The GPU of this process; None without a GPU or without torchrun.

    Raises:
        UserError: there are more processes on this machine than GPUs.
    """
    global _processes
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return None
    device: torch.device | None = None
    if use_gpu and torch.cuda.is_available():
        local, gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if local >= gpus:
            raise UserError(f"torchrun: process {local} has no GPU, this machine has {gpus}: --nproc_per_node={gpus}")
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("gloo" if device is None else "cpu:gloo,cuda:nccl", timeout=TIMEOUT)
        atexit.register(dist.destroy_process_group)
    _processes = Processes(dist.get_rank(), dist.get_world_size())
    return device


def end_process(code: int) -> None:
    """Exit at once with this code if the process is one of several.

    PyTorch sometimes aborts while it shuts down, and torchrun would then report a finished training run as failed.
    """
    if dist.is_available() and dist.is_initialized():
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def gather_batch(local: Tensor, dim: int) -> Tensor:
    """Concatenate the shares that the processes have of a batch.

    Args:
        local: the share of this process; it must have the same shape in every process.
        dim: the dimension of the samples.

    Returns:
        All shares, by rank. Each process must compute the same value from them; the mean over the processes of the
        parameters' gradients is then the gradient of that value.
    """
    return local if _processes.size == 1 else _GatherBatch.apply(local, dim)


class _GatherBatch(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, local: Tensor, dim: int) -> Tensor:
        ctx.dim, ctx.length = dim, local.shape[dim]
        local = local.contiguous()
        parts = [torch.empty_like(local) for _ in range(_processes.size)]
        dist.all_gather(parts, local)
        return torch.cat(parts, dim)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0].narrow(ctx.dim, _processes.rank * ctx.length, ctx.length) * _processes.size, None


class _Sum(torch.autograd.Function):
    """The sum over the processes; the backward pass sums the gradients over the processes."""

    @staticmethod
    def forward(ctx: Any, local: Tensor) -> Tensor:
        total = local.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        total = grads[0].contiguous().clone()
        dist.all_reduce(total)
        return total


class SynchronisedBatchNorm2d(nn.BatchNorm2d):
    """`nn.BatchNorm2d` with the statistics of the whole batch, of which each process has an equal share.

    PyTorch's own `SyncBatchNorm` works only on GPUs.
    """

    def forward(self, maps: Tensor) -> Tensor:
        if not self.training or _processes.size == 1:
            return super().forward(maps)
        values = maps if maps.dtype == torch.float64 else maps.float()
        count = values.numel() // values.shape[1] * _processes.size
        mean = _Sum.apply(values.sum(dim=(0, 2, 3))) / count
        centred = values - mean[None, :, None, None]
        variance = _Sum.apply(centred.square().sum(dim=(0, 2, 3))) / count
        self._track(mean.detach(), variance.detach() * count / max(count - 1, 1))
        scale = (variance + self.eps).rsqrt()
        if self.weight is not None:
            scale = scale * self.weight
        out = centred * scale[None, :, None, None]
        return (out if self.bias is None else out + self.bias[None, :, None, None]).to(maps.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        share = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(variance.to(self.running_var.dtype), share)


def synchronise_batch_norm(net: nn.Module) -> None:
    """Make every `nn.BatchNorm2d` of a network a `SynchronisedBatchNorm2d`, in place."""
    for module in net.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SynchronisedBatchNorm2d


def share_of(count: int, rank: int, size: int) -> range:
    """The indices below `count` that a process takes: contiguous, by rank, in shares of nearly equal size."""
    return range(rank * count // size, (rank + 1) * count // size)
