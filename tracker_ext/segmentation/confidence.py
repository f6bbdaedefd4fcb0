"""From the features of a mask to an estimate of its J: a small model fitted on held-out clips.

A fractional logistic regression (Papke and Wooldridge, 1996) on standardised features, made monotone-calibrated by an
isotonic map with few steps. Its parameters lie beside the weights they belong to, `<name>.confidence.json`, and hold
the hash of those weights: other weights have no calibration until one is fitted, and get the raw score instead.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.output import write_text
from ltr_ext.weights import file_hash
from tracker_ext.segmentation.mask_features import NAMES, MaskFeatures, as_vector

DEFAULT_FEATURES = ("soft_iou",)
"""What the fit uses unless told otherwise. All nine fit synthetic clips better and real ones worse (docs/trust.md)."""

RAW_SCORE = "raw: expected IoU of the mask under its own logits, not calibrated for these weights"
"""What the manifest says of confidences without a calibration."""


@dataclass(frozen=True)
class Calibration:
    """Parameters of the model."""

    weights_hash: str
    """`file_hash` of the weights it was fitted for."""
    features: tuple[str, ...]
    """Names of the features used."""
    mean: tuple[float, ...]
    """Of each feature over the fitting set."""
    scale: tuple[float, ...]
    """Standard deviation of each feature over the fitting set."""
    coefficients: tuple[float, ...]
    """Of the standardised features."""
    intercept: float
    map_from: tuple[float, ...]
    """Ascending scores, 0..1, ..."""
    map_to: tuple[float, ...]
    """... and the J they stand for, not descending; linear in between, constant outside."""
    fitted_on: str
    """The clips and masks of the fit, in words."""

    def __post_init__(self) -> None:
        sizes = {len(self.features), len(self.mean), len(self.scale), len(self.coefficients)}
        if len(sizes) > 1 or len(self.map_from) != len(self.map_to) or not self.map_from:
            raise ValueError(f"lists of different lengths: {sorted(sizes)}, {len(self.map_from)}, {len(self.map_to)}")
        unknown = [name for name in self.features if name not in NAMES]
        if unknown:
            raise ValueError(f"unknown features {', '.join(unknown)}; known: {', '.join(NAMES)}")
        if any(step < 0 for steps in (self.map_from, self.map_to) for step in np.diff(steps)):
            raise ValueError("map_from and map_to must ascend")
        if min(self.scale, default=1.0) <= 0:
            raise ValueError(f"scale must be positive, got {min(self.scale)}")

    def confidence(self, features: MaskFeatures) -> float:
        """Estimate of J, 0..1."""
        return float(self.predict(as_vector(features)[None])[0])

    def predict(self, vectors: np.ndarray) -> np.ndarray:
        """Estimates of J of many masks: [N, len(NAMES)] (`as_vector`) -> [N] in 0..1."""
        chosen = vectors[:, [NAMES.index(name) for name in self.features]]
        standard = (chosen - np.array(self.mean)) / np.array(self.scale)
        return np.interp(_sigmoid(standard @ np.array(self.coefficients) + self.intercept), self.map_from, self.map_to)

    def manifest(self) -> dict[str, str]:
        """What a sequence's manifest says about its confidences."""
        return {"kind": "calibrated", "weights_hash": self.weights_hash, "fitted_on": self.fitted_on}


def confidence_manifest(calibration: Calibration | None) -> dict[str, str]:
    """What a sequence's manifest says about its confidences, calibrated or raw."""
    return {"kind": RAW_SCORE} if calibration is None else calibration.manifest()


def calibration_path(weights: str | Path) -> Path:
    """`<name>.confidence.json` beside the weights."""
    return Path(weights).with_suffix(".confidence.json")


def load_calibration(weights: str | Path) -> Calibration | None:
    """The calibration of a weight file; None if it has none, or one that was fitted for other weights.

    Raises:
        UserError: the file is there and is damaged.
    """
    path = calibration_path(weights)
    if not path.is_file():
        return None
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        parameters: dict[str, Any] = {f.name: _tuple_of(stored[f.name]) for f in fields(Calibration)}
        calibration = Calibration(**parameters)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"calibration {path} is damaged ({error!r}); restore it, or fit it again") from error
    return calibration if calibration.weights_hash == file_hash(weights) else None


def save_calibration(path: str | Path, calibration: Calibration, measured: dict[str, Any]) -> None:
    """Write the parameters, and what was measured with them for the reader."""
    write_text(path, json.dumps({**asdict(calibration), "measured": measured}, indent=1) + "\n")


def fit_calibration(
    vectors: np.ndarray,
    jaccard: np.ndarray,
    *,
    weights_hash: str,
    fitted_on: str,
    features: Sequence[str] = DEFAULT_FEATURES,
    ridge: float = 1e-3,
    num_steps: int = 12,
) -> Calibration:
    """Fit the model.

    Args:
        vectors: [N, len(NAMES)] features (`as_vector`).
        jaccard: [N] true J, 0..1.
        weights_hash: of the weights.
        fitted_on: in words.
        features: those to use.
        ridge: penalty on the squared coefficients, per mask.
        num_steps: groups of equal size that the isotonic map is fitted to.

    Raises:
        ValueError: fewer masks than groups.
    """
    if len(vectors) < num_steps:
        raise ValueError(f"{len(vectors)} masks are too few for {num_steps} groups")
    chosen = vectors[:, [NAMES.index(name) for name in features]]
    mean, scale = chosen.mean(axis=0), np.maximum(chosen.std(axis=0), 1e-6)
    weights = _logistic_fit((chosen - mean) / scale, jaccard, ridge)
    score = _sigmoid((chosen - mean) / scale @ weights[1:] + weights[0])
    groups = np.array_split(np.argsort(score, kind="stable"), num_steps)
    # Beyond the groups at both ends the regression is trusted: clips to fit on hold few masks that are lost altogether.
    map_from = np.array([0.0, *(score[group].mean() for group in groups), 1.0])
    map_to = np.array([0.0, *isotonic(np.array([jaccard[group].mean() for group in groups])), 1.0])
    return Calibration(
        weights_hash, tuple(features), _rounded(mean), _rounded(scale), _rounded(weights[1:]),
        round(float(weights[0]), 6), _rounded(map_from), _rounded(map_to), fitted_on,
    )  # fmt: skip


def isotonic(values: np.ndarray) -> np.ndarray:
    """The non-descending sequence nearest to `values` [N] in the squares: pool adjacent violators."""
    blocks: list[list[float]] = []
    for value in values.tolist():
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (last, count), (first, before) = blocks.pop(), blocks.pop()
            blocks.append([(first * before + last * count) / (before + count), before + count])
    return np.concatenate([np.full(int(count), value) for value, count in blocks])


def _logistic_fit(standard: np.ndarray, target: np.ndarray, ridge: float) -> np.ndarray:
    """[1 + K] intercept and coefficients that minimise cross-entropy with targets in 0..1, by Newton's method."""
    design = np.column_stack([np.ones(len(standard)), standard])
    penalty = np.full(design.shape[1], ridge * len(design))
    penalty[0] = 0.0
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        estimate = _sigmoid(design @ weights)
        gradient = design.T @ (estimate - target) + penalty * weights
        hessian = (design * (estimate * (1 - estimate))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(values, -50, 50)))


def _tuple_of(value: Any) -> Any:
    """JSON knows lists only."""
    return tuple(value) if isinstance(value, list) else value


def _rounded(values: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
