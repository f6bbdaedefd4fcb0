"""DAVIS 2016 and 2017 (https://davischallenge.org)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from ltr.admin.environment import env_settings
from ltr.dataset.vos_base import VOSDatasetBase
from ltr.dataset.vos_index import Index, load_index
from pytracking.evaluation.images import read_frame

_UNDECIDED = "255"


class Davis(VOSDatasetBase):
    """`<root>/{JPEGImages,Annotations}/480p/<sequence>/%05d.{jpg,png}`, `ImageSets/<version>/<split>.txt`.

    Args:
        root: folder of the data set; None means that of the settings.
        sequences: names of the sequences; None means those of the split.
        version: "2016" or "2017".
        split: name of a file in `ImageSets/<version>`, or "all".
        multiobj: see `VOSDatasetBase`.
        vis_threshold: see `VOSDatasetBase`.
        image_loader: see `VOSDatasetBase`.

    Raises:
        FileNotFoundError: the folder, the list of the split, or a sequence is missing.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        sequences: list[str] | None = None,
        version: str = "2017",
        split: str = "train",
        multiobj: bool = True,
        vis_threshold: int = 10,
        image_loader: Callable[[str], np.ndarray] = read_frame,
    ) -> None:
        if root is None:
            environment = env_settings()
            if version == "2016":
                root = environment.davis16_dir
            else:
                root = environment.davis_testdev_dir if split == "test-dev" else environment.davis_dir
        root = Path(root)
        folders = root / "JPEGImages" / "480p", root / "Annotations" / "480p"
        index = load_index(root / "generated_meta.json", *folders, name="DAVIS")
        if sequences is None:
            listed = root / "ImageSets" / version / f"{split}.txt"
            sequences = list(index) if split == "all" else listed.read_text(encoding="utf-8").split()
        missing = [sequence for sequence in sequences if sequence not in index]
        if missing:
            raise FileNotFoundError(f"DAVIS: no masks of sequence {missing[0]} in {folders[1]}")
        objects = {sequence: _objects(index, sequence, version) for sequence in sequences}
        super().__init__(
            "DAVIS", root, version, split, multiobj, vis_threshold, image_loader,
            folders=folders, index=index, objects=objects,
        )  # fmt: skip


def _objects(index: Index, sequence: str, version: str) -> list[str]:
    """The ids in all frames; in 2016 the only object has the value that means undecided in other data sets."""
    found = {i for sizes in index[sequence]["obj_sizes"].values() for i in sizes}
    return sorted(found if version == "2016" else found - {_UNDECIDED}, key=int)
