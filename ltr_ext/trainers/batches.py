"""Batches by index, so that a run can go on in the middle of an epoch."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import Sampler


class ResumableBatchSampler(Sampler[list[int]]):
    """The indices 0 .. num_samples - 1 in order, cut into batches.

    The order needs no shuffling: what sample `i` of epoch `e` is, the data set decides from (seed, e, i).

    Args:
        num_samples: samples in an epoch.
        batch_size: samples in a batch.
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
        if batch_size < 1 or len(self) < 1:
            raise ValueError(f"{num_samples} samples in batches of {batch_size} (drop_last={drop_last}) give no batch")

    def __iter__(self) -> Iterator[list[int]]:
        for batch in range(self.start_batch, len(self)):
            first = batch * self.batch_size
            yield list(range(first, first + self.size_of(batch)))

    def __len__(self) -> int:
        """Batches in a whole epoch, whatever the start."""
        full, rest = divmod(self.num_samples, self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def size_of(self, batch: int) -> int:
        """Samples in this batch, counted from 0."""
        return min(self.batch_size, self.num_samples - batch * self.batch_size)
