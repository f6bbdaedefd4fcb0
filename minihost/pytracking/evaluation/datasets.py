"""Data sets by name."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

from pytracking.evaluation.data import BaseDataset, SequenceList


class DatasetInfo(NamedTuple):
    """The class of a data set, and its arguments."""

    module: str
    class_name: str
    kwargs: dict[str, Any]


def _boxes(kind: str, class_name: str, **kwargs: Any) -> DatasetInfo:
    return DatasetInfo(f"pytracking.evaluation.{kind}dataset", class_name, kwargs)


dataset_dict: dict[str, DatasetInfo] = {
    "got10k_val": _boxes("got10k", "GOT10KDataset", split="val"),
    "got10k_test": _boxes("got10k", "GOT10KDataset", split="test"),
    "lasot": _boxes("lasot", "LaSOTDataset"),
    "trackingnet": _boxes("trackingnet", "TrackingNetDataset"),
    "dv2016_val": _boxes("vos", "DavisDataset", version="2016", split="val"),
    "dv2017_val": _boxes("vos", "DavisDataset", version="2017", split="val"),
    "dv2017_test_dev": _boxes("vos", "DavisDataset", version="2017", split="test-dev"),
    "yt2019_test": _boxes("vos", "YouTubeVOSDataset", version="2019", split="test"),
    "yt2019_valid": _boxes("vos", "YouTubeVOSDataset", version="2019", split="valid"),
    "yt2019_valid_all": _boxes("vos", "YouTubeVOSDataset", version="2019", split="valid", all_frames=True),
    "yt2018_valid_all": _boxes("vos", "YouTubeVOSDataset", version="2018", split="valid", all_frames=True),
}


def load_dataset(name: str, **kwargs: Any) -> BaseDataset:
    """Load the data set with this name, in upper or lower case.

    Raises:
        ValueError: the name is unknown.
    """
    info = dataset_dict.get(name.lower())
    if info is None:
        raise ValueError(f"unknown data set {name!r}; known are {', '.join(sorted(dataset_dict))}")
    return getattr(importlib.import_module(info.module), info.class_name)(**info.kwargs, **kwargs)


def get_dataset(*names: str, **kwargs: Any) -> SequenceList:
    """The sequences of one or several data sets."""
    sequences = SequenceList()
    for name in names:
        sequences.extend(load_dataset(name, **kwargs).get_sequence_list())
    return sequences
