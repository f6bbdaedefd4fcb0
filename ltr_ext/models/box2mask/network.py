"""Box2MaskNet, which predicts masks from boxes in T frames of a video (paper sections 3.1 to 3.3).

Shapes: T boxed frames, B sequences, N = T * B, C encoding channels, D features, H x W crop pixels, h = H/16, w = W/16.
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
    """The results for boxed frames that do not depend on other frames. All tensors share their leading dimensions."""

    features: Tensor
    """[..., D, h, w], x_t."""
    single: Tensor | None
    """[..., C, h, w], m_t; None if the network has none, or if it is already part of `decoder`."""
    target: Tensor | None
    """[..., C, h, w], e_t; None without aggregation."""
    weight: Tensor | None
    """[..., C, h, w], w_t; None without aggregation."""
    decoder: tuple[Tensor, ...]
    """The result of `Decoder.prepare` or `Decoder.with_encoding`."""

    def map(self, function: Callable[[Tensor], Tensor]) -> FrameEncoding:
        """Apply a function to each tensor."""

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
    """Mask logits; a logit above 0 means object."""

    coarse: Tensor
    """[T, B, H, W], y_t of all frames; without refinement, of the kept frames."""
    refined: Tensor | None
    """[T, B, H, W], y^_t of the kept frames; None if the variant does not refine."""
    filter: Tensor | None = None
    """[B, C, D, K, K], z of the last solve, for `Box2MaskNet.transfer`; None without aggregation."""

    @property
    def final(self) -> Tensor:
        """[T, B, H, W], the refined logits if there are any, otherwise the coarse ones; of the kept frames."""
        return self.coarse if self.refined is None else self.refined


class Box2MaskNet(nn.Module):
    """The network of the paper; its backbone is frozen (section 3.4)."""

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
        """A network with the same tensors that stops at the coarse masks: `multi_frame_plus` in place of `iterative`.

        Any other variant is returned as it is, since it does not refine.
        """
        if not self.config.refines:
            return self
        shorter = copy(self)
        shorter.config = replace(self.config, variant="multi_frame_plus")
        shorter._modules = {**self._modules, "mask_encoder": None, "refined_aggregation": None}
        return shorter

    def train(self, mode: bool = True) -> Box2MaskNet:
        """As `nn.Module.train`, but the backbone stays in evaluation mode, so that it keeps its batch statistics."""
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, images: Tensor, boxes: Tensor, iterations: int | None = None) -> Box2MaskOutput:
        """Predict one mask per boxed frame from all T frames together.

        Args:
            images: [T, B, 3, H, W] float RGB, 0-255; H and W are multiples of 32.
            boxes: [T, B, 4] float32 (x, y, w, h) in crop pixels, origin top left, w > 0 and h > 0.
            iterations: number of solver steps; None means that of the config for training or for inference.

        Raises:
            ValueError: the numbers of frames or sequences differ, or a box has no area.
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
        """Compute the part that does not depend on other frames: features and object encodings.

        Args:
            images: [N, 3, H, W] float RGB, 0-255.
            boxes: [N, 4] float (x, y, w, h) in crop pixels.

        Returns:
            The encoding with the leading dimension N.
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
        """Make m_t part of the decoder's prepared input, once for both passes and for all windows with a frame."""
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
        """Compute the joint part: aggregate over the T frames, decode, refine.

        Args:
            encoding: an encoding with leading dimensions [T, B].
            size: (H, W) of the crops.
            iterations: number of solver steps; None means that of the config for training or for inference.
            kept: indices of the frames whose final logits are computed, in this order; None means all frames. The other
                frames take part in the aggregation all the same.
            known: masks [B, H, W], 0..1, by frame index, of frames whose mask is known. Eq. 3 encodes them in place of
                the coarse logits. Without refinement they have no effect.
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
        """Decode further frames of the same videos with the filter that was computed from other frames.

        The result is the same as if these frames were added to the window with w_t = 0 in both solves of eq. 2 and 3
        (where 1/T counts only the other frames): the filter is applied to them, but does not depend on them. A network
        that was trained to work without m_t (`single_dropout`) gets no m_t here, so that an uncertain box has no
        influence.

        Args:
            encoding: an encoding with leading dimensions [T, B]; its e_t and w_t are not used.
            filters: [B, C, D, K, K], `Box2MaskOutput.filter` of the other frames; None without aggregation.
            size: (H, W) of the crops.

        Returns:
            [T, B, H, W] logits; a logit above 0 means object.
        """
        if filters is None:
            return self._decode(encoding, None, size)
        with torch.autocast(filters.device.type, enabled=False):
            explained = apply_filter(encoding.features.to(filters.dtype), filters)
        if encoding.single is not None and self.config.single_dropout > 0:
            encoding = replace(encoding, single=None)  # the decoder then assumes m_t = 0
        return self._decode(encoding, explained, size)

    @staticmethod
    def _encode_masks(
        encoder: MaskEncoder, logits: Tensor, features: Tensor, known: Mapping[int, Tensor] | None = None
    ) -> Encoding:
        """(e^_t, w^_t) = B^(sigmoid y_t) of eq. 3, [T, B, C, h, w] each, from logits [T, B, H, W]; gradients flow."""
        masks = torch.sigmoid(logits)
        if known:
            masks = torch.stack([known[t].to(maps.dtype) if t in known else maps for t, maps in enumerate(masks)])
        encoded = encoder(masks.flatten(0, 1).unsqueeze(1), features.shape[-2:])
        return Encoding(*(maps.unflatten(0, logits.shape[:2]) for maps in encoded))

    def _decode(
        self, encoding: FrameEncoding, explained: Tensor | None, size: tuple[int, int] | torch.Size, fine: bool = True
    ) -> Tensor:
        """The logits [T, B, H, W] from m_t and s_t (`explained`); `fine` as in `Decoder.forward`."""
        encoding = self.see_single(encoding)
        rest = None if explained is None else explained.to(encoding.decoder[0].dtype).flatten(0, 1)
        prepared = tuple(maps.flatten(0, 1) for maps in encoding.decoder)
        logits = self.decoder(rest, prepared, (size[0], size[1]), fine)
        return logits.unflatten(0, encoding.features.shape[:2])


def _withhold(single: Tensor, share: float) -> Tensor:
    """Set m_t [T, B, C, h, w] of each sequence to zero with probability `share`."""
    kept = torch.rand(single.shape[1], device=single.device) >= share
    return single * kept.to(single.dtype)[:, None, None, None]
