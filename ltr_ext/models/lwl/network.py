"""LWLNet, which learns a filter from the masks of earlier frames and segments the next frame with it.

The network is that of Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020. Its parts are
those of box2mask: the label encoder is the mask encoder of the refinement, the few-shot learner is the aggregation.

Shapes: T1 frames with masks, T2 frames to segment, B sequences (or objects), N images, D features, C encoding channels,
K filter size, H x W crop pixels, h = H/16, w = W/16.
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
    """The features of frames, which do not depend on masks. All tensors share the leading dimension N."""

    target: Tensor
    """[N, D, h, w], the features on which the filter is learnt, and to which it is applied."""
    decoder: tuple[Tensor, ...]
    """The result of `Decoder.prepare`."""

    def __getitem__(self, rows: slice | list[int]) -> FrameFeatures:
        """Some of the N frames; a list may name one several times."""
        return FrameFeatures(self.target[rows], tuple(maps[rows] for maps in self.decoder))


class LWLNet(nn.Module):
    """The LWL network; its backbone and all batch statistics are frozen."""

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
        """As `nn.Module.train`, but all batch statistics stay fixed."""
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
        """Learn from the first frames, then segment the others in order; each prediction is added to the memory.

        Args:
            train_images: [T1, B, 3, H, W] float RGB, 0-255.
            test_images: [T2, B, 3, H, W] float RGB, 0-255.
            train_masks: [T1, B, H, W] float, 0..1.
            previous_masks: [T2, B, H, W] float, 0..1, the mask of the frame before each test frame, in the crop of the
                test frame; zeros if it is unknown. It must be given if and only if the network uses it.
            num_refinement_iter: steps of the few-shot learner after each test frame except the last; may be 0.

        Returns:
            [T2, B, H, W] logits; a logit above 0 means object.

        Raises:
            ValueError: the numbers of frames or sequences differ, or `previous_masks` is missing or superfluous.
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
                # Detached, so that the loss of later frames does not train the prediction that serves as their label.
                features = frame.target.unsqueeze(0)
                memory.append((features, *self._encode(logits.detach().sigmoid().unsqueeze(0), features)))
                joined = (torch.cat(parts) for parts in zip(*memory, strict=True))
                filters = self.learn(*joined, iterations=num_refinement_iter, initial=filters)
        return torch.stack(predictions)

    def extract(self, images: Tensor) -> FrameFeatures:
        """Compute the features of frames.

        Args:
            images: [N, 3, H, W] float RGB, 0-255; H and W are multiples of 32.
        """
        levels = self.backbone(images.contiguous(memory_format=torch.channels_last))
        return FrameFeatures(self.target_features(levels["layer3"]), self.decoder.prepare(levels))

    def encode_masks(self, masks: Tensor, grid: tuple[int, int] | torch.Size) -> Encoding:
        """Compute few-shot labels and their weights, [N, C, h, w] each.

        Args:
            masks: [N, H, W] float, 0..1.
            grid: (h, w) of the features.
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
            target: [T, B, C, h, w], the few-shot labels.
            weight: [T, B, C, h, w], their weights.
            iterations: number of steps.
            initial: [B, C, D, K, K], the filter at the start; None means zero.
            temporal: [T], the weights of the samples, whose sum is 1; None means the sum or the mean of the config.

        Returns:
            The filter [B, C, D, K, K].
        """
        if temporal is not None:
            # The learner squares its weights, and divides by T if it computes the mean.
            scale = temporal * (len(temporal) if self.config.reduction == "mean" else 1)
            weight = weight * scale.sqrt().to(weight.dtype).view(-1, 1, 1, 1, 1)
        return self.aggregation(features, target, weight, iterations, initial).filter

    def segment(
        self, frame: FrameFeatures, filters: Tensor, size: tuple[int, int], previous: Tensor | None = None
    ) -> Tensor:
        """Segment one crop per filter.

        Args:
            frame: features of B crops, or of one crop to which all filters are applied.
            filters: [B, C, D, K, K].
            size: (H, W) of the crops.
            previous: [B, H, W] float, 0..1, the preceding masks in these crops; zeros if they are unknown. It must be
                given if and only if the network uses it.

        Returns:
            [B, H, W] logits, float32; a logit above 0 means object.

        Raises:
            ValueError: `previous` is missing or superfluous.
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
        """The target features [N, D, h, w] of images [N, 3, H, W]."""
        return self.target_features(self.backbone(images.contiguous(memory_format=torch.channels_last))["layer3"])

    def _encode(self, masks: Tensor, features: Tensor) -> Encoding:
        """`encode_masks` for tensors with leading dimensions [T, B]."""
        encoding = self.encode_masks(masks.flatten(0, 1), features.shape[-2:])
        return Encoding(*(maps.unflatten(0, masks.shape[:2]) for maps in encoding))


def initialise_from_box2mask(net: LWLNet, source: Box2MaskNet) -> list[str]:
    """Copy the tensors of a box2mask network, part by part, wherever names and shapes agree.

    LWL's learner on masks is the refinement of box2mask (eq. 3), and its encoding of the preceding mask takes the place
    of that of the box. The whole decoder can be copied if both networks give it equally many encodings.

    Args:
        net: the network, which is changed in place. Its batch statistics must be folded if those of `source` are, and
            vice versa.
        source: a trained network.

    Returns:
        The names of the trainable tensors that keep their initial values.
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
