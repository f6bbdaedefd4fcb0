"""Box2MaskNet: boxes in T frames of a video become masks (paper sections 3.1 to 3.3).

Shapes: T boxed frames, B sequences, N = T * B, C encoding channels, D features, H W crop pixels, h = H/16, w = W/16.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ltr_ext.models.aggregation import Aggregation, apply_filter
from ltr_ext.models.backbone import TargetFeatures, build_backbone
from ltr_ext.models.box2mask.config import Box2MaskConfig
from ltr_ext.models.decoder import Decoder
from ltr_ext.models.encoders import Encoding, MaskEncoder, ObjectEncoder, SingleFrameEncoder, rasterise_boxes


@dataclass(frozen=True)
class FrameEncoding:
    """Everything about a boxed frame that does not depend on the other frames. All tensors share leading dims."""

    features: Tensor
    """[..., D, h, w] x_t."""
    single: Tensor | None
    """[..., C, h, w] m_t; None without it, and where `decoder` has it already."""
    target: Tensor | None
    """[..., C, h, w] e_t; None without aggregation."""
    weight: Tensor | None
    """[..., C, h, w] w_t; None without aggregation."""
    decoder: tuple[Tensor, ...]
    """From `Decoder.prepare`, or `Decoder.with_encoding`."""

    def map(self, function: Callable[[Tensor], Tensor]) -> FrameEncoding:
        """Apply a function to every tensor."""

        def optional(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else function(tensor)

        return FrameEncoding(
            function(self.features),
            optional(self.single),
            optional(self.target),
            optional(self.weight),
            tuple(function(maps) for maps in self.decoder),
        )

    @staticmethod
    def stack(encodings: Sequence[FrameEncoding]) -> FrameEncoding:
        """Stack encodings along a new first dimension, for example T frames."""
        first = encodings[0]

        def joined(name: str) -> Any:
            return None if getattr(first, name) is None else torch.stack([getattr(item, name) for item in encodings])

        decoder = tuple(torch.stack(maps) for maps in zip(*(item.decoder for item in encodings), strict=True))
        return FrameEncoding(joined("features"), joined("single"), joined("target"), joined("weight"), decoder)


@dataclass(frozen=True)
class Box2MaskOutput:
    """Logits; above 0 is object."""

    coarse: Tensor
    """[T, B, H, W] y_t; without refinement those of the kept frames."""
    refined: Tensor | None
    """[T, B, H, W] y^_t of the kept frames; None where the variant does not refine."""
    filter: Tensor | None = None
    """[B, C, D, K, K] z of the last solve; None without aggregation. See `Box2MaskNet.transfer`."""

    @property
    def final(self) -> Tensor:
        """[T, B, H, W]: the logits to use, of the kept frames."""
        return self.coarse if self.refined is None else self.refined


class Box2MaskNet(nn.Module):
    """The network; the backbone is frozen (section 3.4)."""

    def __init__(self, config: Box2MaskConfig) -> None:
        super().__init__()
        self.config = config
        channels, widths = config.encoding_channels, config.encoder_widths
        self.backbone = build_backbone(config.backbone).requires_grad_(False)
        self.target_features = TargetFeatures(self.backbone.channels["layer3"], config.feature_dim, config.filter_size)
        self.object_encoder: ObjectEncoder | None = None
        self.single_encoder: SingleFrameEncoder | None = None
        self.aggregation: Aggregation | None = None
        self.mask_encoder: MaskEncoder | None = None
        self.refined_aggregation: Aggregation | None = None
        if config.uses_single_frame:
            self.single_encoder = SingleFrameEncoder(config.feature_dim, channels, widths, config.block_bias)
        if config.uses_aggregation:
            self.object_encoder = ObjectEncoder(config.feature_dim, channels, widths, config.block_bias)
            self.aggregation = self._build_aggregation()
        if config.refines:
            self.mask_encoder = MaskEncoder(channels, widths[:3], config.block_bias)
            self.refined_aggregation = self._build_aggregation()
        inputs = channels * (config.uses_single_frame + config.uses_aggregation)
        self.decoder = Decoder(self.backbone.channels, inputs, config.decoder_widths, config.upsampling, config.detail)

    def _build_aggregation(self) -> Aggregation:
        config = self.config
        return Aggregation(config.filter_size, config.initial_regularisation, config.reduction, config.parametrisation)

    def without_refinement(self) -> Box2MaskNet:
        """The network that ends with the coarse masks, on the same tensors: `multi_frame_plus` of `iterative`; any
        other variant is that already."""
        if not self.config.refines:
            return self
        shorter = copy(self)
        shorter.config = replace(self.config, variant="multi_frame_plus")
        shorter._modules = {**self._modules, "mask_encoder": None, "refined_aggregation": None}
        return shorter

    def train(self, mode: bool = True) -> Box2MaskNet:
        """As `nn.Module.train`; the frozen backbone keeps its batch statistics."""
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, images: Tensor, boxes: Tensor, iterations: int | None = None) -> Box2MaskOutput:
        """Predict one mask per boxed frame from all T frames together.

        Args:
            images: [T, B, 3, H, W] float RGB, 0-255; H and W multiples of 32.
            boxes: [T, B, 4] float32 (x, y, w, h), crop pixels, origin top left, w > 0 and h > 0.
            iterations: solver steps; by default those of the config for training or inference.

        Raises:
            ValueError: frame or sequence counts differ, or a box has no area.
        """
        if images.shape[:2] != boxes.shape[:2]:
            raise ValueError(
                f"images {tuple(images.shape)} and boxes {tuple(boxes.shape)} differ in frames or sequences"
            )
        if not bool((boxes[..., 2:] > 0).all()):
            raise ValueError("a box has no area; width and height must be positive")
        encoding = self.encode(images.flatten(0, 1), boxes.flatten(0, 1))
        encoding = encoding.map(lambda maps: maps.unflatten(0, images.shape[:2]))
        return self.aggregate(encoding, images.shape[-2:], iterations)

    def encode(self, images: Tensor, boxes: Tensor) -> FrameEncoding:
        """Per-frame part: features and object encodings, once per frame.

        Args:
            images: [N, 3, H, W] float RGB, 0-255.
            boxes: [N, 4] float (x, y, w, h), crop pixels.

        Returns:
            Encoding with leading N.
        """
        levels = self.backbone(images.contiguous(memory_format=torch.channels_last))
        features = self.target_features(levels["layer3"])
        if self.config.box_edges == "whole_pixels":
            boxes = boxes.trunc()
        box_masks = rasterise_boxes(boxes, *images.shape[-2:]).to(features.dtype)
        single = None if self.single_encoder is None else self.single_encoder(box_masks, features)
        encoded = None if self.object_encoder is None else self.object_encoder(box_masks, features)
        return FrameEncoding(
            features,
            single,
            None if encoded is None else encoded.target,
            None if encoded is None else encoded.weight,
            self.decoder.prepare(levels),
        )

    def see_single(self, encoding: FrameEncoding) -> FrameEncoding:
        """Bring m_t into what the decoder sees of the frames: once, for both passes and for all windows of a frame."""
        if encoding.single is None:
            return encoding
        leading = encoding.single.shape[:-3]
        prepared = tuple(maps.flatten(0, -4) for maps in encoding.decoder)
        seen = self.decoder.with_encoding(prepared, encoding.single.flatten(0, -4))
        return replace(encoding, single=None, decoder=tuple(maps.unflatten(0, leading) for maps in seen))

    def aggregate(
        self,
        encoding: FrameEncoding,
        size: tuple[int, int] | torch.Size,
        iterations: int | None = None,
        kept: Sequence[int] | None = None,
        known: Mapping[int, Tensor] | None = None,
    ) -> Box2MaskOutput:
        """Joint part: aggregate over the T frames, decode, refine.

        Args:
            encoding: with leading [T, B].
            size: (H, W) of the crops.
            iterations: solver steps; by default those of the config for training or inference.
            kept: which of the T frames `final` is wanted of, in this order; None: all. The others take part all the
                same, but what only their own final logits need is not computed.
            known: place among the T frames -> [B, H, W] mask, 0..1, that is known there: it is what eq. 3 encodes, in
                place of the frame's coarse logits. Without refinement it does nothing.
        """
        if iterations is None:
            iterations = self.config.train_iterations if self.training else self.config.inference_iterations
        if self.training and encoding.single is not None and self.config.single_dropout > 0:
            encoding = replace(encoding, single=_withhold(encoding.single, self.config.single_dropout))
        encoding = self.see_single(encoding)
        last = encoding if kept is None else encoding.map(lambda maps: maps[list(kept)])

        def of_last(maps: Tensor) -> Tensor:
            return maps if kept is None else maps[list(kept)]

        if self.aggregation is None:
            return Box2MaskOutput(self._decode(last, None, size), None)
        explained = self.aggregation(encoding.features, encoding.target, encoding.weight, iterations)
        if self.mask_encoder is None or self.refined_aggregation is None:
            return Box2MaskOutput(self._decode(last, of_last(explained.prediction), size), None, explained.filter)
        coarse = self._decode(encoding, explained.prediction, size, fine=False)
        again = self._encode_masks(self.mask_encoder, coarse, encoding.features, known)
        explained = self.refined_aggregation(encoding.features, again.target, again.weight, iterations)
        return Box2MaskOutput(coarse, self._decode(last, of_last(explained.prediction), size), explained.filter)

    def transfer(self, encoding: FrameEncoding, filters: Tensor | None, size: tuple[int, int] | torch.Size) -> Tensor:
        """Decode further frames of the same videos with the filter that other frames agreed on.

        The same as adding these frames to the window with w_t = 0 in both solves of eq. 2 and 3 (and 1/T counting the
        other frames only): they are explained, and say nothing about the object themselves. A network that was trained
        to do without m_t (`single_dropout`) does not see it here either, so that an uncertain box is no evidence.

        Args:
            encoding: with leading [T, B]; its e_t and w_t are not used.
            filters: [B, C, D, K, K], `Box2MaskOutput.filter` of the other frames; None without aggregation.
            size: (H, W) of the crops.

        Returns:
            [T, B, H, W] logits.
        """
        if filters is None:
            return self._decode(encoding, None, size)
        with torch.autocast(filters.device.type, enabled=False):
            explained = apply_filter(encoding.features.to(filters.dtype), filters)
        if encoding.single is not None and self.config.single_dropout > 0:
            encoding = replace(encoding, single=None)  # zeros to the decoder
        return self._decode(encoding, explained, size)

    @staticmethod
    def _encode_masks(
        encoder: MaskEncoder, logits: Tensor, features: Tensor, known: Mapping[int, Tensor] | None = None
    ) -> Encoding:
        """(e^_t, w^_t) = B^(sigmoid y_t), eq. 3; [T, B, H, W] -> [T, B, C, h, w]. The mask is not detached."""
        masks = torch.sigmoid(logits)
        if known:
            masks = torch.stack([known[t].to(maps.dtype) if t in known else maps for t, maps in enumerate(masks)])
        encoded = encoder(masks.flatten(0, 1).unsqueeze(1), features.shape[-2:])
        return Encoding(*(maps.unflatten(0, logits.shape[:2]) for maps in encoded))

    def _decode(
        self, encoding: FrameEncoding, explained: Tensor | None, size: tuple[int, int] | torch.Size, fine: bool = True
    ) -> Tensor:
        """Concat m_t (first) and s_t, decode, with details or without; [T, B, H, W]."""
        encoding = self.see_single(encoding)
        rest = None if explained is None else explained.to(encoding.decoder[0].dtype).flatten(0, 1)
        prepared = tuple(maps.flatten(0, 1) for maps in encoding.decoder)
        logits = self.decoder(rest, prepared, (size[0], size[1]), fine)
        return logits.unflatten(0, encoding.features.shape[:2])


def _withhold(single: Tensor, share: float) -> Tensor:
    """Set m_t [T, B, C, h, w] of some sequences to zero; each with probability `share`."""
    kept = torch.rand(single.shape[1], device=single.device) >= share
    return single * kept.to(single.dtype)[:, None, None, None]
