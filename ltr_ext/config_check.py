"""Checks whether a network can be built from the config that a file holds."""

from __future__ import annotations

import math
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

LARGEST = {"filter_size": 31, "train_iterations": 1000, "inference_iterations": 1000, "crop_hw": 8192}
"""The largest sensible value of the int fields whose limit is not `WIDEST`."""
WIDEST = 4096
"""The largest sensible number of channels of a layer."""
LARGEST_NUMBER = 1e4
"""The largest sensible value of a float field; the smallest is 0."""
NOT_ZERO = {"initial_regularisation", "inference_scale"}
"""Float fields that must be greater than 0."""


def config_from(config_class: Any, values: Any) -> Any:
    """Make a config of the values of a JSON object; lists become tuples.

    Args:
        config_class: dataclass of a network's config.
        values: the decoded JSON.

    Raises:
        ValueError: the JSON is not an object, or a field (which the message names) is unknown, has the wrong type or an
            absurd value.
    """
    if not isinstance(values, dict):
        raise ValueError(f"config is a {type(values).__name__}, not an object")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    kinds = get_type_hints(config_class)
    if unknown := sorted(values.keys() - {field.name for field in fields(config_class)}):
        raise ValueError(f"config has an unknown field {unknown[0]!r}")
    for name, value in values.items():
        if not _fits(kinds[name], value, LARGEST.get(name, WIDEST)) or (name in NOT_ZERO and value == 0):
            raise ValueError(f"config has {name} = {repr(value)[:80]}")
    return config_class(**values)


def _fits(kind: Any, value: Any, largest: int) -> bool:
    """Whether a value has an annotated type; an int must also lie between 1 and `largest`."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return isinstance(value, str) and value in parts
    if origin is UnionType:
        return any(_fits(part, value, largest) for part in parts)
    if origin is tuple and parts[-1] is Ellipsis:
        return isinstance(value, tuple) and all(_fits(parts[0], entry, largest) for entry in value)
    if origin is tuple:
        return (
            isinstance(value, tuple)
            and len(value) == len(parts)
            and all(_fits(part, entry, largest) for part, entry in zip(parts, value, strict=True))
        )
    if kind is NoneType:
        return value is None
    if kind is int:
        return type(value) is int and 1 <= value <= largest
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= LARGEST_NUMBER
    return type(value) is kind
