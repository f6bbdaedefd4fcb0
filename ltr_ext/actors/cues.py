"""Loss of a network of cues.

Shapes: T2 frames to segment, B sequences, H W crop pixels.
"""

from __future__ import annotations

from typing import Any

from ltr.actors import BaseActor
from torch import Tensor, nn

from ltr_ext.actors.common import Objective, frame_loss, mean_jaccard, set_training, with_absences
from ltr_ext.device import autocast


class CueActor(BaseActor):
    """Hands the network the first mask and lets it go on from its own masks.

    Args:
        net: `CueNet`, or anything with its `forward`.
        objective: loss of logits against masks, averaged over frames.
        autocast: run the network in bfloat16; the loss stays in float32.
        drop: see `CueNet.read`; only in training.
        absent_share: share of the later frames that are taken from the next sequence of the batch, where the object is
            not: only in training, and only if the batch has several sequences.
    """

    def __init__(
        self,
        net: nn.Module,
        objective: Objective,
        autocast: bool = False,
        drop: float = 0.0,
        absent_share: float = 0.0,
    ) -> None:
        super().__init__(net, objective)
        self.autocast = autocast
        self.drop = drop
        self.absent_share = absent_share

    def __call__(self, data: Any) -> tuple[Tensor, dict[str, float]]:
        """Loss and statistics of one batch.

        Args:
            data: as `TrackSampler` gives it, with B behind the frames; masks as input hold 255 as background.

        Returns:
            The scalar loss; `Loss/total` and `J`.
        """
        images, masks = data["test_images"], data["test_masks"]
        if self.net.training and self.absent_share:
            images, masks = with_absences(images, masks, self.absent_share)
        flow = data.get("test_flow")
        with autocast(images.device, self.autocast):
            logits = self.net(
                data["train_images"].float(),
                images.float(),
                (data["train_masks"] == 1).float(),
                data["train_regions"],
                data["test_regions"],
                flow,
                drop=self.drop if self.net.training else 0.0,
            )
        loss = frame_loss(self.objective, logits, masks)
        return loss, {"Loss/total": loss.item(), "J": mean_jaccard(logits, masks)}

    def train(self, mode: bool = True) -> None:
        """Training or evaluation mode; frozen parts stay in evaluation mode."""
        set_training(self.net, mode)
