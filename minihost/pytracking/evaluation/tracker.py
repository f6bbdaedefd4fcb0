"""A tracker with its parameters, which can be run on sequences."""

from __future__ import annotations

import importlib
import importlib.util
import multiprocessing
import time
from collections import OrderedDict
from typing import Any

from pytracking.evaluation.data import Sequence
from pytracking.evaluation.environment import env_settings
from pytracking.evaluation.images import read_frame
from pytracking.evaluation.multi_object_wrapper import MultiObjectWrapper
from pytracking.evaluation.progress import bar_options
from pytracking.utils import TrackerParams
from tqdm import tqdm

KEPT = ("target_bbox", "time", "segmentation", "object_presence_score")


def trackerlist(
    name: str, parameter_name: str, run_ids: int | list[int] | None = None, display_name: str | None = None
) -> list[Tracker]:
    """Make one `Tracker` per run id."""
    ids = run_ids if isinstance(run_ids, list) else [run_ids]
    return [Tracker(name, parameter_name, run_id, display_name) for run_id in ids]


class Tracker:
    """The tracker `pytracking.tracker.<name>` with the parameters `pytracking.parameter.<name>.<parameter_name>`.

    `tracker_class` is None if there is no such tracker package; extensions with trackers in other places set it. Results
    are written to `results_dir` and `segmentation_dir`.
    """

    def __init__(
        self, name: str, parameter_name: str, run_id: int | None = None, display_name: str | None = None
    ) -> None:
        self.name, self.parameter_name = name, parameter_name
        self.run_id, self.display_name = run_id, display_name
        env = env_settings()
        entry = f"{name}/{parameter_name}" if run_id is None else f"{name}/{parameter_name}_{run_id:03d}"
        self.results_dir = f"{env.results_path}/{entry}"
        self.segmentation_dir = f"{env.segmentation_path}/{entry}"
        self.tracker_class: type | None = None
        if importlib.util.find_spec(f"pytracking.tracker.{name}") is not None:
            self.tracker_class = importlib.import_module(f"pytracking.tracker.{name}").get_tracker_class()

    def get_parameters(self) -> TrackerParams:
        """The result of `parameters()` of the parameter module."""
        return importlib.import_module(f"pytracking.parameter.{self.name}.{self.parameter_name}").parameters()

    def run_sequence(
        self,
        seq: Sequence,
        visualization: bool | None = None,
        debug: int | None = None,
        visdom_info: dict[str, Any] | None = None,
        multiobj_mode: str | None = None,
    ) -> dict[str, list[Any]]:
        """Track a sequence.

        Args:
            seq: the sequence.
            visualization: value of `params.visualization`; None means true if `debug` is above 0.
            debug: value of `params.debug`; None means that of the parameters.
            visdom_info: not used, since this host has no display.
            multiobj_mode: `default` (the tracker gets all objects) or `parallel` (one tracker per object); None means
                the value in the parameters or in the tracker class. It has no effect on single-object sequences.

        Returns:
            `target_bbox`, `time` in seconds, `segmentation` and `object_presence_score`, which are lists with one entry
            per frame: a value, or a value per object id. `target_bbox` and `segmentation` are left out if the tracker
            does not give them for every frame.

        Raises:
            ValueError: there is no tracker class, or `multiobj_mode` is unknown.
        """
        if self.tracker_class is None:
            raise ValueError(f"no tracker class for {self.name}: there is no package pytracking.tracker.{self.name}")
        params = self.get_parameters()
        params.debug = params.get("debug", 0) if debug is None else debug
        params.visualization = bool(params.debug) if visualization is None else visualization
        mode = multiobj_mode or params.get("multiobj_mode", getattr(self.tracker_class, "multiobj_mode", "default"))
        if mode not in ("default", "parallel"):
            raise ValueError(f"multiobj_mode is {mode!r}; known are default, parallel")
        if mode == "parallel" and seq.multiobj_mode:
            return _track(MultiObjectWrapper(self.tracker_class, params), seq)
        return _track(self.tracker_class(params), seq)


def _track(tracker: Any, seq: Sequence) -> dict[str, list[Any]]:
    """Run a tracker on all frames; see `Tracker.run_sequence`."""
    kept: dict[str, list[Any]] = {key: [] for key in KEPT}

    def keep(output: dict[str, Any], defaults: dict[str, Any]) -> None:
        for key, values in kept.items():
            value = output.get(key, defaults.get(key))
            if value is not None:
                values.append(value)

    info = seq.init_info()
    image = read_frame(seq.frames[0])
    begin = time.perf_counter()
    previous = OrderedDict(tracker.initialize(image, info) or {})
    seconds = time.perf_counter() - begin
    given = {"target_bbox": info.get("init_bbox"), "segmentation": info.get("init_mask")}
    keep(previous, given | {"time": seconds, "object_presence_score": 1.0})

    in_worker = multiprocessing.parent_process() is not None
    later = tqdm(seq.frames[1:], desc=seq.name, unit="frame", disable=in_worker, **({"leave": False} | bar_options()))
    for frame_num, path in enumerate(later, start=1):
        image = read_frame(path)
        begin = time.perf_counter()
        output = tracker.track(image, seq.frame_info(frame_num) | {"previous_output": previous})
        keep(output, {"time": time.perf_counter() - begin})
        previous = OrderedDict(output)

    for key in ("target_bbox", "segmentation"):
        if len(kept[key]) < len(seq.frames):
            del kept[key]  # only the given values of the first frame, or incomplete
    return kept
