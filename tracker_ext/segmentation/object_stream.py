"""One object of a clip, frame by frame: crops, encodings, windows (paper sections 3.1 to 3.3, 3.5).

A boxed frame is one whose box is given. A frame whose box is interpolated is no evidence: it takes part in no window's
solve. The window that makes the mask of the nearest boxed frame lends it its filter (`Box2MaskNet.transfer`).

Shapes: T frames of a window, H W image pixels, Hc Wc crop pixels.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import torch

from ltr_ext.data.crop import Crop, crop_around
from ltr_ext.device import autocast
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.box2mask.network import FrameEncoding
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.windows import Window, lenders


@dataclass(frozen=True)
class CropLogits:
    """What the network says about one frame of one object."""

    crop: Crop
    """Where in the image."""
    picture: np.ndarray
    """[Hc, Wc, 3] uint8 RGB."""
    logits: np.ndarray
    """[Hc, Wc] float32; above 0 is object."""


class ObjectStream:
    """Takes the frames of a clip in order and gives the logits of one object.

    Each frame is cropped and encoded once. The encoding of a boxed frame is kept until the last window that
    holds it has run, so no more than `span(T, D) + encode_batch - 1` are alive, whatever the length of the clip. A
    frame in between waits as a crop (bytes, not features) until its window has run.
    """

    def __init__(
        self,
        net: Box2MaskNet,
        boxes: np.ndarray,
        windows: Iterable[Window],
        config: AnnotateConfig,
        given: np.ndarray | None = None,
        mirrored: bool = False,
        masks: Mapping[int, np.ndarray] | None = None,
    ) -> None:
        """Prepare.

        Args:
            net: in eval mode.
            boxes: [N, 4] (x, y, w, h) image pixels; nan rows where the object is absent.
            windows: in the order of their last frame; positions count the boxed frames. Boxed frames in no
                window are passed over.
            config: scale, iterations, precision.
            given: [N] bool, which of the boxes are certain; the others are interpolated. None: all.
            mirrored: show the network every crop flipped left-right; the logits are flipped back.
            masks: boxed frame -> [H, W] bool, the true mask where it is known: the second solve is given it.
        """
        self._net = net
        self._mirrored = mirrored
        self._boxes = boxes
        self._config = config
        self._masks = masks or {}
        self._device = next(net.parameters()).device
        self._bfloat16 = config.uses_bfloat16(self._device)
        covered = np.isfinite(boxes).all(axis=1)
        certain = covered if given is None else covered & given
        self._boxed = np.flatnonzero(certain)
        self._windows = deque(windows)
        self._uses = np.zeros(len(self._boxed), dtype=np.int64)
        for window in self._windows:
            self._uses[list(window.frames)] += 1
        self._lender = lenders(np.flatnonzero(covered & ~certain), self._boxed, self._windows)
        self._borrowers = Counter(self._lender.values())
        self._awaited = {int(self._boxed[position]) for window in self._windows for position in window.kept}
        self._awaited |= self._lender.keys()
        self._num_run = 0
        self._filters: dict[int, torch.Tensor | None] = {}
        self._between: dict[int, list[tuple[int, Crop, np.ndarray]]] = {}
        self._next_position = 0
        self._waiting: list[tuple[int, Crop, np.ndarray]] = []
        self._crops: dict[int, tuple[Crop, np.ndarray]] = {}
        self._known: dict[int, torch.Tensor] = {}
        self._encodings: dict[int, FrameEncoding] = {}
        self._done: dict[int, CropLogits] = {}

    def push(self, index: int, frame: np.ndarray) -> None:
        """Take the next frame and run every window that is complete with it.

        Args:
            index: number of the frame; frames come in order, from 0.
            frame: [H, W, 3] uint8 RGB.
        """
        if index in self._lender:
            self._between.setdefault(self._lender[index], []).append((index, *self._cut(index, frame)))
            self._transfer(self._lender[index])
            return
        position = self._next_position
        if position == len(self._boxed) or self._boxed[position] != index:
            return
        self._next_position += 1
        if self._uses[position]:
            self._waiting.append((position, *self._cut(index, frame)))
            if index in self._masks:
                in_crop = self._waiting[-1][1].cut_mask(self._masks[index].astype(np.uint8))
                known = torch.from_numpy(in_crop).to(self._device, torch.float32)[None]
                self._known[position] = known.flip(2) if self._mirrored else known
        if len(self._waiting) == self._config.encode_batch or self._next_position == len(self._boxed):
            self._encode()
            self._run_windows()

    def is_ready(self, index: int) -> bool:
        """Whether the answer for a frame that was pushed is there; also true where there will be none."""
        return index not in self._awaited

    def pop(self, index: int) -> CropLogits | None:
        """Hand out the answer for a frame, once; None where the object has no box or no window."""
        return self._done.pop(index, None)

    def _answer(self, index: int, crop: Crop, picture: np.ndarray, logits: np.ndarray) -> None:
        """Keep what was found about a frame until it is asked for."""
        self._done[index] = CropLogits(crop, picture, (logits[:, ::-1] if self._mirrored else logits).copy())
        self._awaited.discard(index)

    def _cut(self, index: int, frame: np.ndarray) -> tuple[Crop, np.ndarray]:
        box, shape = self._boxes[index], self._net.config
        scale = shape.scale_of(box[2], box[3]) if self._config.scale is None else self._config.scale
        crop = crop_around(box, frame.shape[:2], scale, shape.crop_hw)
        return crop, crop.cut(frame)

    def _encode(self) -> None:
        """Encode the waiting crops in one call."""
        if not self._waiting:
            return
        batch = self._encoded([(int(self._boxed[at]), crop, image) for at, crop, image in self._waiting])
        with torch.inference_mode(), autocast(self._device, self._bfloat16):
            batch = self._net.see_single(batch)
        for row, (position, crop, picture) in enumerate(self._waiting):
            self._crops[position] = crop, picture
            self._encodings[position] = batch.map(itemgetter(row))
        self._waiting.clear()

    @torch.inference_mode()
    def _encoded(self, crops: Sequence[tuple[int, Crop, np.ndarray]]) -> FrameEncoding:
        """Encodings of (frame, crop, picture), with a leading dimension."""
        images = torch.from_numpy(np.stack([image for _, _, image in crops]))
        boxes = np.stack([crop.boxes_to_crop(self._boxes[index]) for index, crop, _ in crops])
        if self._mirrored:
            images = images.flip(2)
            boxes[:, 0] = images.shape[2] - boxes[:, 0] - boxes[:, 2]
        with autocast(self._device, self._bfloat16):
            return self._net.encode(
                images.to(self._device).permute(0, 3, 1, 2).float(),
                torch.from_numpy(boxes).to(self._device, torch.float32),
            )

    @torch.inference_mode()
    def _run_windows(self) -> None:
        """Run the windows whose frames are all encoded."""
        last = self._next_position - 1
        while self._windows and self._windows[0].frames[-1] <= last:
            window = self._windows.popleft()
            encoding = FrameEncoding.stack([self._encodings[position] for position in window.frames])
            with autocast(self._device, self._bfloat16):
                output = self._net.aggregate(
                    encoding.map(lambda maps: maps.unsqueeze(1)),
                    self._net.config.crop_hw,
                    self._config.iterations,
                    kept=[window.frames.index(position) for position in window.kept],
                    known={t: self._known[at] for t, at in enumerate(window.frames) if at in self._known},
                )
            logits = output.final[:, 0].float().cpu().numpy()
            for position, answer in zip(window.kept, logits, strict=True):
                index = int(self._boxed[position])
                self._answer(index, *self._crops[position], answer)
            for position in window.frames:
                self._uses[position] -= 1
                if self._uses[position] == 0:
                    del self._encodings[position], self._crops[position]
                    self._known.pop(position, None)
            number, self._num_run = self._num_run, self._num_run + 1
            if self._borrowers[number]:
                self._filters[number] = output.filter
                self._transfer(number)

    @torch.inference_mode()
    def _transfer(self, number: int) -> None:
        """Segment the frames in between that wait for a window, once it has run and they fill a batch."""
        waiting = self._between.get(number, [])
        size = self._config.encode_batch
        while number in self._filters and waiting and (len(waiting) >= size or len(waiting) == self._borrowers[number]):
            batch, waiting[:size] = waiting[:size], []
            encoding = self._encoded(batch).map(lambda maps: maps.unsqueeze(1))
            with autocast(self._device, self._bfloat16):
                output = self._net.transfer(encoding, self._filters[number], self._net.config.crop_hw)
            logits = output[:, 0].float().cpu().numpy()
            for (index, crop, picture), answer in zip(batch, logits, strict=True):
                self._answer(index, crop, picture, answer)
            self._borrowers[number] -= len(batch)
        if number in self._filters and not self._borrowers[number]:
            del self._filters[number], self._between[number]


class MirroredPair:
    """Two streams of one object, of the clip and of its mirror image, that answer with the mean of their logits."""

    def __init__(self, plain: ObjectStream, mirrored: ObjectStream) -> None:
        self._both = (plain, mirrored)

    def push(self, index: int, frame: np.ndarray) -> None:
        """As `ObjectStream.push`."""
        for stream in self._both:
            stream.push(index, frame)

    def is_ready(self, index: int) -> bool:
        """As `ObjectStream.is_ready`."""
        return all(stream.is_ready(index) for stream in self._both)

    def pop(self, index: int) -> CropLogits | None:
        """As `ObjectStream.pop`."""
        plain, mirrored = (stream.pop(index) for stream in self._both)
        if plain is None or mirrored is None:
            return None
        return CropLogits(plain.crop, plain.picture, (plain.logits + mirrored.logits) / 2)
