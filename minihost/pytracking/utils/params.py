"""What a parameter module returns."""

from __future__ import annotations

from typing import Any


class TrackerParams:
    """Parameters of a tracker, as attributes."""

    def get(self, name: str, *default: Any) -> Any:
        """The parameter `name`, or the default if one is given and the parameter is not set.

        Raises:
            AttributeError: not set, and no default.
            TypeError: more than one default.
        """
        return getattr(self, name, *default)

    def has(self, name: str) -> bool:
        """Whether the parameter is set."""
        return hasattr(self, name)
