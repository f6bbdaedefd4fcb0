"""The loss of the box2mask network (paper eq. 4).

Shapes: T frames, B sequences, H x W crop pixels.
"""

from __future__ import annotations

from typing import Any

from ltr.actors import BaseActor
from torch import Tensor, nn

from ltr_ext.actors.common import Objective, frame_loss, mean_jaccard, set_training
from ltr_ext.device import autocast


class Box2MaskActor(BaseActor):
    """Runs the network on a batch; the loss is that of the coarse masks plus that of the refined masks.

    Args:
        net: a `Box2MaskNet`, or anything with the same `forward`.
        objective: loss of logits against masks.
        autocast: whether the network runs in bfloat16; the loss is computed in float32 in any case.
        whole_batch: see `frame_loss`.
        fixed_statistics: see `set_training`.
    """

    def __init__(
        self,
        net: nn.Module,
        objective: Objective,
        autocast: bool = False,
        whole_batch: bool = False,
        fixed_statistics: bool = False,
    ) -> None:
        super().__init__(net, objective)
        self.autocast = autocast
        self.whole_batch = whole_batch
        self.fixed_statistics = fixed_statistics

    def __call__(self, data: Any) -> tuple[Tensor, dict[str, float]]:
        """Compute the loss and the statistics of one batch.

        Args:
            data: `train_images` [T, B, 3, H, W] uint8 RGB, `train_anno` [T, B, 4] float32 (x, y, w, h) in crop pixels,
                and `train_masks` [T, B, H, W] uint8 (0 background, 1 object, 255 undecided).

        Returns:
            The scalar loss; and the statistics `Loss/total`, `Loss/coarse`, `Loss/refined` (0 if the network variant
            does not refine) and `J` (see `mean_jaccard`).
        """
        images, boxes, masks = data["train_images"], data["train_anno"], data["train_masks"]
        with autocast(images.device, self.autocast):
            output = self.net(images.float(), boxes)
        coarse = frame_loss(self.objective, output.coarse, masks, self.whole_batch)
        loss, refined = coarse, None
        if output.refined is not None:
            refined = frame_loss(self.objective, output.refined, masks, self.whole_batch)
            loss = coarse + refined
        return loss, {
            "Loss/total": loss.item(),
            "Loss/coarse": coarse.item(),
            "Loss/refined": 0.0 if refined is None else refined.item(),
            "J": mean_jaccard(output.final, masks),
        }

    def train(self, mode: bool = True) -> None:
        """Switch the network to training or evaluation mode; its frozen parts stay in evaluation mode."""
        set_training(self.net, mode, self.fixed_statistics)
