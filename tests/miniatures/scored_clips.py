"""Clips with masks and boxes, and flawed predictions of them, drawn by plain arithmetic: the same on every machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ltr_ext.data.image_io import write_jpeg, write_mask

SIZE_HW, NUM_FRAMES = (120, 160), 7


def disk(row: float, column: float, radius: float) -> np.ndarray:
    """[H, W] bool."""
    rows, columns = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


def true_labels(clip: str, t: int) -> np.ndarray:
    """[H, W] uint8. `two`: two objects, object 2 gone on frame 4. `late`: object 1 with a band of 255, object 2 from
    frame 3 on. `gap`: objects 1 and 3; object 2 from frame 2 on."""
    labels = np.zeros(SIZE_HW, np.uint8)
    if clip == "two":
        labels[disk(50, 40 + 6 * t, 24)] = 1
        if t != 4:
            labels[70 : 100 - t, 90 - 5 * t : 140 - 5 * t] = 2
    elif clip == "late":
        labels[disk(60 - 3 * t, 70, 34)] = 255
        labels[disk(60 - 3 * t, 70, 30)] = 1
        if t >= 3:
            labels[90:115, 20:60] = 2
    else:
        labels[disk(30, 30 + 8 * t, 15)] = 1
        labels[80:110, 100 - 4 * t : 130] = 3
        if t >= 2:
            labels[60:75, 20 : 40 + 3 * t] = 2
    return labels


def predicted_labels(clip: str, t: int) -> np.ndarray:
    """[H, W] uint8: shifted, ragged, now and then wrong or empty; ids no higher than the first mask's."""
    labels = np.roll(true_labels(clip, t), (t % 3, -t), axis=(0, 1))
    labels[labels == 255] = 1 if t % 2 else 0
    if clip == "late":
        labels[labels == 2] = 0
    labels[(np.add.outer(np.arange(SIZE_HW[0]) * 7, np.arange(SIZE_HW[1]) * 3) % 31) == t] = 0
    if clip == "two" and t == 3:
        labels[labels == 2] = 1
    if clip == "gap" and t == 5:
        labels[:] = 0
    return labels


CLIPS = ("two", "late", "gap")


def write_davis(root: Path) -> Path:
    """The clips in DAVIS layout, and their predictions in `<root>/predicted/<clip>/%05d.png`."""
    for clip in CLIPS:
        folders = [root / "JPEGImages/480p" / clip, root / "Annotations/480p" / clip, root / "predicted" / clip]
        for folder in folders:
            folder.mkdir(parents=True)
        for t in range(NUM_FRAMES):
            write_jpeg(folders[0] / f"{t:05d}.jpg", np.zeros((*SIZE_HW, 3), np.uint8), quality=80)
            write_mask(folders[1] / f"{t:05d}.png", true_labels(clip, t))
            write_mask(folders[2] / f"{t:05d}.png", predicted_labels(clip, t))
    (root / "ImageSets/2017").mkdir(parents=True)
    (root / "ImageSets/2017/val.txt").write_text("".join(f"{clip}\n" for clip in CLIPS))
    return root


def true_boxes(number: int, num_frames: int) -> np.ndarray:
    """[N, 4]: an object that drifts over the left and lower border of a picture of `SIZE_HW`."""
    t = np.arange(num_frames)
    return np.stack([40.5 - 7.25 * t, 20.0 + 9 * t + number, 30 + t / 2, 25.25 + 0 * t], axis=1)


def predicted_boxes(number: int, num_frames: int) -> np.ndarray:
    """[N, 4]: off by some pixels, lost on the last frames, three decimals."""
    t = np.arange(num_frames)
    offset = np.stack([3 * np.sin(t + number), 2 * np.cos(t), (t * 5 + number) % 7 - 3, (t * 3) % 5 - 2], axis=1)
    boxes = true_boxes(number, num_frames) + offset
    boxes[-2:] = (100.0, 5.0, 20.0, 20.0)
    return boxes.round(3)


def cover(number: int, num_frames: int) -> list[int]:
    """GOT-10k's cover label, 0..8."""
    return [0 if t == 3 + number else 8 - t % 3 for t in range(num_frames)]


def write_got10k(root: Path, results: Path) -> Path:
    """Three sequences of `<root>/val`; results flat in `results`, and as the toolkit has them in `results/kit/box`."""
    names = [f"GOT-10k_Val_{number:06d}" for number in range(1, 4)]
    for number, name in enumerate(names):
        num_frames, folder = 8 + 3 * number, root / "val" / name
        folder.mkdir(parents=True)
        (results / "kit" / "box" / name).mkdir(parents=True)
        truth, found = true_boxes(number, num_frames), predicted_boxes(number, num_frames)
        for t in range(num_frames):
            write_jpeg(folder / f"{t + 1:08d}.jpg", np.zeros((*SIZE_HW, 3), np.uint8), quality=80)
        np.savetxt(folder / "groundtruth.txt", truth, fmt="%.4f", delimiter=",")
        for label, values in (("cover", cover(number, num_frames)), ("absence", [0] * num_frames)):
            (folder / f"{label}.label").write_text("".join(f"{value}\n" for value in values))
        (folder / "cut_by_image.label").write_text("0\n" * num_frames)
        (folder / "meta_info.ini").write_text(f"[METAINFO]\nresolution: ({SIZE_HW[1]}, {SIZE_HW[0]})\n")
        np.savetxt(results / f"{name}.txt", found, fmt="%.3f", delimiter="\t")
        np.savetxt(results / "kit" / "box" / name / f"{name}_001.txt", found, fmt="%.3f", delimiter=",")
        np.savetxt(results / "kit" / "box" / name / f"{name}_time.txt", np.full((num_frames, 1), 0.05), fmt="%.8f")
    (root / "val" / "list.txt").write_text("".join(f"{name}\n" for name in names))
    return root
