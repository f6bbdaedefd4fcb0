"""CueNet: a frozen backbone, cues that encode what is known of an object, and a decoder that makes a mask of it.

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
"""Name in `CueConfig.cues` -> class."""

States = dict[str, Any]
"""Name of a cue -> its state."""


class CueNet(nn.Module):
    """The network; the backbone and all batch statistics are frozen.

    The decoder sees 2 C channels: the mean encoding of the cues that say where the object was, then that of those that
    say what it looks like; zeros where there is no such cue. So a decoder fits every choice of cues.

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
        """As `nn.Module.train`; batch statistics stay as they are, everywhere."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        self.backbone.eval()
        return self

    def levels(self, images: Tensor) -> dict[str, Tensor]:
        """What the frozen backbone makes of images [N, 3, H, W] float RGB, 0-255; H and W multiples of 32."""
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
        """What cues and decoder are shown.

        Args:
            levels: of `levels`.
            size: (H, W).
            region: [N, 4], see `CueFrame`.
            flow: [N, 2, H, W], see `CueFrame`.
            learn_only: whether the frame is not to be segmented.
        """
        prepared = () if learn_only else self.decoder.prepare(levels)
        return CueFrame(self.target_features(levels["layer3"]), size, region, prepared, flow)

    def start(self, frame: CueFrame, mask: Tensor) -> States:
        """All cues' states after the first frame; mask [N, H, W] float, 0..1."""
        return {name: cue.start(frame, mask) for name, cue in self.named_cues()}

    def write(self, frame: CueFrame, mask: Tensor, states: States) -> States:
        """All cues' states after a further frame."""
        return {name: cue.write(frame, mask, states[name]) for name, cue in self.named_cues()}

    def read(self, frame: CueFrame, states: States, drop: float = 0.0) -> Tensor:
        """Segment.

        Args:
            frame: not of `learn_only`.
            states: of the same N objects.
            drop: share of objects for which a slot is left empty, each slot by itself, if both are in use: in training,
                so that neither relies on the other.

        Returns:
            [N, H, W] logits, float32.
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
        """Start from the first frame's mask, then segment the others in order, each prediction being written.

        Args:
            train_images: [1, B, 3, H, W] float RGB, 0-255.
            test_images: [T2, B, 3, H, W] likewise.
            train_masks: [1, B, H, W] float, 0..1.
            train_regions: [1, B, 4], see `CueFrame`.
            test_regions: [T2, B, 4].
            test_flow: [T2, B, 2, H, W], see `CueFrame`.
            drop: see `read`.

        Returns:
            [T2, B, H, W] logits; above 0 is object.
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
                # What a prediction teaches the next frames is not its own doing (hence detached).
                states = self.write(frame, logits.detach().sigmoid(), states)
        return torch.stack(predictions)

    def named_cues(self) -> list[tuple[str, Cue]]:
        """Name and cue, in the order of the config."""
        return [(name, cue) for name, cue in self.cues.items() if isinstance(cue, Cue)]


def initialise_from_lwl(net: CueNet, source: LWLNet) -> list[str]:
    """Take over what LWL has learnt, part by part, wherever names and shapes agree.

    Args:
        net: changed in place; its backbone must be folded if that of `source` is, and the other way round.
        source: a trained network that sees the last mask.

    Returns:
        Names of the trainable tensors that keep their initial values.
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
