"""The loss of the LWL network (Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020).

Shapes: T1 frames with given masks, T2 frames to segment, B sequences, H x W crop pixels.
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
        num_refinement_iter: refinement iterations of the filter; passed to the network.
        autocast: whether the network runs in bfloat16; the loss is computed in float32 in any case.
        previous: how the masks of the preceding frames are simulated; None for a network that takes no such masks.
        absent_share: share of the later frames that are replaced by frames of another sequence of the batch, which do
            not show the object. This happens only in training, and only if the batch has several sequences.
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
        """Compute the loss and the statistics of one batch.

        Args:
            data: `train_images` [T1, B, 3, H, W] and `test_images` [T2, B, 3, H, W] uint8 RGB, `train_masks`
                [T1, B, H, W] and `test_masks` [T2, B, H, W] uint8 (0 background, 1 object, 255 undecided). Where such
                masks are inputs of the network, undecided pixels count as background.

        Returns:
            The scalar loss; and the statistics `Loss/total` and `J`.
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
        """Compute the loss and the statistics of predictions.

        Args:
            logits: [T2, B, H, W] of any float type.
            masks: [T2, B, H, W] uint8 (0 background, 1 object, 255 undecided).
            data: the whole batch, for subclasses.

        Returns:
            See `__call__`.
        """
        loss = frame_loss(self.objective, logits, masks, self.whole_batch)
        return loss, {"Loss/total": loss.item(), "J": mean_jaccard(logits, masks)}

    def train(self, mode: bool = True) -> None:
        """Switch the network to training or evaluation mode; its frozen parts stay in evaluation mode."""
        set_training(self.net, mode)

    def _previous_masks(self, masks: Tensor) -> Tensor | None:
        """Simulate previous masks, float in 0..1, from true ones [T2, B, H, W] uint8.

        In evaluation mode the same masks always give the same result.
        """
        if self.previous is None:
            return None
        generator = None if self.net.training else torch.Generator().manual_seed(0)
        spoilt = simulate_previous_masks((masks == 1).float().flatten(0, 1), self.previous, generator)
        return spoilt.unflatten(0, masks.shape[:2])
