"""The base class of processings, which turn the frames of a sampler into a training sample."""

from __future__ import annotations

from typing import Any


class BaseProcessing:
    """Base class of processings, which are callables from TensorDict to TensorDict.

    Args:
        transform: transform of train or test frames whose own transform is None.
        train_transform: transform of the train frames.
        test_transform: transform of the test frames.
        joint_transform: transform of all frames together, which comes first.
    """

    def __init__(
        self,
        transform: Any = None,
        train_transform: Any = None,
        test_transform: Any = None,
        joint_transform: Any = None,
    ) -> None:
        self.transform = {
            "train": transform if train_transform is None else train_transform,
            "test": transform if test_transform is None else test_transform,
            "joint": joint_transform,
        }

    def __call__(self, data: Any) -> Any:
        """Process one sample."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")
