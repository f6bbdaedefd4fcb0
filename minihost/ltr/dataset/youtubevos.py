"""YouTube-VOS 2018 and 2019 (https://youtube-vos.org)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
from ltr.admin.environment import env_settings
from ltr.dataset.vos_base import VOSDatasetBase
from ltr.dataset.vos_index import load_index
from pytracking.evaluation.images import read_frame

SPLITS = ("train", "valid", "test")
USUAL_ASPECTS = (1.45, 1.9)
"""Range of width over height that `cleanup=["aspect"]` keeps."""


class YouTubeVOS(VOSDatasetBase):
    """`<root>/<version>/<split>/{JPEGImages,Annotations}/<sequence>/<frame>.{jpg,png}` and `meta.json`.

    Args:
        root: folder of the data set; None means that of the settings.
        version: "2018" or "2019".
        split: "train", "valid" or "test".
        cleanup: "aspect" leaves out sequences of unusual shape; "starts" has no effect, since here an object is always
            visible exactly where its mask has pixels, whatever `meta.json` says.
        all_frames: whether the images are those of `<split>_all_frames`, most of which have no annotation.
        sequences: names of the sequences; None means all of the split.
        multiobj: see `VOSDatasetBase`.
        vis_threshold: see `VOSDatasetBase`.
        image_loader: see `VOSDatasetBase`.

    Raises:
        FileNotFoundError: a folder, `meta.json`, or a sequence is missing.
        ValueError: the split or a cleanup is unknown.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        version: str = "2019",
        split: str = "train",
        cleanup: Collection[str] | None = None,
        all_frames: bool = False,
        sequences: list[str] | None = None,
        multiobj: bool = True,
        vis_threshold: int = 10,
        image_loader: Callable[[str], np.ndarray] = read_frame,
    ) -> None:
        if split not in SPLITS:
            hint = "its list comes with pytracking only" if split in ("jjtrain", "jjvalid") else "is unknown"
            raise ValueError(f"YouTube-VOS split {split!r}: {hint}; known: {SPLITS}; for a part give sequences=")
        if unknown := set(cleanup or ()) - {"aspect", "starts"}:
            raise ValueError(f"YouTube-VOS cleanup {sorted(unknown)} is unknown; known: aspect, starts")
        root = Path(env_settings().youtubevos_dir if root is None else root)
        base = root / version / split
        folders = base / "JPEGImages", base / "Annotations"
        described = json.loads((base / "meta.json").read_text(encoding="utf-8"))["videos"]
        index = load_index(base / "generated_meta.json", *folders, name="YouTube-VOS")
        if sequences is None:
            sequences = list(index)
        missing = [sequence for sequence in sequences if sequence not in index or sequence not in described]
        if missing:
            raise FileNotFoundError(f"YouTube-VOS: sequence {missing[0]} is not in {base}")
        if "aspect" in (cleanup or ()):
            low, high = USUAL_ASPECTS
            shapes = {sequence: index[sequence]["shape"] for sequence in sequences}
            sequences = [sequence for sequence, (h, w) in shapes.items() if low <= w / h <= high]
        if all_frames:
            folders = root / version / f"{split}_all_frames" / "JPEGImages", folders[1]
            index = {
                sequence: index[sequence]
                | {"frame_names": sorted(path.stem for path in (folders[0] / sequence).glob("*.jpg"))}
                for sequence in sequences
            }
        objects = {sequence: list(described[sequence]["objects"]) for sequence in sequences}
        super().__init__(
            "YouTubeVOS", root, version, split, multiobj, vis_threshold, image_loader,
            folders=folders, index=index, objects=objects,
        )  # fmt: skip
