"""Several objects' logits become one label map.

Shapes: O objects, H W image pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tracker_ext.segmentation.config import Merge

NEVER_CERTAIN = -1e-7
"""Largest logarithm of the background's probability, so that its odds stay finite where nobody claims a pixel."""


def merge_labels(
    logits: Mapping[int, np.ndarray], image_hw: tuple[int, int], merge: Merge, dtype: type[np.unsignedinteger[Any]]
) -> np.ndarray:
    """Who has which pixel.

    The winner among the objects is the same in both ways. They differ where no object alone is likely but all of them
    together are: "soft" gives such a pixel to the likeliest, "max" to the background.

    Args:
        logits: object id -> [H, W] float32.
        image_hw: (H, W), also for no objects.
        merge: how.
        dtype: of the result; holds every id.

    Returns:
        [H, W] object ids, 0 for background.
    """
    labels = np.zeros(image_hw, dtype=dtype)
    highest = np.zeros(image_hw, dtype=np.float32)
    if merge == "soft" and len(logits) > 1:
        log_background = np.zeros(image_hw, dtype=np.float32)
        for values in logits.values():
            log_background -= np.logaddexp(np.float32(0), values)
        highest = log_background - np.log(-np.expm1(np.minimum(log_background, NEVER_CERTAIN)))
    for object_id, values in logits.items():
        wins = values > highest
        labels[wins] = object_id
        highest[wins] = values[wins]
    return labels


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
    # log P(background) = sum of log(1 - p); its odds are P / (1 - P).
    log_background = -F.softplus(logits).sum(dim=0)
    background = log_background - torch.log(-torch.expm1(log_background.clamp_max(NEVER_CERTAIN)))
    joint = torch.cat((background.unsqueeze(0), logits)).softmax(dim=0)
    labels, highest = torch.zeros_like(joint[0], dtype=torch.long), joint[0]
    for place, probability in enumerate(joint[1:], start=1):  # argmax across planes is twenty times slower
        labels = torch.where(probability > highest, place, labels)
        highest = torch.maximum(highest, probability)
    return labels, joint[1:]
