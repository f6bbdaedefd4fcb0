"""Several objects' logits become one label map.

Shapes: O objects, H W image pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def soft_aggregate(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Soft aggregation (Wug Oh et al., RGMP, CVPR 2018): background where no object is, the odds compete.

    The probability of the background is the product of the objects' complements; the odds of background and objects
    are then normalised to sum to 1. One object alone keeps its probability: the background is its complement, and
    there is nobody to compete with.

    Args:
        logits: [O, H, W] float.

    Returns:
        Labels [H, W] int64, 0 for background, 1 + the place of the winner; and probabilities [O, H, W].
    """
    if len(logits) == 1:
        return (logits[0] > 0).long(), logits.sigmoid()
    # log P(background) = sum of log(1 - p); its odds are P / (1 - P), kept finite for pixels nobody claims.
    log_background = -F.softplus(logits).sum(dim=0)
    background = log_background - torch.log(-torch.expm1(log_background.clamp_max(-1e-7)))
    joint = torch.cat((background.unsqueeze(0), logits)).softmax(dim=0)
    labels, highest = torch.zeros_like(joint[0], dtype=torch.long), joint[0]
    for place, probability in enumerate(joint[1:], start=1):  # argmax across planes is twenty times slower
        labels = torch.where(probability > highest, place, labels)
        highest = torch.maximum(highest, probability)
    return labels, joint[1:]


def drop_small_parts(mask: np.ndarray, min_part: float) -> np.ndarray:
    """Keep the parts of a mask that have at least `min_part` of the largest part's pixels.

    Args:
        mask: [H, W] bool.
        min_part: 0 keeps all.

    Returns:
        [H, W] bool.
    """
    if min_part <= 0 or not mask.any():
        return mask
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    if count == 2:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return (areas >= min_part * areas.max())[parts] & mask
