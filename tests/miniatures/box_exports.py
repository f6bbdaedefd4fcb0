"""Boxes as annotation tools export them, and what is read of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tracker_ext.video.box_files import read_given_boxes

SIZE = (100, 200)
"""(height, width) of the frames."""


def read(path: Path, num_frames: int = 4, stems: list[str] | None = None, name: str = "clip"):
    return read_given_boxes(path, num_frames, stems, sizes=lambda: [SIZE] * num_frames, name=name)


def rows(given, object_id: int = 1) -> list:
    """A track: a box as list, "gone" where the object is absent, None where nothing is said."""
    track, absent = given.boxes[object_id], given.absent[object_id]
    return [
        "gone" if absent[frame] else None if np.isnan(box).all() else [round(side, 6) for side in box.tolist()]
        for frame, box in enumerate(track)
    ]


def cvat(*tracks: str, size: tuple[int, int] = SIZE) -> str:
    return (
        f"<?xml version='1.0' encoding='utf-8'?>\n<annotations><version>1.1</version><meta><task><original_size>"
        f"<width>{size[1]}</width><height>{size[0]}</height></original_size></task></meta>{''.join(tracks)}</annotations>"
    )


def track(shapes: str, number: int = 0, more: str = "") -> str:
    return f'<track id="{number}" label="car" source="manual" {more}>{shapes}</track>'


def box(frame: int, x: float, y: float = 20, outside: int = 0, keyframe: int = 1, more: str = "") -> str:
    return (
        f'<box frame="{frame}" keyframe="{keyframe}" outside="{outside}" occluded="0" xtl="{x}" ytl="{y}" '
        f'xbr="{x + 30}" ybr="{y + 40}" z_order="0" {more}></box>'
    )


FOUR = [[10 * i, 20, 30, 40] for i in range(4)]


def key(frame: int, x: float, **more: object) -> dict:
    return {"frame": frame, "x": x / 2, "y": 20, "width": 15, "height": 40, "enabled": True, "rotation": 0, **more}


def region(*sequence: dict, count: int = 4, label: str = "car") -> dict:
    value = {"framesCount": count, "duration": 0.1, "sequence": list(sequence), "labels": [label]}
    return {"type": "videorectangle", "value": value, "id": "abc"}


def task(*regions: dict, video: str = "/data/upload/1/1a2b3c4d-clip.mp4") -> dict:
    return {"id": 1, "data": {"video": video}, "annotations": [{"was_cancelled": False, "result": list(regions)}]}


def shape(points: list, kind: str = "rectangle", group: int | None = None, label: str = "car") -> dict:
    return {"label": label, "points": points, "group_id": group, "shape_type": kind, "flags": {}}


def labelme(folder: Path, frames: dict[str, list[dict]], size: tuple[int, int] = SIZE) -> Path:
    folder.mkdir(exist_ok=True)
    for stem, shapes in frames.items():
        content = {"version": "5.4.1", "shapes": shapes, "imagePath": f"{stem}.jpg", "imageData": None,
                   "imageHeight": size[0], "imageWidth": size[1]}  # fmt: skip
        (folder / f"{stem}.json").write_text(json.dumps(content))
    return folder


STEMS = ["f0", "f1", "f2", "f3"]


def yolo(folder: Path, frames: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, text in frames.items():
        (folder / f"{stem}.txt").write_text(text)
    return folder


LINE = "0 0.125 0.4 0.15 0.4"  # 10,20,30,40


def voc(folder: Path, frames: dict[str, str], size: tuple[int, int] = SIZE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, objects in frames.items():
        (folder / f"{stem}.xml").write_text(
            f"<annotation>\n<folder>x</folder><filename>{stem}.JPEG</filename><size><width>{size[1]}</width><height>"
            f"{size[0]}</height></size>{objects}</annotation>"
        )
    return folder


def voc_object(track_id: str = "", x: int = 10) -> str:
    return (
        f"<object>{track_id}<name>n02</name><bndbox><xmax>{x + 30}</xmax><xmin>{x}</xmin><ymax>60</ymax><ymin>20</ymin>"
        "</bndbox></object>"
    )
