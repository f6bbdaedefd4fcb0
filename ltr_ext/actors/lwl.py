"""Loss of the LWL network (Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020).

Shapes: T1 frames with given masks, T2 frames to segment, B sequences, H W crop pixels.
"""

from __future__ import annotations

from typing import Any

import torch
from ltr.actors import BaseActor
from torch import Tensor, nn

from ltr_ext.actors.common import Objective, frame_loss, mean_jaccard, set_training


class LWLActor(BaseActor):
    """Lets the network learn the object from the first frames and segment the later ones.

    Args:
        net: `net(train_images, test_images, train_masks, num_refinement_iter)` -> list of logits [T2, B, H, W], the
            last one the best.
        objective: loss of logits against masks, averaged over frames.
        num_refinement_iter: passed to the network.
        autocast: run the network in bfloat16; the loss stays in float32.
    """

    def __init__(
        self, net: nn.Module, objective: Objective, num_refinement_iter: int = 2, autocast: bool = False
    ) -> None:
        super().__init__(net, objective)
        self.num_refinement_iter = num_refinement_iter
        self.autocast = autocast

    def __call__(self, data: Any) -> tuple[Tensor, dict[str, float]]:
        """Loss and statistics of one batch.

        Args:
            data: `train_images` [T1, B, 3, H, W] and `test_images` [T2, B, 3, H, W] uint8 RGB, `train_masks`
                [T1, B, H, W] and `test_masks` [T2, B, H, W] uint8 (0, 1, 255 undecided; as input 255 is background).

        Returns:
            The scalar loss, the mean over the network's predictions, and `Loss/total`, `Loss/final` (of the last
            prediction), `J`.
        """
        train_images, test_images, masks = data["train_images"], data["test_images"], data["test_masks"]
        train_masks = (data["train_masks"] == 1).float()
        with torch.autocast(test_images.device.type, torch.bfloat16, enabled=self.autocast):
            predictions = self.net(
                train_images.float(), test_images.float(), train_masks, num_refinement_iter=self.num_refinement_iter
            )
        losses = torch.stack([frame_loss(self.objective, logits, masks) for logits in predictions])
        loss = losses.mean()
        return loss, {
            "Loss/total": loss.item(),
            "Loss/final": losses[-1].item(),
            "J": mean_jaccard(predictions[-1], masks),
        }

    def train(self, mode: bool = True) -> None:
        """Training or evaluation mode; frozen parts stay in evaluation mode."""
        set_training(self.net, mode)
