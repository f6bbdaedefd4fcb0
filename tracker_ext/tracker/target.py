"""Tracked objects.

Shapes: D features, C encoding channels, K filter size, h x w feature grid, Hc x Wc crop pixels, H x W image pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.models.lwl import LWLNet
from tracker_ext.tracker.config import LWLTrackerConfig, TrackerConfig
from tracker_ext.tracker.memory import Sample, SampleMemory
from tracker_ext.tracker.places import Place
from tracker_ext.tracker.rules import Rules


class TrackedObject:
    """An object's state on the last frame, for every kind of tracker.

    Attributes:
        state: the estimated position and size.
        mask: [H, W] bool, the mask on the last frame.
        box: [4] float64 (x, y, w, h) in image pixels, the box of the last nonempty mask.
        score: mean probability of the mask's pixels; 0 for an empty mask.
        age: number of frames since the object's first one.
    """

    def __init__(self, config: TrackerConfig, mask: np.ndarray, state: Place) -> None:
        """Start on the object's first frame.

        Args:
            config: the options of the tracker.
            mask: [H, W] bool, not empty.
            state: the position and size of the object.
        """
        self._common = config
        self.age = 0
        self.mask = mask
        self.state = state
        box = mask_to_box(mask)
        assert box is not None
        self.box = box
        self.score = 1.0

    def correct(self, mask: np.ndarray, state: Place) -> None:
        """Set the object to a known mask on a later frame.

        Args:
            mask: [H, W] bool, not empty.
            state: the place of the object.
        """
        self.age += 1
        self.mask, self.state, self.score = mask, state, 1.0
        box = mask_to_box(mask)
        assert box is not None
        self.box = box

    def observe(self, mask: np.ndarray, score: float, probabilities: np.ndarray) -> None:
        """Update the state with the result for the next frame; an empty mask keeps the last box.

        Args:
            mask: [H, W] bool.
            score: mean probability of the mask's pixels.
            probabilities: [H, W] float32, the probability of the object.
        """
        self.age += 1
        self.mask, self.score = mask, score
        self.state = self.state.after(mask, self._common, probabilities)
        box = mask_to_box(mask)
        if box is not None:
            self.box = box

    def resize(self, image_hw: tuple[int, int]) -> None:
        """Scale the state to frames of another size (height, width)."""
        zoom = (image_hw[1] / self.mask.shape[1], image_hw[0] / self.mask.shape[0])
        mask = cv2.resize(self.mask.view(np.uint8), image_hw[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        self.mask = mask.view(bool)
        self.box = self.box * np.tile(zoom, 2)
        self.state = self.state.scaled(zoom)


class Target(TrackedObject):
    """An object of the LWL tracker, with its target model and its memory.

    Attributes:
        filters: [1, C, D, K, K], the target model.
    """

    def __init__(
        self,
        net: LWLNet,
        config: LWLTrackerConfig,
        rules: Rules,
        mask: np.ndarray,
        features: Tensor,
        crop_mask: Tensor,
        state: Place,
    ) -> None:
        """Learn the object.

        Args:
            net: the network.
            config: the options of the tracker.
            rules: the rules of the tracker.
            mask: [H, W] bool, not empty.
            features: [D, h, w] features of the crop around the mask.
            crop_mask: [Hc, Wc] float, 0..1, the mask in that crop.
            state: the position and size of the object.
        """
        super().__init__(config, mask, state)
        self._net = net
        self._config = config
        self._rules = rules
        self.memory = SampleMemory(self._sample(features, crop_mask), config.memory_size, rules)
        self.filters = net.learn(*self.memory.samples, iterations=config.initial_iterations)

    @property
    def wants_sample(self) -> bool:
        """Whether the last frame becomes a sample."""
        return self._rules.wants_sample(self.age, self.state.lost, self.score)

    def remember(self, features: Tensor, probabilities: Tensor) -> None:
        """Add the last frame to the memory.

        Args:
            features: [D, h, w] features of the object's crop.
            probabilities: [Hc, Wc], the probability of the object in that crop.
        """
        self.memory.add(self._sample(features, probabilities))

    def learn_again(self, features: Tensor, crop_mask: Tensor) -> None:
        """Add a frame whose mask is known, and learn the target model anew from all such frames.

        Args:
            features: [D, h, w] of the crop around the object.
            crop_mask: [Hc, Wc] float, 0..1, the mask in that crop.
        """
        self.memory.add_certain(self._sample(features, crop_mask))
        self.filters = self._net.learn(
            *self.memory.samples,
            iterations=self._config.initial_iterations,
            temporal=self.memory.temporal.to(self.filters.device),
        )

    def update(self) -> None:
        """Fit the target model to the memory, if the rules demand it on this frame."""
        if not self._rules.wants_update(self.age, self.state.lost):
            return
        self.filters = self._net.learn(
            *self.memory.samples,
            iterations=self._config.update_iterations,
            initial=self.filters,
            temporal=self.memory.temporal.to(self.filters.device),
        )

    def _sample(self, features: Tensor, probabilities: Tensor) -> Sample:
        encoding = self._net.encode_masks(probabilities.unsqueeze(0), features.shape[-2:])
        return Sample(features.to(torch.float32), encoding.target[0], encoding.weight[0])
