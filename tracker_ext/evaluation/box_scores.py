"""Scores of boxes by the rules of their data sets: AO and SR, success, precision, normalised precision.

Boxes are (x, y, w, h), pixels, origin top left.
"""

from __future__ import annotations

import ast
import configparser
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ltr_ext.data.boxes import box_iou
from ltr_ext.errors import UserError
from tracker_ext.evaluation import metrics
from tracker_ext.evaluation.protocols import CLIPS, Protocol
from tracker_ext.evaluation.results import StoredResult, first_frames, true_boxes

NAN = float("nan")
PIXELS = np.arange(51.0)
"""Distances of the precision curve."""
TRACKINGNET_PIXELS, TRACKINGNET_SHARES = np.linspace(0.0, 50.0, 21), np.linspace(0.0, 0.5, 21)
"""Distances of TrackingNet's two precision curves: pixels, and widths and heights of the true box."""


@dataclass(frozen=True, kw_only=True)
class BoxNumbers:
    """The measures of boxes; nan where nothing was measured."""

    ao: float = NAN
    sr50: float = NAN
    sr75: float = NAN
    auc: float = NAN
    """Area under the success curve."""
    precision: float = NAN
    norm_precision: float = NAN

    def numbers(self) -> dict[str, float]:
        """The measures by name."""
        return {name: getattr(self, name) for name in BOX_NUMBERS}


BOX_NUMBERS = tuple(field.name for field in fields(BoxNumbers))


@dataclass(frozen=True, kw_only=True)
class BoxScores(BoxNumbers):
    """Box scores of one sequence, the mean over its objects."""

    frames: int = 0
    """Frames measured, of all objects."""
    success_curve: np.ndarray
    """[21] share of frames whose overlap exceeds 0, 0.05 .. 1 (`metrics.SUCCESS_THRESHOLDS`)."""
    precision_curve: np.ndarray
    """[51] share of frames whose centre lies within 0, 1 .. 50 pixels (`PIXELS`)."""


def score_boxes(stored: StoredResult, protocol: Protocol = CLIPS) -> BoxScores:
    """Score a tracker's stored boxes.

    Args:
        stored: results that have box files.
        protocol: its `boxes` says which rules are followed.

    Raises:
        UserError: a result file is missing or damaged, or the true boxes are those of the first frame alone.
    """
    truth, found = true_boxes(stored.sequence), stored.boxes()
    known, count = len(next(iter(truth.values()))), len(stored.sequence.frames)
    if known != count:
        raise UserError(
            f"sequence {stored.sequence.name} has {known} true boxes for {count} frames, so boxes cannot be scored "
            "here; send them to the data set's server, --pack FILE.zip"
        )
    starts = first_frames(truth)
    tracks = []
    for object_id, start in starts.items():
        predicted, true = np.nan_to_num(found[object_id]), truth[object_id]
        if protocol.boxes == "got10k":
            tracks.append(_score_track(*got10k_frames(Path(stored.sequence.frames[0]), predicted, _raw(stored))))
        elif protocol.boxes == "trackingnet":
            tracks.append(score_trackingnet(predicted, _raw(stored)))
        else:
            later = np.isfinite(true).all(axis=1)
            later[: start + 1] = False
            tracks.append(_score_track(predicted[later], true[later]))
    measured = [track for track in tracks if track.frames]
    if not measured:
        nothing = np.full(len(metrics.SUCCESS_THRESHOLDS), np.nan), np.full(len(PIXELS), np.nan)
        return BoxScores(success_curve=nothing[0], precision_curve=nothing[1])

    def mean(name: str) -> Any:
        return np.mean([getattr(track, name) for track in measured], axis=0)

    return BoxScores(
        frames=sum(track.frames for track in measured),
        **{name: float(mean(name)) for name in BOX_NUMBERS},
        success_curve=mean("success_curve"),
        precision_curve=mean("precision_curve"),
    )


def got10k_frames(first_frame: Path, predicted: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The boxes that GOT-10k's toolkit compares: from the second frame on, cover above 0, cut to the image.

    The toolkit moves a corner that lies outside to the border and keeps the size, then cuts what exceeds the image on
    the right and below. The image size is that of `meta_info.ini`, also in the two sequences whose frames change size.

    Args:
        first_frame: `<sequence>/00000001.jpg`; `cover.label` and `meta_info.ini` lie beside it.
        predicted: [N, 4].
        truth: [N, 4].

    Returns:
        Predicted and true boxes, [M, 4] each.

    Raises:
        UserError: the label file does not fit, or the size is not known.
    """
    folder = first_frame.parent
    seen = np.ones(len(truth), bool)
    cover = folder / "cover.label"
    if cover.is_file():
        labels = cover.read_text().split()
        if len(labels) != len(truth):
            raise UserError(f"{cover}: {len(labels)} labels for {len(truth)} frames; restore the file")
        seen = np.array([int(label) > 0 for label in labels])
    seen[0] = False
    bounds = np.array(_image_size(first_frame))
    return _into_image(predicted, bounds)[seen], _into_image(truth, bounds)[seen]


def score_trackingnet(predicted: np.ndarray, truth: np.ndarray) -> BoxScores:
    """Success, precision and normalised precision of a video as TrackingNet's evaluation takes them.

    All boxes are rounded to whole pixels, the first prediction is the truth; success counts an overlap equal to the
    threshold; each number is the trapezoidal area under its curve of 21 thresholds, scaled to 0..1.

    Args:
        predicted: [N, 4].
        truth: [N, 4].
    """
    predicted, truth = np.rint(predicted), np.rint(truth)
    predicted[0] = truth[0]
    overlaps = box_iou(predicted, truth)
    offsets = metrics.centre_offsets(predicted, truth)
    with np.errstate(divide="ignore", invalid="ignore"):
        normalised = np.hypot(*(offsets / truth[:, 2:]).T)
    distances = np.hypot(*offsets.T)
    success = (overlaps[:, None] >= metrics.SUCCESS_THRESHOLDS).mean(axis=0)
    return BoxScores(
        frames=len(truth),
        ao=metrics.average_overlap(overlaps[1:]),
        sr50=metrics.success_rate(overlaps[1:], 0.5),
        sr75=metrics.success_rate(overlaps[1:], 0.75),
        auc=_area(success),
        precision=_area((distances[:, None] <= TRACKINGNET_PIXELS).mean(axis=0)),
        norm_precision=_area((normalised[:, None] <= TRACKINGNET_SHARES).mean(axis=0)),
        success_curve=success,
        precision_curve=(distances[:, None] <= PIXELS).mean(axis=0),
    )


def _score_track(predicted: np.ndarray, truth: np.ndarray) -> BoxScores:
    overlaps = box_iou(predicted, truth)
    curve = metrics.success_curve(overlaps)
    distances = metrics.centre_distances(predicted, truth)
    return BoxScores(
        frames=len(truth),
        ao=metrics.average_overlap(overlaps),
        sr50=metrics.success_rate(overlaps, 0.5),
        sr75=metrics.success_rate(overlaps, 0.75),
        auc=float(curve.mean()),
        precision=metrics.precision(predicted, truth),
        norm_precision=metrics.normalised_precision(predicted, truth),
        success_curve=curve,
        precision_curve=(distances[:, None] <= PIXELS).sum(axis=0) / max(len(distances), 1),
    )


def _raw(stored: StoredResult) -> np.ndarray:
    """The true boxes as the file has them, [N, 4]: the benchmarks' own rules say what is left out."""
    return np.array(stored.sequence.ground_truth_rect, dtype=np.float64)


def _into_image(boxes: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    corners = np.clip(boxes[:, :2], 0, bounds)
    return np.concatenate([corners, np.clip(boxes[:, 2:], 0, bounds - corners)], axis=1)


def _image_size(first_frame: Path) -> tuple[float, float]:
    """(width, height) of a sequence, by `meta_info.ini` or else by its first frame."""
    meta = first_frame.with_name("meta_info.ini")
    if not meta.is_file():
        with Image.open(first_frame) as image:
            return image.size
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(meta.read_text(encoding="utf-8"))
        width, height = ast.literal_eval(parser["METAINFO"]["resolution"])
    except (configparser.Error, KeyError, ValueError, SyntaxError, TypeError) as error:
        raise UserError(f"{meta}: no `resolution: (width, height)` in it; restore the file") from error
    return float(width), float(height)


def _area(curve: np.ndarray) -> float:
    """Trapezoidal area under a curve of evenly spaced points, the axis scaled to 0..1."""
    return float((curve[1:] + curve[:-1]).mean() / 2)
