"""What a clip is to whoever reads its frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np


class FrameSource(ABC):
    """A clip whose frames are read one by one.

    Attributes:
        name: the clip's name (folder or file name without suffix).
    """

    name: str

    def __getstate__(self) -> dict[str, Any]:
        """What was read and opened stays behind when a source goes to another process."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    @property
    @abstractmethod
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels of the first frame that says its size."""

    @property
    def fps(self) -> float | None:
        """Frames per second if the source knows them."""
        return None

    @abstractmethod
    def __len__(self) -> int:
        """The exact number of frames; those that cannot be read count."""

    @abstractmethod
    def frame(self, index: int) -> np.ndarray:
        """Frame `index`: [H, W, 3] uint8 RGB.

        Raises:
            IndexError: there is no such frame.
            UserError: the frame cannot be read, or differs in size from the first one where it must not.
        """

    def __iter__(self) -> Iterator[np.ndarray]:
        """All frames in order, each [H, W, 3] uint8 RGB; raises `UserError` as `frame` does."""
        return (self.frame(index) for index in range(len(self)))

    @abstractmethod
    def stems(self) -> list[str]:
        """File names without suffix of what belongs to the frames: the pictures', or %08d of a video's frame."""

    def stem(self, index: int) -> str:
        """Of frame `index`."""
        return self.stems()[index]

    @abstractmethod
    def sizes(self) -> list[tuple[int, int]]:
        """(height, width) of every frame, from the headers of the files.

        Raises:
            UserError: a file is missing, no picture or no video.
        """

    @abstractmethod
    def files(self) -> tuple[Path, ...]:
        """The files that frames are read from."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Names and lengths of the files, and which frames."""

    @abstractmethod
    def thinned(self, chosen: slice) -> FrameSource:
        """Some of the frames."""

    def remarks(self) -> list[str]:
        """What a user should know of how the frames are read, a line each; reads some of them."""
        return []
