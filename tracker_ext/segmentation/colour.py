"""Pixels that the network leaves undecided are decided by their colour, too.

Along an outline, and on parts that it has seldom seen, the network's logits are near 0. What is object and what is
background in the rest of the same crop says which colours belong to which; a pixel's logit is moved by the evidence of
its colour. This is not part of the paper: its tables leave it out. docs/experiments.md has what it gains.
"""

from __future__ import annotations

import cv2
import numpy as np

BITS = 6
"""Of each Lab channel that tell colours apart: 64 levels."""
UNDECIDED = 1.0
"""Logits nearer to 0 than this are moved."""
WEIGHT = 0.5
"""Of a colour's log-likelihood ratio, beside the network's logit."""
SHARPNESS = 2.0
"""Logits are multiplied by this before they become a pixel's weight among the colours of object and background."""
LARGEST = 3.0
"""Bound of the log-likelihood ratio: a colour alone proves little."""
RARE = 1e-7
"""Probability that is added to every colour's, so that one that was never seen says nothing."""


def decide_by_colour(logits: np.ndarray, picture: np.ndarray, box: np.ndarray, margin: float = 0.25) -> np.ndarray:
    """Move the logits near 0 by how much likelier a pixel's colour is in the object than around it.

    Colours are counted in the box and a margin around it; every pixel counts for the object with the probability that
    the network gives it, and for the background with the rest.

    Args:
        logits: [Hc, Wc] float32, above 0 is object.
        picture: [Hc, Wc, 3] uint8 RGB, the same crop.
        box: (x, y, w, h) in pixels of the crop.
        margin: part of the box's sides, around it on every side.

    Returns:
        [Hc, Wc] float32. What is far from 0, or outside the margin, is as it was.
    """
    x, y, w, h = box
    left, top = max(int(x - margin * w), 0), max(int(y - margin * h), 0)
    around = slice(top, int(np.ceil(y + (1 + margin) * h))), slice(left, int(np.ceil(x + (1 + margin) * w)))
    inside = logits[around]
    undecided = np.abs(inside) < UNDECIDED
    if not undecided.any():
        return logits
    lab = np.right_shift(cv2.cvtColor(np.ascontiguousarray(picture[around]), cv2.COLOR_RGB2LAB), 8 - BITS)
    colours = (lab[..., 0].astype(np.int32) << (2 * BITS)) | (lab[..., 1].astype(np.int32) << BITS) | lab[..., 2]
    weight = 1 / (1 + np.exp(-SHARPNESS * np.clip(inside, -15, 15)))
    ratio = np.log(_likelihood(colours, weight) + RARE) - np.log(_likelihood(colours, 1 - weight) + RARE)
    evidence = cv2.GaussianBlur(np.clip(ratio, -LARGEST, LARGEST), (0, 0), 1.0)
    moved = logits.copy()
    moved[around] = np.where(undecided, inside + WEIGHT * evidence, inside)
    return moved


def _likelihood(colours: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """[h, w] float32: the part of the weight that lies on a pixel's colour and, less, on those next to it."""
    levels = 1 << BITS
    counts = np.bincount(colours.ravel(), weight.ravel(), levels**3).astype(np.float32)
    kernel = np.array([0.25, 0.5, 0.25], dtype=np.float32)
    nothing = np.ones(1, dtype=np.float32)
    # OpenCV filters images: the third channel of colour is the picture's columns, then the others are rows and columns
    along = cv2.sepFilter2D(counts.reshape(-1, levels), -1, kernel, nothing, borderType=cv2.BORDER_REPLICATE)
    cube = cv2.sepFilter2D(along.reshape(levels, levels, levels), -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    likelihood: np.ndarray = cube.ravel()[colours] / max(float(weight.sum()), 1e-6)
    return likelihood
