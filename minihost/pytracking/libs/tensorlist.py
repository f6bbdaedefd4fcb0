"""A list on which arithmetic and tensor methods are applied element by element."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch


class TensorList(list):
    """A list of tensors, for which `a + b`, `2 * a` and `a.sum()` give the list of the element-wise results.

    The other operand is a list of the same length, or one value for all elements. Indexing with a slice, a list or a
    tuple gives a `TensorList`. `concat` concatenates two lists, since `+` adds their elements.
    """

    def __getattr__(self, name: str) -> Callable[..., TensorList]:
        if name.startswith("__") or not hasattr(torch.Tensor, name):
            raise AttributeError(f"TensorList has no attribute {name!r}, and neither has a tensor")
        return lambda *args, **kwargs: TensorList(getattr(value, name)(*args, **kwargs) for value in self)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, (list, tuple)):
            return TensorList(super(TensorList, self).__getitem__(i) for i in item)
        found = super().__getitem__(item)
        return TensorList(found) if isinstance(item, slice) else found

    def apply(self, fn: Callable[[Any], Any]) -> TensorList:
        """Make the list of `fn(element)`."""
        return TensorList(fn(value) for value in self)

    def concat(self, other: list) -> TensorList:
        """The elements of both lists, one after the other."""
        return TensorList([*self, *other])

    def __neg__(self) -> TensorList:
        return self.apply(operator.neg)


def _element_wise(function: Callable[[Any, Any], Any], *, swapped: bool) -> Callable[[TensorList, Any], TensorList]:
    """Make the method for an operator: `self op other`, or `other op self` if swapped."""

    def method(self: TensorList, other: Any) -> TensorList:
        others = other if isinstance(other, list) else [other] * len(self)
        pairs = zip(others, self, strict=True) if swapped else zip(self, others, strict=True)
        return TensorList(function(a, b) for a, b in pairs)

    return method


for _name in ("add", "sub", "mul", "truediv", "matmul", "mod"):
    setattr(TensorList, f"__{_name}__", _element_wise(getattr(operator, _name), swapped=False))
    setattr(TensorList, f"__r{_name}__", _element_wise(getattr(operator, _name), swapped=True))
    setattr(TensorList, f"__i{_name}__", _element_wise(getattr(operator, f"i{_name}"), swapped=False))
for _name in ("le", "ge"):
    setattr(TensorList, f"__{_name}__", _element_wise(getattr(operator, _name), swapped=False))
