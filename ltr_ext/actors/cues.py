"""The actor that trains networks of cues.

Shapes: T2 frames to segment, B sequences, H x W crop pixels.
"""

from __future__ import annotations

from typing import Any

from ltr.actors import BaseActor
from torch import Tensor, nn

from ltr_ext.actors.common import Objective, frame_loss, mean_jaccard, set_training, with_absences
from ltr_ext.device import autocast


class CueActor(BaseActor):
    """Gives the network the mask of the first frame and lets it segment the others from its own masks.

    Args:
        net: `CueNet`, or a network with the same `forward`.
        objective: loss of logits against masks, averaged over frames.
        autocast: whether the network runs in bfloat16; the loss stays in float32.
        drop: see `CueNet.read`; used only in training.
        absent_share: share of the later frames that are replaced by frames of another sequence of the batch, which do
            not show the object; used only in training, and only if the batch has several sequences.
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
        """Compute the loss and the statistics of one batch.

        Args:
            data: a batch of samples of `TrackSampler`, with B after the frames. Undecided pixels (255) of the first
                mask count as background.

        Returns:
            The scalar loss, and the statistics `Loss/total` and `J`.
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
        """Switch the network to training or evaluation mode; its frozen parts stay in evaluation mode."""
        set_training(self.net, mode)
