"""Figure 3 of the paper: masks of single images beside those of several frames, on clips of any data set.

A row per clip: a frame with its boxes, its masks from that frame alone, its masks from T frames. Of each clip the frame
is taken, out of a few that lie evenly, where several frames gain most by the true masks; without these the middle one.
So it shows what several frames can do, and measures nothing; tables 1 and 2 do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ltr_ext.data.mask_io import read_mask
from ltr_ext.digest import file_hash
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.progress import Progress
from tracker_ext.evaluation.metrics import jaccard
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.segmentation.api import load_box2mask
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.prepare import has_box
from tracker_ext.segmentation.segment import annotate
from tracker_ext.segmentation.windows import Window, schedule
from tracker_ext.video.frames import open_frames
from tracker_ext.video.overlay import Tile, contact_sheet, evenly_spaced

CANDIDATES = 5
"""Frames of a clip that are tried."""
MOST_CLIPS = 8
"""Rows; of more clips those whose frame gains most."""


@dataclass(frozen=True)
class Method:
    """One column of masks."""

    name: str
    weights: Path
    config: AnnotateConfig


def methods_of(weights: Path, variants: Mapping[str, Path], config: AnnotateConfig) -> tuple[Method, Method]:
    """Single image and several frames: two networks if their weights are given, else one network on T = 1 and T frames.

    Args:
        weights: of the network for several frames, unless `variants` names one.
        variants: variant -> weight file; `single_image` and one other count.
        config: of the several frames.

    Raises:
        UserError: more networks than two columns take.
    """
    others = {name: file for name, file in variants.items() if name != "single_image"}
    if len(others) > 1:
        raise UserError(f"figure 3: --variant {' and '.join(others)}; give single_image and one other")
    name, several = next(iter(others.items()), ("iterative", weights))
    single = variants.get("single_image")
    first = Method("single_image" if single else f"{name}, T = 1", single or several, replace(config, num_frames=1))
    return first, Method(f"{name}, T = {config.num_frames}", several, config)


def draw_figure(sequences: Sequence[ClipSequence], methods: tuple[Method, Method], out: Path) -> Path:
    """Write `figure_3.png` into an existing folder.

    Args:
        sequences: with true boxes.
        methods: of the two columns of masks.
        out: the folder.

    Raises:
        UserError: no clip has a box, bad boxes, or unreadable files.
    """
    nets = [load_box2mask(method.weights) for method in methods]
    rows: list[tuple[float, str, list[Tile]]] = []
    with Progress(total=len(sequences), desc="figure 3") as progress:
        for sequence in sequences:
            row = row_of(sequence, nets, methods)
            rows += [row] if row is not None else []
            progress.update()
    if not rows:
        raise UserError("figure 3: no clip has a box; take a data set that has boxes on every frame, or masks")
    best = sorted(rows, key=lambda row: -row[0])[:MOST_CLIPS]
    hashes = ", ".join(dict.fromkeys(f"{method.weights.name} {file_hash(method.weights)}" for method in methods))
    title = f"boxes | {methods[0].name} | {methods[1].name} ({hashes})"
    sheet = contact_sheet({name: tiles for _, name, tiles in best}, title)
    path = out / "figure_3.png"
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    return path


def row_of(
    sequence: ClipSequence, nets: Sequence[Box2MaskNet], methods: Sequence[Method]
) -> tuple[float, str, list[Tile]] | None:
    """The gain in J on the chosen frame, 0 without true masks; the clip's name; its tiles. None without boxes."""
    tracks = {i: track for i, track in true_boxes(sequence).items() if has_box(track).any()}
    if not tracks:
        return None
    ids = dict(enumerate(tracks, 1))  # the network's masks are numbered from 1
    boxes = {number: tracks[object_id] for number, object_id in ids.items()}
    boxed = np.stack([has_box(track) for track in boxes.values()])
    shown = np.flatnonzero(boxed.all(axis=0) if boxed.all(axis=0).any() else boxed.any(axis=0))
    tried = [int(shown[place]) for place in evenly_spaced(len(shown), CANDIDATES)]
    frames = open_frames(sequence.frames)
    found = []
    for net, method in zip(nets, methods, strict=True):
        plan = {number: windows_of(track, method.config, tried) for number, track in boxes.items()}
        results = annotate(frames, boxes, net, method.config, name=sequence.name, plan=plan)
        found.append({result.index: result.labels for result in results if result.index in tried})
    scores = {frame: [_score(sequence, frame, boxes, ids, labels[frame]) for labels in found] for frame in tried}
    gains = {frame: pair[1] - pair[0] for frame, pair in scores.items() if not np.isnan(pair).any()}
    chosen = max(gains, key=lambda frame: gains[frame]) if gains else tried[len(tried) // 2]
    picture = frames.frame(chosen)
    given = {number: track[chosen] for number, track in boxes.items() if has_box(track)[chosen]}
    tiles = [Tile(frame=picture, predicted=None, boxes=given, caption=f"frame {chosen}")]
    for j, labels in zip(scores[chosen], found, strict=True):
        caption = "" if np.isnan(j) else f"J {100 * j:.1f}"
        tiles.append(Tile(frame=picture, predicted=labels[chosen], caption=caption))
    return gains.get(chosen, 0.0), sequence.name, tiles


def windows_of(track: np.ndarray, config: AnnotateConfig, tried: Sequence[int]) -> list[Window]:
    """The windows that give the masks of some frames.

    Args:
        track: [N, 4], nan rows where there is no box.
        config: how windows lie.
        tried: numbers of the frames.
    """
    frames = np.flatnonzero(has_box(track))
    windows = schedule(config.mode, len(frames), config.num_frames, config.interval)
    return [window for window in windows if not set(tried).isdisjoint(frames[list(window.kept)].tolist())]


def _score(
    sequence: ClipSequence,
    frame: int,
    boxes: Mapping[int, np.ndarray],
    ids: Mapping[int, int],
    labels: np.ndarray,
) -> float:
    """Mean J over the objects with a box; nan without a true mask."""
    path = sequence.ground_truth_seg[frame] if sequence.ground_truth_seg else None
    if path is None:
        return float("nan")
    truth = read_mask(path)
    here = [number for number, track in boxes.items() if has_box(track)[frame]]
    return float(np.mean([jaccard(labels == number, truth == ids[number]) for number in here]))
