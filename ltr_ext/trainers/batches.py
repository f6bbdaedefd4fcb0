"""Batches of sample indices, so that a run can resume in the middle of an epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch.utils.data import Sampler

from ltr_ext.distributed import share_of
from ltr_ext.errors import UserError


class ResumableBatchSampler(Sampler[list[int]]):
    """Divides the indices 0 .. num_samples - 1 into batches, in their order.

    The indices are not shuffled, since the data set draws sample `i` of epoch `e` from (seed, e, i).

    Args:
        num_samples: number of samples in an epoch.
        batch_size: number of samples in a batch, of all processes together.
        drop_last: whether a smaller last batch is left out.

    Raises:
        ValueError: these numbers give no batch.
    """

    def __init__(self, num_samples: int, batch_size: int, drop_last: bool = False) -> None:
        self.num_samples = num_samples
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.start_batch = 0
        """The first batch of the next pass, from 0; the trainer sets it to resume in the middle of an epoch."""
        self.rank, self.size = 0, 1
        if batch_size < 1 or len(self) < 1:
            raise ValueError(f"{num_samples} samples in batches of {batch_size} (drop_last={drop_last}) give no batch")

    def share(self, rank: int, size: int, name: str, training: bool) -> None:
        """Restrict the batches to the share of one process.

        Args:
            rank: number of the process, from 0.
            size: number of processes.
            name: name of the loader, for the message.
            training: whether the shares must be equal, so that the mean over the processes is that over the batch.

        Raises:
            UserError: `training`, and the shares are not equal.
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
        """The number of batches in a whole epoch, whatever `start_batch` is."""
        full, rest = divmod(self.num_samples, self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def size_of(self, batch: int) -> int:
        """The number of samples in a batch, of all processes together; batches count from 0."""
        return min(self.batch_size, self.num_samples - batch * self.batch_size)

    def samples_of(self, batch: int) -> range:
        """The indices of this process's samples in a batch.

        With more processes than samples they can be empty. The process then gets the batch's first sample, since it
        must compute something, but its results do not count.
        """
        share = share_of(self.size_of(batch), self.rank, self.size)
        first = batch * self.batch_size
        return range(first + share.start, first + share.stop)


def describe_samples(samples: range, data: Mapping[str, Any]) -> str:
    """Describe the samples of a batch, for a message.

    Args:
        samples: their indices.
        data: the batch; if `dataset` and `sequence` are lists, they name the samples.
    """
    columns = [data[key] for key in ("dataset", "sequence") if isinstance(data.get(key), (list, tuple))]
    names = ", ".join("/".join(map(str, parts)) for parts in zip(*columns, strict=True))
    return f"samples {samples[0]} to {samples[-1]}{f' ({names})' if names else ''}"
