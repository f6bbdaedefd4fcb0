"""Loss of the LWL network (Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020).

Shapes: T1 frames with given masks, T2 frames to segment, B sequences, H W crop pixels.
"""

from __future__ import annotations

from typing import Any

import torch
from ltr.actors import BaseActor
from torch import Tensor, nn

from ltr_ext.actors.common import Objective, frame_loss, mean_jaccard, set_training, with_absences
from ltr_ext.data.previous_masks import PreviousMaskConfig, simulate_previous_masks
from ltr_ext.device import autocast


class LWLActor(BaseActor):
    """Lets the network learn the object from the first frames and segment the later ones.

    Args:
        net: `net(train_images, test_images, train_masks, previous_masks, num_refinement_iter)` -> logits [T2, B, H, W].
        objective: loss of logits against masks, averaged over frames.
        num_refinement_iter: passed to the network.
        autocast: run the network in bfloat16; the loss stays in float32.
        previous: how the masks of the frames before are made up; None for a network that does not look at them.
        absent_share: share of the later frames that are taken from the next sequence of the batch, where the object is
            not: only in training, and only if the batch has several sequences.
        whole_batch: see `frame_loss`.
    """

    def __init__(
        self,
        net: nn.Module,
        objective: Objective,
        num_refinement_iter: int = 2,
        autocast: bool = False,
        previous: PreviousMaskConfig | None = None,
        absent_share: float = 0.0,
        whole_batch: bool = False,
    ) -> None:
        super().__init__(net, objective)
        self.num_refinement_iter = num_refinement_iter
        self.autocast = autocast
        self.previous = previous
        self.absent_share = absent_share
        self.whole_batch = whole_batch

    def __call__(self, data: Any) -> tuple[Tensor, dict[str, float]]:
        """Loss and statistics of one batch.

        Args:
            data: `train_images` [T1, B, 3, H, W] and `test_images` [T2, B, 3, H, W] uint8 RGB, `train_masks`
                [T1, B, H, W] and `test_masks` [T2, B, H, W] uint8 (0, 1, 255 undecided; as input 255 is background).

        Returns:
            The scalar loss; `Loss/total` and `J`.
        """
        train_images, test_images, test_masks = data["train_images"], data["test_images"], data["test_masks"]
        train_masks = (data["train_masks"] == 1).float()
        previous_masks = self._previous_masks(test_masks)
        if self.net.training and self.absent_share:
            test_images, test_masks = with_absences(test_images, test_masks, self.absent_share)
        with autocast(test_images.device, self.autocast):
            logits = self.net(
                train_images.float(),
                test_images.float(),
                train_masks,
                previous_masks=previous_masks,
                num_refinement_iter=self.num_refinement_iter,
            )
        return self.judge(logits, test_masks, data)

    def judge(self, logits: Tensor, masks: Tensor, data: Any) -> tuple[Tensor, dict[str, float]]:
        """Loss and statistics of predictions [T2, B, H, W]; masks likewise, `data` the whole batch."""
        loss = frame_loss(self.objective, logits, masks, self.whole_batch)
        return loss, {"Loss/total": loss.item(), "J": mean_jaccard(logits, masks)}

    def train(self, mode: bool = True) -> None:
        """Training or evaluation mode; frozen parts stay in evaluation mode."""
        set_training(self.net, mode)

    def _previous_masks(self, masks: Tensor) -> Tensor | None:
        """[T2, B, H, W] uint8 -> float, 0..1; in evaluation mode equal masks always give equal ones."""
        if self.previous is None:
            return None
        generator = None if self.net.training else torch.Generator().manual_seed(0)
        spoilt = simulate_previous_masks((masks == 1).float().flatten(0, 1), self.previous, generator)
        return spoilt.unflatten(0, masks.shape[:2])
