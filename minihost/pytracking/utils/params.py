"""The parameters that a parameter module returns."""

from __future__ import annotations

from typing import Any


class TrackerParams:
    """Parameters of a tracker, as attributes."""

    def get(self, name: str, *default: Any) -> Any:
        """The parameter `name`, or the default if the parameter is not set.

        Raises:
            AttributeError: the parameter is not set and there is no default.
            TypeError: there is more than one default.
        """
        return getattr(self, name, *default)

    def has(self, name: str) -> bool:
        """Whether the parameter is set."""
        return hasattr(self, name)
