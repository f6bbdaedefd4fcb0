"""The loader: a `DataLoader` with a name, whose batches can have the dimension of frames before that of sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from pytracking import TensorDict, TensorList
from torch.utils.data import DataLoader


def collate(samples: list[Any], stack_dim: int = 0) -> Any:
    """Combine samples into a batch, field by field.

    Tensors and arrays are stacked at `stack_dim`; ints become an int64 tensor, floats a float64 tensor; strings and
    None become a list; containers keep their kind.

    Raises:
        TypeError: a field has another type.
    """
    first = samples[0]
    if isinstance(first, torch.Tensor):
        return torch.stack(samples, stack_dim)
    if isinstance(first, np.ndarray):
        return torch.stack([torch.from_numpy(sample) for sample in samples], stack_dim)
    if isinstance(first, (str, bytes)) or first is None:
        return samples
    if isinstance(first, (int, np.integer)):
        return torch.tensor(samples, dtype=torch.int64)
    if isinstance(first, (float, np.floating)):
        return torch.tensor(samples, dtype=torch.float64)
    if isinstance(first, Mapping):
        kind = TensorDict if isinstance(first, TensorDict) else dict
        return kind({key: collate([sample[key] for sample in samples], stack_dim) for key in first})
    if isinstance(first, Sequence):
        kind = TensorList if isinstance(first, TensorList) else list
        return kind([collate(list(fields), stack_dim) for fields in zip(*samples, strict=True)])
    raise TypeError(f"cannot make a batch of {type(first).__name__}; use tensors, numbers, strings, containers")


class LTRLoader(DataLoader):
    """A `DataLoader` with further arguments.

    Args:
        name: name of the loader in logs and statistics.
        training: whether it is for training rather than validation.
        epoch_interval: the loader is used in epochs that are multiples of this.
        stack_dim: position of the batch dimension, 0 or 1.
    """

    def __init__(
        self,
        name: str,
        dataset: Any,
        training: bool = True,
        batch_size: int = 1,
        shuffle: bool = False,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        epoch_interval: int = 1,
        collate_fn: Any = None,
        stack_dim: int = 0,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Any = None,
    ) -> None:
        if stack_dim not in (0, 1):
            raise ValueError(f"stack_dim must be 0 or 1, got {stack_dim}")
        super().__init__(
            dataset,
            batch_size=batch_size,
            shuffle=shuffle,
            sampler=sampler,
            batch_sampler=batch_sampler,
            num_workers=num_workers,
            collate_fn=collate_fn or partial(collate, stack_dim=stack_dim),
            pin_memory=pin_memory,
            drop_last=drop_last,
            timeout=timeout,
            worker_init_fn=worker_init_fn,
        )
        self.name, self.training = name, training
        self.epoch_interval, self.stack_dim = epoch_interval, stack_dim
