"""Statistics of a training run, with one value per epoch."""

from __future__ import annotations


class AverageMeter:
    """A weighted mean over an epoch; `history` holds the means of the finished epochs."""

    def __init__(self) -> None:
        self.history: list[float] = []
        self.has_new_data = False
        self.reset()

    def reset(self) -> None:
        """Discard the values of the current epoch."""
        self.val = self.avg = self.sum = 0.0
        self.count = 0

    def update(self, val: float, n: int = 1) -> None:
        """Add a value that stands for `n` samples."""
        total, count = self.sum + n * val, self.count + n
        self.val, self.sum, self.count, self.avg = val, total, count, total / count

    def new_epoch(self) -> None:
        """Finish the epoch; if it has no values, nothing is appended to `history`."""
        self.has_new_data = self.count > 0
        if self.has_new_data:
            self.history.append(self.avg)
            self.reset()


class StatValue:
    """A value that is set once per epoch."""

    def __init__(self) -> None:
        self.val = 0.0
        self.history: list[float] = []

    def update(self, val: float) -> None:
        """Set the value of this epoch."""
        self.val = val
        self.history.append(val)
