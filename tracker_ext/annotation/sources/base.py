"""The interface of all data sets of boxes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol

from tracker_ext.segmentation.boxed_sequence import BoxedSequence


class Source(Protocol):
    """A data set of boxes. Small and picklable: it goes to worker processes and other machines."""

    def names(self) -> list[str]:
        """Names of all sequences, without reading their boxes."""

    def box_files(self, name: str) -> tuple[Path, ...]:
        """Files that say where the objects of a sequence are; some may not be there. Reads nothing."""

    def load(self, name: str) -> BoxedSequence:
        """Read one sequence's boxes and list its frames.

        Raises:
            UserError: missing or unreadable files, counts that differ, malformed boxes.
        """


class PickledByFields:
    """Base of sources that keep the tables they have read. Tables are not pickled: another process reads them again."""

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
