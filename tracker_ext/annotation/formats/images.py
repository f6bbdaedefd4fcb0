"""Masks as PNG files: upstream's pseudo masks, DAVIS, YouTube-VOS."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ltr_ext.data.image_io import write_mask
from ltr_ext.data.mask_io import MAX_PALETTE_ID
from ltr_ext.data.trust_table import Trust
from ltr_ext.output import write_text
from tracker_ext.annotation.formats.base import (
    CannotHoldError,
    SequenceInfo,
    parts,
    place_pictures,
    refuse_ids_above,
)
from tracker_ext.video.png_files import write_png


class UpstreamFormat:
    """`upstream/<sequence>/%08d.png`, pixels 0 and 1, as pytracking's Got10kVOS and LasotVOS read them."""

    name: ClassVar[str] = "upstream"
    has_pictures: ClassVar[bool] = False

    def start(self, work: Path, info: SequenceInfo) -> UpstreamWriter:
        """See `Format`; one object per sequence."""
        if len(info.objects) > 1:
            raise CannotHoldError(
                f"{info.name}: {len(info.objects)} objects, but --format upstream holds one (pixels 0 and 1); "
                f"take --format davis or ytvos in another --out"
            )
        return UpstreamWriter(work, info)

    def finish(self, out: Path, names: Iterable[str]) -> None:
        """Nothing: this format has no list of sequences."""


class UpstreamWriter:
    """See `SequenceWriter`."""

    def __init__(self, work: Path, info: SequenceInfo) -> None:
        self._info = info
        self._target = Path("upstream") / info.safe
        self._folder = work / self._target
        self._folder.mkdir(parents=True)

    def add(self, index: int, labels: np.ndarray, trust: Mapping[int, Trust]) -> None:
        """See `SequenceWriter`."""
        write_png(self._folder / f"{self._info.numbers[index]:08d}.png", (labels != 0).astype(np.uint8))

    def close(self) -> list[Path]:
        """See `SequenceWriter`."""
        return [self._target]


class DavisFormat:
    """`davis/{JPEGImages,Annotations}/480p/<sequence>/%05d.*`, `davis/ImageSets/2017/train.txt`; frames are links."""

    name: ClassVar[str] = "davis"
    has_pictures: ClassVar[bool] = True

    def start(self, work: Path, info: SequenceInfo) -> PaletteWriter:
        """See `Format`."""
        refuse_ids_above(MAX_PALETTE_ID, info, self.name)
        stems = [f"{index:05d}" for index in range(len(info.stems))]
        return PaletteWriter(work, info, stems, Path("davis/Annotations/480p"), Path("davis/JPEGImages/480p"))

    def finish(self, out: Path, names: Iterable[str]) -> None:
        """Write the list of sequences."""
        folder = out / "davis" / "ImageSets" / "2017"
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "train.txt", "".join(f"{name}\n" for name in names))


class YoutubeVosFormat:
    """`ytvos/{JPEGImages,Annotations}/<sequence>/<frame>.*`, `ytvos/meta.json`; frames are links."""

    name: ClassVar[str] = "ytvos"
    has_pictures: ClassVar[bool] = True

    def start(self, work: Path, info: SequenceInfo) -> YoutubeVosWriter:
        """See `Format`."""
        refuse_ids_above(MAX_PALETTE_ID, info, self.name)
        return YoutubeVosWriter(work, info)

    def finish(self, out: Path, names: Iterable[str]) -> None:
        """Write `meta.json`: which object is on which frames."""
        videos = dict(parts(out / "ytvos" / "videos", names, ("objects",)))
        (out / "ytvos").mkdir(exist_ok=True)
        write_text(out / "ytvos" / "meta.json", json.dumps({"videos": videos}) + "\n")


class PaletteWriter:
    """Palette PNG, pixel value = object id. See `SequenceWriter`."""

    def __init__(self, work: Path, info: SequenceInfo, stems: list[str], masks: Path, frames: Path) -> None:
        self._stems = stems
        self._work = work
        self._targets = [masks / info.safe]
        (work / masks / info.safe).mkdir(parents=True)
        if info.pictures is not None:
            files = dict(zip(stems, info.pictures, strict=True))
            place_pictures(work / frames / info.safe, files, upright=info.upright, symlinks=info.symlinks)
            self._targets.append(frames / info.safe)

    def add(self, index: int, labels: np.ndarray, trust: Mapping[int, Trust]) -> None:
        """See `SequenceWriter`."""
        write_mask(self._work / self._targets[0] / f"{self._stems[index]}.png", labels)

    def close(self) -> list[Path]:
        """See `SequenceWriter`."""
        return self._targets


class YoutubeVosWriter(PaletteWriter):
    """As `PaletteWriter`; also records on which frames each object has a mask."""

    def __init__(self, work: Path, info: SequenceInfo) -> None:
        super().__init__(work, info, info.stems, Path("ytvos/Annotations"), Path("ytvos/JPEGImages"))
        self._meta = Path("ytvos/videos") / f"{info.safe}.json"
        self._objects: dict[str, dict[str, Any]] = {
            str(object_id): {"category": label, "frames": []} for object_id, label in info.objects.items()
        }

    def add(self, index: int, labels: np.ndarray, trust: Mapping[int, Trust]) -> None:
        """See `SequenceWriter`."""
        super().add(index, labels, trust)
        for object_id in np.unique(labels).tolist():
            if object_id:
                self._objects[str(object_id)]["frames"].append(self._stems[index])

    def close(self) -> list[Path]:
        """See `SequenceWriter`."""
        path = self._work / self._meta
        path.parent.mkdir(parents=True)
        seen = {object_id: entry for object_id, entry in self._objects.items() if entry["frames"]}
        path.write_text(json.dumps({"objects": seen}), encoding="utf-8")
        return [*super().close(), self._meta]
