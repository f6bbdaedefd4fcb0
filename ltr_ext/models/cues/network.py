"""CueNet: a frozen backbone, cues that encode what is known of an object, and a decoder that computes its mask.

Shapes: see `frame.py`; B sequences, T1 = 1 frame with a mask, T2 frames to segment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ltr_ext.models.backbone import TargetFeatures, build_backbone
from ltr_ext.models.cues.config import CueConfig
from ltr_ext.models.cues.frame import Cue, CueFrame
from ltr_ext.models.cues.match import Match
from ltr_ext.models.cues.place import Refine, Warp
from ltr_ext.models.cues.target_model import TargetModel
from ltr_ext.models.decoder import Decoder
from ltr_ext.models.lwl import LWLNet

CUES: dict[str, Callable[[CueConfig], Cue]] = {
    "refine": Refine,
    "warp": Warp,
    "match": Match,
    "target_model": TargetModel,
}
"""The classes of cues by their names in `CueConfig.cues`."""

States = dict[str, Any]
"""States of cues by the names of the cues."""


class CueNet(nn.Module):
    """The network. Its backbone and all batch statistics are frozen.

    The decoder gets 2 C channels: the mean encoding of the cues of the slot "place", then that of the slot "look" (see
    `Slot`); zeros if the other slot alone has cues. So the same decoder fits every choice of cues.

    Raises:
        ValueError: a cue is unknown.
    """

    def __init__(self, config: CueConfig) -> None:
        super().__init__()
        if unknown := sorted(set(config.cues) - CUES.keys()):
            raise ValueError(f"cue {unknown[0]!r} is unknown; known: {', '.join(sorted(CUES))}")
        self.config = config
        self.backbone = build_backbone(config.backbone).requires_grad_(False)
        self.target_features = TargetFeatures(self.backbone.channels["layer3"], config.feature_dim, config.filter_size)
        self.cues = nn.ModuleDict({name: CUES[name](config) for name in config.cues})
        self.decoder = Decoder(
            self.backbone.channels, 2 * config.encoding_channels, config.decoder_widths, "bilinear"
        )  # fmt: skip
        self.train()

    @property
    def sees_flow(self) -> bool:
        """Whether a cue needs the optical flow."""
        return "warp" in self.config.cues

    def train(self, mode: bool = True) -> CueNet:
        """See `nn.Module.train`; all batch statistics stay fixed."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        self.backbone.eval()
        return self

    def levels(self, images: Tensor) -> dict[str, Tensor]:
        """The backbone's features of images [N, 3, H, W] float RGB, 0-255; H and W must be multiples of 32."""
        return self.backbone(images.contiguous(memory_format=torch.channels_last))

    def frame(
        self,
        levels: dict[str, Tensor],
        size: tuple[int, int],
        region: Tensor,
        flow: Tensor | None = None,
        *,
        learn_only: bool = False,
    ) -> CueFrame:
        """Compute the input of cues and decoder.

        Args:
            levels: the output of `levels`.
            size: (H, W).
            region: [N, 4], see `CueFrame`.
            flow: [N, 2, H, W], see `CueFrame`.
            learn_only: whether the frame will not be segmented, so that the decoder's input is left out.
        """
        prepared = () if learn_only else self.decoder.prepare(levels)
        return CueFrame(self.target_features(levels["layer3"]), size, region, prepared, flow)

    def start(self, frame: CueFrame, mask: Tensor) -> States:
        """The states of all cues after the first frame, whose mask is [N, H, W] float, 0..1."""
        return {name: cue.start(frame, mask) for name, cue in self.named_cues()}

    def write(self, frame: CueFrame, mask: Tensor, states: States) -> States:
        """The states of all cues after a further frame with its mask [N, H, W] float, 0..1."""
        return {name: cue.write(frame, mask, states[name]) for name, cue in self.named_cues()}

    def read(self, frame: CueFrame, states: States, drop: float = 0.0) -> Tensor:
        """Segment a frame.

        Args:
            frame: must be computed without `learn_only`.
            states: the states of the same N objects.
            drop: probability with which an object's encoding of a slot is replaced by zeros, for each slot by itself,
                if there are cues of both. It is used in training, so that neither slot relies on the other.

        Returns:
            Logits [N, H, W] float32.
        """
        slots: dict[str, list[Tensor]] = {"place": [], "look": []}
        for name, cue in self.named_cues():
            slots[cue.slot].append(cue.read(frame, states[name]).float())
        encodings = {slot: torch.stack(maps).mean(dim=0) for slot, maps in slots.items() if maps}
        if drop and len(encodings) == len(slots):
            kept = {slot: torch.rand(len(maps), 1, 1, 1) >= drop for slot, maps in encodings.items()}
            encodings = {slot: maps * kept[slot].to(maps) for slot, maps in encodings.items()}
        if not encodings:
            return self.decoder(None, frame.decoder, frame.size)
        blank = torch.zeros_like(next(iter(encodings.values())))
        joined = torch.cat([encodings.get(slot, blank) for slot in slots], dim=1)
        return self.decoder(joined, frame.decoder, frame.size)

    def forward(
        self,
        train_images: Tensor,
        test_images: Tensor,
        train_masks: Tensor,
        train_regions: Tensor,
        test_regions: Tensor,
        test_flow: Tensor | None = None,
        drop: float = 0.0,
    ) -> Tensor:
        """Start from the mask of the first frame, then segment the others in order and write each predicted mask.

        Args:
            train_images: [1, B, 3, H, W] float RGB, 0-255.
            test_images: [T2, B, 3, H, W] float RGB, 0-255.
            train_masks: [1, B, H, W] float, 0..1.
            train_regions: [1, B, 4], see `CueFrame`.
            test_regions: [T2, B, 4], see `CueFrame`.
            test_flow: [T2, B, 2, H, W], see `CueFrame`.
            drop: see `read`.

        Returns:
            Logits [T2, B, H, W]; a logit above 0 means object.
        """
        num_test, num_sequences = test_images.shape[:2]
        size = (test_images.shape[-2], test_images.shape[-1])
        images = torch.cat((train_images, test_images)).flatten(0, 1)
        levels = self.levels(images)

        def rows(number: int) -> dict[str, Tensor]:
            return {
                name: maps[number * num_sequences : (number + 1) * num_sequences] for name, maps in levels.items()
            }  # fmt: skip

        first = self.frame(rows(0), size, train_regions[0], learn_only=True)
        states = self.start(first, train_masks[0])
        predictions = []
        for i in range(num_test):
            frame = self.frame(rows(i + 1), size, test_regions[i], None if test_flow is None else test_flow[i])
            logits = self.read(frame, states, drop)
            predictions.append(logits)
            if i + 1 < num_test:
                # Detached, so that the loss of later frames has no gradient in this prediction.
                states = self.write(frame, logits.detach().sigmoid(), states)
        return torch.stack(predictions)

    def named_cues(self) -> list[tuple[str, Cue]]:
        """The names and the cues, in the order of the config."""
        return [(name, cue) for name, cue in self.cues.items() if isinstance(cue, Cue)]


def initialise_from_lwl(net: CueNet, source: LWLNet) -> list[str]:
    """Copy the weights of an LWL network, part by part, wherever names and shapes agree.

    Args:
        net: is changed in place; its backbone must be folded if and only if that of `source` is.
        source: a trained network whose decoder gets the previous mask.

    Returns:
        The names of the trainable tensors that keep their initial values.
    """
    parts: dict[str, nn.Module | None] = {
        "backbone": source.backbone,
        "target_features": source.target_features,
        "decoder": source.decoder,
        "cues.refine.encoder": source.previous_encoder,
        "cues.warp.encoder": source.previous_encoder,
        "cues.match.label_encoder": source.label_encoder,
        "cues.target_model.label_encoder": source.label_encoder,
        "cues.target_model.aggregation": source.aggregation,
    }
    state = net.state_dict()
    taken = {}
    for place, part in parts.items():
        for name, tensor in () if part is None else part.state_dict().items():
            full = f"{place}.{name}"
            if full in state and state[full].shape == tensor.shape:
                taken[full] = tensor
    net.load_state_dict({**state, **taken})
    return [name for name, one in net.named_parameters() if one.requires_grad and name not in taken]
