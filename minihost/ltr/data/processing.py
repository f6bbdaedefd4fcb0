"""From the frames a sampler drew to a training sample."""

from __future__ import annotations

from typing import Any


class BaseProcessing:
    """Base of the processings: a callable from TensorDict to TensorDict.

    Args:
        transform: of every frame, where the next two are None.
        train_transform: of the train frames.
        test_transform: of the test frames.
        joint_transform: of all frames together, before.
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
