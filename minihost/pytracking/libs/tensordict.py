"""A dict whose tensors move, cast and reshape together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch


class TensorDict(OrderedDict):
    """An ordered dict on which a method of `torch.Tensor` is applied to every value that has it.

    `batch.to(device)` moves the tensors and leaves strings and numbers as they are. Names that begin with two underscores
    are not forwarded, since torch would otherwise take the container for a tensor.
    """

    def __getattr__(self, name: str) -> Callable[..., TensorDict]:
        if name.startswith("__") or not hasattr(torch.Tensor, name):
            raise AttributeError(f"TensorDict has no attribute {name!r}, and neither has a tensor")

        def call_on_each(*args: Any, **kwargs: Any) -> TensorDict:
            return self.apply(lambda value: getattr(value, name)(*args, **kwargs) if hasattr(value, name) else value)

        return call_on_each

    def apply(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> TensorDict:
        """Make a new dict with `fn(value, *args, **kwargs)` for every value."""
        return TensorDict((key, fn(value, *args, **kwargs)) for key, value in self.items())
