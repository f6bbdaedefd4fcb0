"""From a mask and its logits to an estimate of its J.

The *soft IoU* orders masks well and is too low; a map that never descends, fitted on held-out clips, brings it to the
scale of J. The map lies beside the weights it belongs to, `<name>.confidence.json`, and holds the hash of those
weights: other weights have no calibration until one is fitted, and their confidence is the soft IoU as it is.

Shapes: H W image pixels.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.digest import file_hash
from ltr_ext.errors import UserError
from ltr_ext.output import write_text
from tracker_ext.segmentation.segment import BACKGROUND_LOGIT

RAW_SCORE = "raw: expected IoU of the mask under its own logits, not calibrated for these weights"
"""What the manifest says of confidences without a calibration."""


@dataclass(frozen=True)
class Calibration:
    """A piecewise linear map from soft IoU to J; constant beyond its ends."""

    weights_hash: str
    """`file_hash` of the weights it was fitted for."""
    map_from: tuple[float, ...]
    """Soft IoUs, 0..1, ascending ..."""
    map_to: tuple[float, ...]
    """... and the J they stand for, 0..1, not descending."""
    fitted_on: str
    """The clips and masks of the fit, in words."""

    def __post_init__(self) -> None:
        if len(self.map_from) != len(self.map_to) or not self.map_from:
            raise ValueError(f"map_from has {len(self.map_from)} numbers, map_to {len(self.map_to)}")
        for name in ("map_from", "map_to"):
            values = np.array(getattr(self, name), dtype=np.float64)
            if not (np.isfinite(values).all() and (np.diff(values, prepend=0, append=1) >= 0).all()):
                raise ValueError(f"{name} must ascend within 0..1, got {values.tolist()}")

    def predict(self, soft_iou: np.ndarray) -> np.ndarray:
        """Estimates of J of N masks: [N] -> [N], 0..1."""
        return np.interp(soft_iou, self.map_from, self.map_to)

    def manifest(self) -> dict[str, str]:
        """What a sequence's manifest says about its confidences."""
        return {"kind": "calibrated", "weights_hash": self.weights_hash, "fitted_on": self.fitted_on}


def soft_iou(logits: np.ndarray, mask: np.ndarray) -> float:
    """The IoU that a mask is expected to have with a truth drawn pixel by pixel from the sigmoid of the logits.

    Expected intersection over expected union.

    Args:
        logits: [H, W] float32; `BACKGROUND_LOGIT` where nothing was predicted.
        mask: [H, W] bool, not empty.
    """
    outside = (logits > BACKGROUND_LOGIT / 2) & ~mask
    area = int(np.count_nonzero(mask))
    return _sum_of_probabilities(logits[mask]) / (area + _sum_of_probabilities(logits[outside]))


def confidence(logits: np.ndarray, mask: np.ndarray, calibration: Calibration | None) -> float:
    """Estimate of a mask's J, 0..1; without a calibration its soft IoU. For the arguments see `soft_iou`."""
    score = soft_iou(logits, mask)
    return score if calibration is None else float(calibration.predict(np.array(score)))


def confidence_manifest(calibration: Calibration | None) -> dict[str, str]:
    """What a sequence's manifest says about its confidences, calibrated or raw."""
    return {"kind": RAW_SCORE} if calibration is None else calibration.manifest()


def calibration_path(weights: str | Path) -> Path:
    """`<name>.confidence.json` beside the weights."""
    return Path(weights).with_suffix(".confidence.json")


def load_calibration(weights: str | Path) -> Calibration | None:
    """The calibration of a weight file; None if it has none, or one that was fitted for other weights.

    Raises:
        UserError: the file is there and is damaged, or is of another version of this project.
    """
    path = calibration_path(weights)
    if not path.is_file():
        return None
    again = f"fit it again: python -m tracker_ext.evaluation.calibrate --weights {weights}"
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        unknown = sorted(stored.keys() - {f.name for f in fields(Calibration)} - {"measured"})
        if unknown:
            raise UserError(f"calibration {path}: made by another version (it has {', '.join(unknown)}); {again}")
        calibration = Calibration(**{f.name: _tuple_of(stored[f.name]) for f in fields(Calibration)})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"calibration {path} is damaged ({error!r}); restore it, or {again}") from error
    return calibration if calibration.weights_hash == file_hash(weights) else None


def save_calibration(path: str | Path, calibration: Calibration, measured: dict[str, Any]) -> None:
    """Write the map, and what was measured with it for the reader."""
    write_text(path, json.dumps({**asdict(calibration), "measured": measured}, indent=1) + "\n")


def _sum_of_probabilities(logits: np.ndarray) -> float:
    return float((1 / (1 + np.exp(-np.maximum(logits, BACKGROUND_LOGIT / 2)))).sum(dtype=np.float64))


def _tuple_of(value: Any) -> Any:
    """JSON knows lists only."""
    return tuple(value) if isinstance(value, list) else value
