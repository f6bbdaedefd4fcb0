"""LWLNet: a filter learnt from the masks of earlier frames segments the next one.

Goutam Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020. The parts are those of box2mask:
the label encoder is the mask encoder of its refinement, the few-shot learner its aggregation.

Shapes: T1 frames with masks, T2 frames to segment, B sequences (or objects), N images, D features, C encoding channels,
K filter size, H W crop pixels, h = H/16, w = W/16.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ltr_ext.models.aggregation import Aggregation, apply_filter
from ltr_ext.models.backbone import TargetFeatures, build_backbone
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.decoder import Decoder
from ltr_ext.models.encoders import Encoding, MaskEncoder, SingleFrameEncoder
from ltr_ext.models.lwl.config import LWLConfig


@dataclass(frozen=True)
class FrameFeatures:
    """What a frame's picture alone says; computed once per frame. All tensors share the leading dimension N."""

    target: Tensor
    """[N, D, h, w], what the filter is learnt on and applied to."""
    decoder: tuple[Tensor, ...]
    """From `Decoder.prepare`."""

    def __getitem__(self, rows: slice) -> FrameFeatures:
        """Some of the N frames."""
        return FrameFeatures(self.target[rows], tuple(maps[rows] for maps in self.decoder))


class LWLNet(nn.Module):
    """The network; the backbone and all batch statistics are frozen."""

    def __init__(self, config: LWLConfig) -> None:
        super().__init__()
        self.config = config
        channels, widths = config.encoding_channels, config.encoder_widths
        self.backbone = build_backbone(config.backbone).requires_grad_(False)
        self.target_features = TargetFeatures(self.backbone.channels["layer3"], config.feature_dim, config.filter_size)
        self.label_encoder = MaskEncoder(channels, widths, config.block_bias)
        self.aggregation = Aggregation(
            config.filter_size, config.initial_regularisation, config.reduction, config.parametrisation
        )
        self.previous_encoder: SingleFrameEncoder | None = None
        if config.previous_width is not None:
            self.previous_encoder = SingleFrameEncoder(
                config.feature_dim, channels, (*widths, config.previous_width), config.block_bias
            )
        inputs = channels * (1 if self.previous_encoder is None else 2)
        self.decoder = Decoder(self.backbone.channels, inputs, config.decoder_widths, config.upsampling, config.detail)
        self.train()

    def train(self, mode: bool = True) -> LWLNet:
        """As `nn.Module.train`; batch statistics stay as they are, everywhere."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        self.backbone.eval()
        return self

    def forward(
        self,
        train_images: Tensor,
        test_images: Tensor,
        train_masks: Tensor,
        previous_masks: Tensor | None = None,
        num_refinement_iter: int = 2,
    ) -> Tensor:
        """Learn from the first frames, then segment the others in order, each prediction joining the memory.

        Args:
            train_images: [T1, B, 3, H, W] float RGB, 0-255.
            test_images: [T2, B, 3, H, W] float RGB, 0-255.
            train_masks: [T1, B, H, W] float, 0..1.
            previous_masks: [T2, B, H, W] float, 0..1, the mask of the frame before each test frame, in the crop of the
                test frame; zeros where unknown. Given if and only if the network looks at it.
            num_refinement_iter: steps of the few-shot learner after each test frame but the last; 0: none.

        Returns:
            [T2, B, H, W] logits; above 0 is object.

        Raises:
            ValueError: sequence counts differ, or `previous_masks` is missing or superfluous.
        """
        num_test, num_sequences = test_images.shape[:2]
        if train_images.shape[1] != num_sequences or train_masks.shape[:2] != train_images.shape[:2]:
            shapes = [tuple(tensor.shape) for tensor in (train_images, test_images, train_masks)]
            raise ValueError(f"train images, test images and train masks differ in frames or sequences: {shapes}")
        size = test_images.shape[-2:]
        learnt_from = self._target_features(train_images.flatten(0, 1)).unflatten(0, train_images.shape[:2])
        frames = self.extract(test_images.flatten(0, 1))
        memory = [(learnt_from, *self._encode(train_masks, learnt_from))]
        filters = self.learn(*memory[0], iterations=self.config.train_iterations)
        predictions = []
        for i in range(num_test):
            frame = frames[i * num_sequences : (i + 1) * num_sequences]
            previous = None if previous_masks is None else previous_masks[i]
            logits = self.segment(frame, filters, (size[0], size[1]), previous)
            predictions.append(logits)
            if i + 1 < num_test and num_refinement_iter > 0:
                # The prediction teaches the following frames; what it teaches is not its own doing (hence detached).
                features = frame.target.unsqueeze(0)
                memory.append((features, *self._encode(logits.detach().sigmoid().unsqueeze(0), features)))
                joined = (torch.cat(parts) for parts in zip(*memory, strict=True))
                filters = self.learn(*joined, iterations=num_refinement_iter, initial=filters)
        return torch.stack(predictions)

    def extract(self, images: Tensor) -> FrameFeatures:
        """Everything that depends on the picture alone.

        Args:
            images: [N, 3, H, W] float RGB, 0-255; H and W multiples of 32.
        """
        levels = self.backbone(images.contiguous(memory_format=torch.channels_last))
        return FrameFeatures(self.target_features(levels["layer3"]), self.decoder.prepare(levels))

    def encode_masks(self, masks: Tensor, grid: tuple[int, int] | torch.Size) -> Encoding:
        """Few-shot labels and their weights.

        Args:
            masks: [N, H, W] float, 0..1.
            grid: (h, w) of the features.

        Returns:
            Both [N, C, h, w].
        """
        return self.label_encoder(masks.unsqueeze(1), grid)

    def learn(
        self,
        features: Tensor,
        target: Tensor,
        weight: Tensor,
        *,
        iterations: int,
        initial: Tensor | None = None,
        temporal: Tensor | None = None,
    ) -> Tensor:
        """Fit the filter to a memory of T samples.

        Args:
            features: [T, B, D, h, w].
            target: [T, B, C, h, w] few-shot labels.
            weight: [T, B, C, h, w] their weights.
            iterations: steps.
            initial: [B, C, D, K, K] filter to start from; zero if None.
            temporal: [T] importance of the samples, summing to 1; None: the plain sum or mean of the config.

        Returns:
            [B, C, D, K, K].
        """
        if temporal is not None:
            # The learner squares its weights, and divides by T if it takes the mean.
            scale = temporal * (len(temporal) if self.config.reduction == "mean" else 1)
            weight = weight * scale.sqrt().to(weight.dtype).view(-1, 1, 1, 1, 1)
        return self.aggregation(features, target, weight, iterations, initial).filter

    def segment(
        self, frame: FrameFeatures, filters: Tensor, size: tuple[int, int], previous: Tensor | None = None
    ) -> Tensor:
        """Segment one crop per filter.

        Args:
            frame: of B crops, or of one that all filters look at.
            filters: [B, C, D, K, K].
            size: (H, W) of the crops.
            previous: [B, H, W] float, 0..1, the last masks in these crops; zeros where unknown. Given if and only if
                the network looks at it.

        Returns:
            [B, H, W] logits, float32.
        """
        if (previous is None) != (self.previous_encoder is None):
            needed = "needs" if previous is None else "does not look at"
            raise ValueError(f"this network {needed} the previous masks (previous_width {self.config.previous_width})")
        count = filters.shape[0]
        features = frame.target.expand(count, -1, -1, -1)
        with torch.autocast(features.device.type, enabled=False):
            encoding = apply_filter(features.unsqueeze(0), filters)[0]
        if self.previous_encoder is not None and previous is not None:
            seen = self.previous_encoder(previous.unsqueeze(1), features)
            encoding = torch.cat((seen, encoding.to(seen.dtype)), dim=1)
        prepared = tuple(maps.expand(count, -1, -1, -1) for maps in frame.decoder)
        return self.decoder(encoding, prepared, size)

    def _target_features(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] -> [N, D, h, w]."""
        return self.target_features(self.backbone(images.contiguous(memory_format=torch.channels_last))["layer3"])

    def _encode(self, masks: Tensor, features: Tensor) -> Encoding:
        """`encode_masks` with leading [T, B]."""
        encoding = self.encode_masks(masks.flatten(0, 1), features.shape[-2:])
        return Encoding(*(maps.unflatten(0, masks.shape[:2]) for maps in encoding))


def initialise_from_box2mask(net: LWLNet, source: Box2MaskNet) -> list[str]:
    """Take over what box2mask has learnt, part by part, wherever names and shapes agree.

    The refinement of box2mask (eq. 3) is LWL's learner on masks; its encoding of the box becomes the encoding of the
    last mask; the decoder fits entirely if both see as many encodings.

    Args:
        net: changed in place; its backbone must be folded if that of `source` is, and the other way round.
        source: a trained network.

    Returns:
        Names of the trainable tensors that keep their initial values.
    """
    parts = {
        "backbone": "backbone",
        "target_features": "target_features",
        "label_encoder": "mask_encoder",
        "aggregation": "refined_aggregation",
        "previous_encoder": "single_encoder",
        "decoder": "decoder",
    }
    kept = []
    for ours, theirs in parts.items():
        part, origin = getattr(net, ours), getattr(source, theirs)
        if part is None:
            continue
        offered = {} if origin is None else origin.state_dict()
        state = part.state_dict()
        taken = {name: offered[name] for name, old in state.items()
                 if name in offered and offered[name].shape == old.shape}  # fmt: skip
        part.load_state_dict({**state, **taken})
        kept += [f"{ours}.{name}" for name, parameter in part.named_parameters()
                 if parameter.requires_grad and name not in taken]  # fmt: skip
    return kept
