"""Clips whose frames are pictures in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ltr_ext.data.image_io import image_header, read_raw_image, to_8_bits
from ltr_ext.errors import UserError
from tracker_ext.video.frame_source import FrameSource

LEVEL_PICTURES = 9
"""So many pictures of a clip tell its range of 16-bit values,"""
LEVEL_SHARES = (0.001, 0.999)
"""of whose values these shares lie below what becomes 0 and 255."""


@dataclass(frozen=True)
class Pictures(FrameSource):
    """Frames in files, in the given order; any frame can be read at once."""

    paths: tuple[Path, ...]
    name: str = field(default="", compare=False)
    """By default that of the first picture's folder."""
    _: KW_ONLY
    one_size: bool = False
    """Refuse pictures of another size than the first."""
    upright: bool = False
    """Turn pictures as their EXIF orientation says: as people see them. Those of data sets stay as they are stored."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "paths", tuple(Path(path) for path in self.paths))
        if not self.name:
            object.__setattr__(self, "name", self.paths[0].parent.name if self.paths else "list of frames")

    @cached_property
    def size(self) -> tuple[int, int]:
        first_error: UserError | None = None
        for path in self.paths:
            try:
                return image_header(path).size(self.upright)
            except UserError as error:
                first_error = first_error or error
        raise first_error or UserError(f"clip {self.name}: no pictures; give at least one frame")

    def __len__(self) -> int:
        return len(self.paths)

    def frame(self, index: int) -> np.ndarray:
        if not 0 <= index < len(self.paths):
            raise IndexError(f"clip {self.name}: frame {index} of {len(self.paths)}")
        picture = self._raw(index)
        if self.one_size:
            self._check_size(self.paths[index], picture.shape[:2])
        return to_8_bits(picture, self._levels if picture.dtype != np.uint8 else None)

    def stems(self) -> list[str]:
        return [path.stem for path in self.paths]

    def stem(self, index: int) -> str:
        return self.paths[index].stem

    def sizes(self) -> list[tuple[int, int]]:
        if self.one_size:
            return [self.size] * len(self)
        return [image_header(path).size(self.upright) for path in self.paths]

    def files(self) -> tuple[Path, ...]:
        return self.paths

    def fingerprint(self) -> str:
        """Names and lengths of the files."""
        return "\n".join(f"{path.name} {path.stat().st_size}" for path in self.paths)

    def thinned(self, chosen: slice) -> Pictures:
        return replace(self, paths=self.paths[chosen])

    def remarks(self) -> list[str]:
        lines = []
        readable = self._readable(range(len(self)))
        if readable is not None and readable.dtype != np.uint8:
            low, high = self._levels
            lines.append(
                f"{self.name}: pictures of 16 bits, {low} is shown as black and {high} as white in all of them"
            )
        turned = self._num_turned() if self.upright else 0
        if turned:
            lines.append(
                f"{self.name}: {turned} of {len(self)} pictures are turned as their EXIF orientation says; boxes and "
                "masks are of the turned ones"
            )
        return lines

    def check(self) -> None:
        """Refuse what would come to light after hours: two masks of one name, and a later picture of another size.

        Pictures whose headers cannot be read are let pass: `frame` will say so.

        Raises:
            UserError: no pictures, two of the same stem, none that can be read, or two sizes where one is wanted.
        """
        by_stem: dict[str, Path] = {}
        for path in self.paths:
            if path.stem in by_stem:
                raise UserError(
                    f"clip {self.name}: {by_stem[path.stem].name} and {path.name} have the same stem, so their masks "
                    f"would share a file; keep one of them"
                )
            by_stem[path.stem] = path
        _ = self.size
        for path in self.paths if self.one_size else ():
            try:
                size = image_header(path).size(self.upright)
            except UserError:
                continue
            self._check_size(path, size)

    def _check_size(self, path: Path, size: tuple[int, ...]) -> None:
        if size != self.size:
            raise UserError(
                f"clip {self.name}: frame {path.name} is {size[1]}x{size[0]} but the first frame is "
                f"{self.size[1]}x{self.size[0]}; all frames of a clip must have one size"
            )

    def _raw(self, index: int) -> np.ndarray:
        return read_raw_image(self.paths[index], upright=self.upright)

    def _readable(self, indices: Sequence[int]) -> np.ndarray | None:
        """The first of these pictures that can be read."""
        for index in indices:
            try:
                return self._raw(index)
            except UserError:
                continue
        return None

    def _num_turned(self) -> int:
        turned = 0
        for path in self.paths:
            try:
                turned += image_header(path).orientation != 1
            except UserError:
                continue
        return turned

    @cached_property
    def _levels(self) -> tuple[int, int]:
        """Values of 16-bit pictures that become 0 and 255: one pair for the clip, so that its brightness is steady."""
        chosen = np.unique(np.linspace(0, len(self) - 1, min(LEVEL_PICTURES, len(self))).astype(int)).tolist()
        values = [picture[::2, ::2].ravel() for index in chosen if (picture := self._readable([index])) is not None]
        deep = [picture for picture in values if picture.dtype == np.uint16]
        if not deep:
            return 0, 65535
        low, high = (int(level) for level in np.quantile(np.concatenate(deep), LEVEL_SHARES, method="nearest"))
        return (low, high) if low < high else (0, 65535)
