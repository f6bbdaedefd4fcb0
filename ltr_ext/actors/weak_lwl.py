"""The loss of the LWL network if some of the videos have only boxes (paper section 4.2, table 3).

Shapes: T2 frames to segment, B sequences, N frames, H x W crop pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ltr_ext.actors.common import Objective, mean_jaccard
from ltr_ext.actors.lwl import LWLActor
from ltr_ext.distributed import gather_batch, processes

WeakObjective = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(logits [N, H, W], boxes [N, 4], images [N, 3, H, W]) -> scalar, averaged over N."""


class WeakLWLActor(LWLActor):
    """The sum of one loss for the sequences with masks and another loss for the sequences with boxes.

    The field `weak` [B] of the batch is 1 for sequences with boxes. Their `test_masks` are not used; their
    `train_masks` are filled boxes, since the network needs masks to learn the object from.

    Args:
        net: see `LWLActor`.
        objective: loss of the sequences with masks, computed on those of all processes together.
        weak_objective: loss of the frames with boxes.
        num_refinement_iter: see `LWLActor`.
    """

    def __init__(
        self, net: nn.Module, objective: Objective, weak_objective: WeakObjective, num_refinement_iter: int = 2
    ) -> None:
        super().__init__(net, objective, num_refinement_iter, whole_batch=True)
        self.weak_objective = weak_objective

    def judge(self, logits: Tensor, masks: Tensor, data: Any) -> tuple[Tensor, dict[str, float]]:
        """As `LWLActor.judge`, with two more statistics, `Loss/masks` and `Loss/boxes`.

        `J` is that of the sequences with masks; without any such sequence it is left out.
        """
        weak = data["weak"].bool()
        with_masks = self._mask_loss(logits, masks, weak)
        with_boxes = self._box_loss(logits, data, weak)
        loss = with_masks + with_boxes
        stats = {"Loss/total": loss.item(), "Loss/masks": with_masks.item(), "Loss/boxes": with_boxes.item()}
        if not bool(weak.all()):
            stats["J"] = mean_jaccard(logits[:, ~weak], masks[:, ~weak])
        return loss, stats

    def _mask_loss(self, logits: Tensor, masks: Tensor, weak: Tensor) -> Tensor:
        logits = logits.float()
        if torch.is_grad_enabled():
            logits, masks = gather_batch(logits, 1), gather_batch(masks, 1)
            weak = gather_batch(weak.to(torch.uint8), 0).bool()
        if bool(weak.all()):
            return logits.sum() * 0.0
        return self.objective(logits[:, ~weak].flatten(0, 1), masks[:, ~weak].flatten(0, 1))

    def _box_loss(self, logits: Tensor, data: Any, weak: Tensor) -> Tensor:
        """The weak loss of this process, weighted so that the mean over processes is the mean over all their frames."""
        count = int(weak.sum())
        counts = processes().gather(count) if torch.is_grad_enabled() else [count]
        if count == 0:
            return logits.sum() * 0.0
        boxes, images = data["test_anno"][:, weak].flatten(0, 1), data["test_images"][:, weak].flatten(0, 1)
        loss = self.weak_objective(logits[:, weak].flatten(0, 1).float(), boxes, images)
        return loss * (count * len(counts) / sum(counts))
