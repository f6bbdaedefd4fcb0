"""Batches by index, so that a run can go on in the middle of an epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch.utils.data import Sampler

from ltr_ext.distributed import share_of
from ltr_ext.errors import UserError


class ResumableBatchSampler(Sampler[list[int]]):
    """The indices 0 .. num_samples - 1 in order, cut into batches.

    The order needs no shuffling: what sample `i` of epoch `e` is, the data set decides from (seed, e, i).

    Args:
        num_samples: samples in an epoch.
        batch_size: samples in a batch, of all processes together.
        drop_last: leave out a smaller last batch.
        start_batch: first batch of the next pass, counted from 0; the trainer sets it to go on after an interruption.

    Raises:
        ValueError: no batch comes out of these numbers.
    """

    def __init__(self, num_samples: int, batch_size: int, drop_last: bool = False, start_batch: int = 0) -> None:
        self.num_samples = num_samples
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.start_batch = start_batch
        self.rank, self.size = 0, 1
        if batch_size < 1 or len(self) < 1:
            raise ValueError(f"{num_samples} samples in batches of {batch_size} (drop_last={drop_last}) give no batch")

    def share(self, rank: int, size: int, name: str, training: bool) -> None:
        """Give only this process's share of each batch from now on.

        Args:
            rank: number of the process, from 0.
            size: how many there are.
            name: of the loader, for the message.
            training: demand equal shares, without which the mean over the processes is not that over the batch.

        Raises:
            UserError: the shares are not equal.
        """
        sizes = {self.size_of(batch) for batch in (0, len(self) - 1)}
        if training and any(batch_size % size for batch_size in sizes):
            found = " and ".join(map(str, sorted(sizes)))
            raise UserError(
                f"loader {name!r}: batches of {found} do not divide into {size} equal shares; "
                "change --nproc_per_node or the batch size"
            )
        self.rank, self.size = rank, size

    def __iter__(self) -> Iterator[list[int]]:
        for batch in range(self.start_batch, len(self)):
            yield list(self.samples_of(batch)) or [batch * self.batch_size]

    def __len__(self) -> int:
        """Batches in a whole epoch, whatever the start."""
        full, rest = divmod(self.num_samples, self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def size_of(self, batch: int) -> int:
        """Samples in this batch, counted from 0, of all processes together."""
        return min(self.batch_size, self.num_samples - batch * self.batch_size)

    def samples_of(self, batch: int) -> range:
        """Indices of this process's samples in this batch.

        Where there are more processes than samples it can be empty; the pass then gives the batch's first sample, for
        there must be something to compute, and it counts nothing.
        """
        share = share_of(self.size_of(batch), self.rank, self.size)
        first = batch * self.batch_size
        return range(first + share.start, first + share.stop)


def describe_samples(samples: range, data: Mapping[str, Any]) -> str:
    """Which samples a batch holds, for a message.

    Args:
        samples: their indices.
        data: the batch; `dataset` and `sequence`, where they are lists, name the samples.
    """
    columns = [data[key] for key in ("dataset", "sequence") if isinstance(data.get(key), (list, tuple))]
    names = ", ".join("/".join(map(str, parts)) for parts in zip(*columns, strict=True))
    return f"samples {samples[0]} to {samples[-1]}{f' ({names})' if names else ''}"
