"""One object of a clip, frame by frame: crops, encodings, windows (paper sections 3.1 to 3.3, 3.5).

Shapes: T frames of a window, H W image pixels, Hc Wc crop pixels.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import torch

from ltr_ext.data.crop import Crop, crop_around
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.box2mask.network import FrameEncoding
from tracker_ext.annotation.config import AnnotateConfig
from tracker_ext.annotation.windows import Window


@dataclass(frozen=True)
class CropLogits:
    """What the network says about one frame of one object."""

    crop: Crop
    """Where in the image."""
    logits: np.ndarray
    """[Hc, Wc] float32; above 0 is object."""


class ObjectStream:
    """Takes the frames of a clip in order and gives the logits of one object.

    Each boxed frame is cropped and encoded once. Its encoding is kept until the last window that holds it has run,
    so no more than `span(T, D) + encode_batch - 1` encodings are alive, whatever the length of the clip.
    """

    def __init__(
        self,
        net: Box2MaskNet,
        boxes: np.ndarray,
        windows: Iterable[Window],
        config: AnnotateConfig,
    ) -> None:
        """Prepare.

        Args:
            net: in eval mode.
            boxes: [N, 4] (x, y, w, h) image pixels; nan rows where the object is absent.
            windows: in the order of their last frame; positions count the rows that are not nan. Boxed frames in no
                window are passed over.
            config: scale, iterations, precision.
        """
        self._net = net
        self._boxes = boxes
        self._config = config
        self._scale = net.config.inference_scale if config.scale is None else config.scale
        self._device = next(net.parameters()).device
        self._boxed = np.flatnonzero(np.isfinite(boxes).all(axis=1))
        self._windows = deque(windows)
        self._uses = np.zeros(len(self._boxed), dtype=np.int64)
        for window in self._windows:
            self._uses[list(window.frames)] += 1
        self._awaited = {int(self._boxed[position]) for window in self._windows for position in window.kept}
        self._next_position = 0
        self._waiting: list[tuple[int, Crop, np.ndarray]] = []
        self._crops: dict[int, Crop] = {}
        self._encodings: dict[int, FrameEncoding] = {}
        self._done: dict[int, CropLogits] = {}

    @property
    def num_alive(self) -> int:
        """Encodings that are kept at present."""
        return len(self._encodings)

    def push(self, index: int, frame: np.ndarray) -> None:
        """Take the next frame and run every window that is complete with it.

        Args:
            index: number of the frame; frames come in order, from 0.
            frame: [H, W, 3] uint8 RGB.
        """
        position = self._next_position
        if position == len(self._boxed) or self._boxed[position] != index:
            return
        self._next_position += 1
        if self._uses[position]:
            crop = crop_around(self._boxes[index], frame.shape[:2], self._scale, self._net.config.crop_hw)
            self._waiting.append((position, crop, crop.cut(frame)))
        if len(self._waiting) == self._config.encode_batch or self._next_position == len(self._boxed):
            self._encode()
            self._run_windows()

    def is_ready(self, index: int) -> bool:
        """Whether the answer for a frame that was pushed is there; also true where there will be none."""
        return index not in self._awaited

    def pop(self, index: int) -> CropLogits | None:
        """Hand out the answer for a frame, once; None where the object has no box or no window."""
        return self._done.pop(index, None)

    @torch.inference_mode()
    def _encode(self) -> None:
        """Encode the waiting crops in one call."""
        if not self._waiting:
            return
        images = torch.from_numpy(np.stack([image for _, _, image in self._waiting]))
        boxes = np.stack([crop.boxes_to_crop(self._boxes[self._boxed[at]]) for at, crop, _ in self._waiting])
        with self._autocast():
            batch = self._net.encode(
                images.to(self._device).permute(0, 3, 1, 2).float(),
                torch.from_numpy(boxes).to(self._device, torch.float32),
            )
        for row, (position, crop, _) in enumerate(self._waiting):
            self._crops[position] = crop
            self._encodings[position] = batch.map(itemgetter(row))
        self._waiting.clear()

    @torch.inference_mode()
    def _run_windows(self) -> None:
        """Run the windows whose frames are all encoded."""
        last = self._next_position - 1
        while self._windows and self._windows[0].frames[-1] <= last:
            window = self._windows.popleft()
            encoding = FrameEncoding.stack([self._encodings[position] for position in window.frames])
            with self._autocast():
                output = self._net.aggregate(
                    encoding.map(lambda maps: maps.unsqueeze(1)), self._net.config.crop_hw, self._config.iterations
                )
            logits = output.final[:, 0].float().cpu().numpy()
            for position in window.kept:
                index = int(self._boxed[position])
                self._done[index] = CropLogits(self._crops[position], logits[window.frames.index(position)].copy())
                self._awaited.discard(index)
            for position in window.frames:
                self._uses[position] -= 1
                if self._uses[position] == 0:
                    del self._encodings[position], self._crops[position]

    def _autocast(self) -> torch.autocast:
        enabled = self._config.uses_bfloat16(self._device)
        return torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=enabled)
