"""Films of stored results: every frame, at the speed of the clip, the objects in their colours."""

from __future__ import annotations

import av
import numpy as np
from miniatures.mask_results import davis_result, drawn_labels, write_masks
from miniatures.videos import write_video

from ltr_ext.data.image_io import read_image
from tracker_ext.video.overlay import draw_overlay

LABELS = drawn_labels()


def decoded(path) -> tuple[list[np.ndarray], float]:
    """Frames, [H, W, 3] uint8 RGB, and how many a second has."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)], float(stream.average_rate)


def test_masks_are_drawn_over_frames(tmp_path, run):
    result = davis_result(tmp_path / "result")
    frames, fps = decoded(run(result, "overlay") / "overlay/walk.mp4")
    assert len(frames) == len(LABELS) and fps == 25
    for index, (shown, labels) in enumerate(zip(frames, LABELS, strict=True)):
        picture = read_image(result / f"JPEGImages/480p/walk/0000{index}.jpg")
        far, near = (np.abs(shown.astype(int) - one) for one in (picture, draw_overlay(picture, labels)))
        assert not labels.any() or near[labels > 0].mean() < far[labels > 0].mean() / 2


def test_at_the_speed_of_the_video(tmp_path, run):
    result = write_masks(tmp_path / "walk", LABELS)
    video = write_video(tmp_path / "clip.mp4", len(LABELS), LABELS[0].shape, fps=10)
    frames, fps = decoded(run(result, "overlay", "--frames", video) / "overlay/walk.mp4")
    assert len(frames) == len(LABELS) and fps == 10
