"""The networks behind the editor: masks from boxes, and a tracker that goes on. Loaded when they are first needed.

Shapes: N frames, H W image pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ltr_ext.digest import file_hash
from tracker_ext.segmentation.config import AnnotateConfig, existing_weight_file
from tracker_ext.segmentation.windows import Window

if TYPE_CHECKING:
    from tracker_ext.segmentation.segment import FrameMasks

ReadFrame = Callable[[int], np.ndarray]
"""Number -> [H, W, 3] uint8 RGB."""
NOT_NEEDED = np.zeros((1, 1, 3), np.uint8)
"""In place of a frame that nobody looks at."""
OF_NO_MATTER = ("encode_batch", "precision", "mode", "num_frames", "interval")
"""Options that change nothing about a mask, or that the windows of `plan` know."""
MIN_FILL = 0.05
"""A painted mask that fills less of its box is no start for a tracker."""


class MaskMaker:
    """Masks of chosen frames."""

    def __init__(self, config: AnnotateConfig, weights: Path | None = None) -> None:
        """Check that the weights are there; torch is not imported yet.

        Raises:
            UserError: they are not.
        """
        self.config, self.weights = config, existing_weight_file(weights)
        options = {name: value for name, value in asdict(config).items() if name not in OF_NO_MATTER}
        self.made_by = f"{file_hash(self.weights)} {options}"
        """What masks depend on beside boxes and windows."""
        self._net: Any = None
        self._calibration: Any = None
        self._tracker_params: Any = None

    @property
    def is_loaded(self) -> bool:
        return self._net is not None

    def load(self) -> None:
        """Load the network; takes seconds the first time.

        Raises:
            UserError: damaged weights.
        """
        if self._net is None:
            from tracker_ext.segmentation.api import load_box2mask
            from tracker_ext.segmentation.confidence import load_calibration

            self._calibration = load_calibration(self.weights)
            self._net = load_box2mask(self.weights)

    def masks(
        self,
        read: ReadFrame,
        tracks: Mapping[int, np.ndarray],
        given: Mapping[int, np.ndarray],
        windows: Mapping[int, Iterable[Window]],
        painted: Mapping[int, Mapping[int, np.ndarray]],
    ) -> Iterator[FrameMasks]:
        """Masks of some frames, each as soon as it is there.

        Args:
            read: gives a frame; only those are asked for that have a box of some object.
            tracks: object id -> [N, 4] boxes, nan on the frames that are not needed.
            given: object id -> [N] bool, false where a box is interpolated.
            windows: object id -> windows over numbers of frames, whose frames all have given boxes.
            painted: object id -> frame -> [H, W] bool, masks that a person painted.

        Yields:
            Those frames that have a mask of some object.
        """
        from tracker_ext.segmentation.segment import annotate

        self.load()
        needed = np.any([np.isfinite(track).all(axis=1) for track in tracks.values()], axis=0)
        frames = (read(index) if is_needed else NOT_NEEDED for index, is_needed in enumerate(needed.tolist()))
        plans = {object_id: _positions(windows[object_id], tracks[object_id], given[object_id]) for object_id in tracks}
        for result in annotate(
            frames, tracks, self._net, self.config, keep_logits=True, plan=plans, given=given, masks=painted
        ):
            if result.scores:
                yield result

    def confidence(self, result: FrameMasks, object_id: int) -> float:
        """Estimated J of a mask, 0 to 1; 0 for an empty one."""
        from tracker_ext.segmentation.confidence import confidence

        mask = result.labels == object_id
        assert result.logits is not None
        return float(confidence(result.logits[object_id], mask, self._calibration)) if mask.any() else 0.0

    def follow(
        self, read: ReadFrame, start: int, end: int, box: np.ndarray, mask: np.ndarray | None
    ) -> Iterator[tuple[int, np.ndarray, float]]:
        """Track one object.

        Args:
            read: gives a frame.
            start: the frame it is known on.
            end: behind the last frame.
            box: [4] (x, y, w, h) on the first frame.
            mask: [H, W] bool there, if it is known.

        Yields:
            (frame, mask [H, W] bool, mean probability of its pixels), from `start + 1` on.
        """
        tracker = self._tracker(from_mask=mask is not None)
        first: dict[str, Any] = {"init_bbox": np.asarray(box, np.float64).tolist()}
        if mask is not None:
            first["init_mask"] = mask.astype(np.uint8)
        tracker.initialize(read(start), first)
        for index in range(start + 1, end):
            output = tracker.track(read(index), {})
            yield index, output["segmentation"] > 0, float(output["object_presence_score"])

    def _tracker(self, from_mask: bool) -> Any:
        """A tracker of `lwl box2mask_init`, whose first mask is made by our network."""
        self.load()
        from ltr_ext import host

        host.resolve()
        from tracker_ext.parameter.lwl import box2mask_init
        from tracker_ext.tracker.lwl_tracker import LWLTrackerParts

        if self._tracker_params is None:
            self._tracker_params = box2mask_init.parameters()
        params = self._tracker_params
        parts = params.parts
        config = replace(parts.config, start="mask" if from_mask else "box")
        params.parts = LWLTrackerParts(parts.net, config, self._net)
        return box2mask_init.TRACKER_CLASS(params)


def _positions(windows: Iterable[Window], track: np.ndarray, given: np.ndarray) -> list[Window]:
    """Windows over numbers of frames as windows over positions among the given boxes of a track."""
    boxed = np.flatnonzero(np.isfinite(track).all(axis=1) & given).tolist()
    place = {frame: position for position, frame in enumerate(boxed)}
    missing = {frame for window in windows for frame in window.frames} - place.keys()
    if missing:
        raise ValueError(f"frames {sorted(missing)} are in a window and have no box")
    return [
        Window(tuple(place[frame] for frame in window.frames), tuple(place[frame] for frame in window.kept))
        for window in sorted(windows, key=lambda window: window.frames[-1])
    ]


def usable_start(mask: np.ndarray, box: np.ndarray) -> bool:
    """Whether a tracker can start from a mask, rather than from its box."""
    return bool(np.count_nonzero(mask) >= MIN_FILL * box[2] * box[3])
