"""Networks that are fitted to one object, on augmented copies of its first frame.

Shapes: H x W crop pixels, M copies.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from ltr_ext.data.mask_deformation import CONTROL_POINTS, DeformConfig, deform_mask
from ltr_ext.data.synthetic.warps import Bend, affine, bend_field, sampling_map
from ltr_ext.device import autocast
from ltr_ext.losses import lovasz_bce_loss
from ltr_ext.losses.masks import IGNORE
from ltr_ext.models.cues import CueNet
from tracker_ext.tracker.cue_config import AdaptConfig, FineTuneConfig

WHOLE = (0.0, 0.0, 1.0, 1.0)
"""The region of the first frame and of all copies: the copies are made of the crop, not of the whole image."""


@dataclass(frozen=True)
class Copies:
    """The samples of one object; all tensors are on the network's device."""

    levels: dict[str, Tensor]
    """The backbone's features of the copies, [M, ...] each. They are computed once, since the backbone is frozen."""
    masks: Tensor
    """[M, H, W] uint8; 0 background, 1 object, 255 undecided."""
    guesses: Tensor
    """[M, H, W] float, 0..1: the masks, deformed into plausible masks of a preceding frame."""

    def __len__(self) -> int:
        return len(self.masks)

    def rows(self, chosen: Tensor) -> Copies:
        """The copies with these indices."""
        return Copies(
            {name: maps[chosen] for name, maps in self.levels.items()}, self.masks[chosen], self.guesses[chosen]
        )


def changed_copies(
    image: np.ndarray, mask: np.ndarray, config: FineTuneConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make copies that are flipped, rotated, zoomed, shifted, bent and relit; the first one is the crop itself.

    Args:
        image: [H, W, 3] uint8 RGB.
        mask: [H, W] uint8, 0 or 1.
        config: the number of copies and the limits of the changes.
        rng: random generator, the only source of randomness.

    Returns:
        Images [M, H, W, 3] uint8, masks [M, H, W] uint8, deformed masks [M, H, W] uint8. A copy without the object's
        pixels is replaced by the crop itself.
    """
    hw = (mask.shape[0], mask.shape[1])
    images, masks = [image], [mask]
    for _ in range(config.samples - 1):
        to = np.array(hw[::-1]) * (0.5 + rng.uniform(-config.shift, config.shift, 2))
        zoom = float(np.exp(rng.uniform(-config.zoom, config.zoom)))
        matrix = affine(
            centre=(hw[1] / 2, hw[0] / 2), to=(to[0], to[1]), zoom=zoom,
            angle=np.radians(rng.uniform(-config.turn, config.turn)), shear=0.0, mirror=bool(rng.random() < 0.5),
        )  # fmt: skip
        bend = Bend(CONTROL_POINTS, rng.uniform(-config.bend, config.bend, CONTROL_POINTS.shape))
        maps = sampling_map(matrix, bend_field(bend), hw, hw)
        moved = cv2.remap(mask, *maps, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        if not moved.any():
            images.append(image)
            masks.append(mask)
            continue
        picture = cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        light = 1 + rng.uniform(-config.light, config.light)
        images.append(np.clip(picture * light, 0, 255).astype(np.uint8))
        masks.append(moved)
    guesses = [deform_mask(rng, one, DeformConfig()) for one in masks]
    return np.stack(images), np.stack(masks), np.stack(guesses)


class OwnNetwork:
    """A copy of a network that is fitted to one object.

    Attributes:
        net: the copy, in the mode of the original.
    """

    def __init__(
        self, net: CueNet, image: np.ndarray, mask: np.ndarray, config: FineTuneConfig, bfloat16: bool
    ) -> None:
        """Fit the copy to the first frame; equal inputs give equal networks.

        Args:
            net: the original, which is not changed.
            image: [H, W, 3] uint8 RGB, the crop of the first frame.
            mask: [H, W] uint8, 0 or 1, not empty.
            config: how the copy is fitted.
            bfloat16: whether convolutions run in bfloat16.
        """
        self._config = config
        self._bfloat16 = bfloat16
        self._order = torch.Generator().manual_seed(0)
        self._device = next(net.parameters()).device
        with torch.inference_mode(False), torch.enable_grad():
            self.net = copy.deepcopy(net)
            trained = [one for name, one in self.net.named_parameters() if not name.startswith("backbone.")]
            for one in trained:
                one.requires_grad_(True)
            self._optimizer = torch.optim.Adam(trained, lr=config.rate, fused=True)
            images, masks, guesses = changed_copies(image, mask, config, np.random.default_rng(0))
            self._first = self._copies(images, masks, guesses)
            for _ in range(config.iterations):
                self._step(self._draw())

    def adapt(self, image: np.ndarray, probabilities: Tensor, config: AdaptConfig) -> None:
        """Fit the network to the certain pixels of a later frame.

        Args:
            image: [H, W, 3] uint8 RGB, the crop of the frame.
            probabilities: [H, W], the probability of the object in that crop.
            config: how the network is fitted.
        """
        mask = sure_mask(probabilities.cpu().numpy(), config)
        if not (mask == 1).any():
            return
        with torch.inference_mode(False), torch.enable_grad():
            found = (mask == 1).astype(np.uint8)
            now = self._copies(image[None], mask[None], found[None])
            for _ in range(config.iterations):
                self._step(now)
                self._step(self._draw())

    def _copies(self, images: np.ndarray, masks: np.ndarray, guesses: np.ndarray) -> Copies:
        pictures = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2).float()
        with torch.no_grad(), autocast(self._device, self._bfloat16):
            parts = [self.net.levels(part) for part in pictures.split(self._config.batch_size)]
        levels = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        return Copies(
            levels, torch.from_numpy(masks).to(self._device), torch.from_numpy(guesses).to(self._device).float()
        )

    def _draw(self) -> Copies:
        chosen = torch.randperm(len(self._first), generator=self._order)[: self._config.batch_size]
        return self._first.rows(chosen.to(self._device))

    def _step(self, batch: Copies) -> None:
        """Make one step: cues of place start from the deformed masks, cues of appearance from the first frame."""
        size = (batch.masks.shape[-2], batch.masks.shape[-1])
        region = torch.tensor([WHOLE] * len(batch), device=self._device)
        first = self._first.rows(torch.zeros(len(batch), dtype=torch.long, device=self._device))
        with autocast(self._device, self._bfloat16):
            given = self.net.frame(first.levels, size, region, learn_only=True)
            frame = self.net.frame(batch.levels, size, region, torch.zeros(len(batch), 2, *size, device=self._device))
            states = {
                name: cue.start(given, (first.masks == 1).float())
                if cue.slot == "look"
                else cue.start(frame, batch.guesses)
                for name, cue in self.net.named_cues()
            }
            logits = self.net.read(frame, states)
        loss = lovasz_bce_loss(logits, batch.masks)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()


def sure_mask(probabilities: np.ndarray, config: AdaptConfig) -> np.ndarray:
    """Mark the certain pixels of a frame with probabilities [H, W]: 1 object, 0 background, 255 others; uint8."""
    likely = (probabilities > 0.5).astype(np.uint8)
    away = cv2.distanceTransform(1 - likely, cv2.DIST_L2, 3) if likely.any() else np.zeros(likely.shape, np.float32)
    mask = np.full(likely.shape, IGNORE, np.uint8)
    mask[away > config.far] = 0
    mask[probabilities >= config.sure] = 1
    return mask
