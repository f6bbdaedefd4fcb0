"""What a sequence was made from, as its manifest says, and whether that has changed.

There are two checks. The cheap one, at every start, looks at size and time of the box files only. `--check-inputs`
reads all bytes of boxes and frames.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.progress import Progress
from ltr_ext.text import counted, one_line, printable
from tracker_ext.annotation.job import AnnotationJob
from tracker_ext.annotation.manifests import REJECTED_FOLDER, invalidate, manifest_path, outputs_of
from tracker_ext.annotation.sources.base import Source
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.video.frames import FrameSource, VideoFrames

BLOCK = 1 << 20


def describe_inputs(source: Source, sequence: BoxedSequence) -> dict[str, Any]:
    """The part of a manifest that says what a sequence was made from.

    Args:
        source: the data set it was loaded from.
        sequence: as it is annotated.
    """
    return {
        "input_hash": sequence.input_hash(),
        "boxes_hash": boxes_hash(sequence),
        "frames_hash": frames_hash(sequence.frames),
        "box_files": box_file_stamps(source, sequence.name),
        **_video_of(sequence.frames),
    }


def _video_of(frames: FrameSource) -> dict[str, Any]:
    """Which frames of which video the masks are of, for who needs the frames again; nothing for pictures."""
    if not isinstance(frames, VideoFrames):
        return {}
    return {"video": {"path": printable(str(frames.path.resolve())), "first": frames.first, "step": frames.step}}


def boxes_hash(sequence: BoxedSequence) -> str:
    """Hash of the boxes and of where objects are known to be absent: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for tracks in (sequence.boxes, sequence.absent):
        for object_id, values in sorted(tracks.items()):
            digest.update(f"\n{object_id} {values.shape}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:16]


def frames_hash(frames: FrameSource) -> str:
    """Hash of the names of the frames and all bytes of their files: 16 hexadecimal digits.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256("\n".join(frames.stems()).encode(errors="surrogateescape"))
    for path in frames.files():
        stat = path.stat()
        digest.update(_file_digest(path, stat.st_size, stat.st_mtime_ns))
    return digest.hexdigest()[:16]


def box_file_stamps(source: Source, name: str) -> dict[str, list[int]]:
    """File name -> [size, time of change in ns] of the files with a sequence's boxes."""
    found = {}
    for path in source.box_files(name):
        try:
            stat = path.stat()
        except OSError:
            continue
        found[printable(path.name)] = [stat.st_size, stat.st_mtime_ns]
    return found


def boxes_changed(job: AnnotationJob, names: Sequence[str]) -> list[str]:
    """Finished sequences whose boxes have changed. Boxes are read only where a box file has another size or time."""
    changed = []
    for name in names:
        manifest = job.manifest(name)
        if manifest is None or not _touched(job, name, manifest):
            continue
        try:
            if not _same_boxes(manifest, job.load(name)):
                changed.append(name)
        except (UserError, OSError) as error:
            print(f"{printable(name)}: its boxes have changed, but cannot be read: {one_line(error)}", file=sys.stderr)
    return changed


def invalidate_changed(job: AnnotationJob, names: Sequence[str]) -> list[str]:
    """Have finished sequences made again whose boxes or frames have changed, or whose masks are incomplete.

    Returns:
        Their names.
    """
    changed = []
    for name in Progress(names, desc="inputs", unit="sequence", leave=False):
        manifest = job.manifest(name)
        if manifest is None:
            continue
        try:
            sequence = job.load(name)
            same = _same_boxes(manifest, sequence) and _same_frames(manifest, sequence)
        except (UserError, OSError) as error:
            Progress.write(f"kept: {printable(name)}: its input cannot be read now: {one_line(error)}", file=sys.stderr)
            continue
        if not same or number_of_files(job.out, manifest) < manifest.get("files", 0):
            invalidate(job.out, name)
            changed.append(name)
    return changed


def number_of_files(out: Path, manifest: Mapping[str, Any]) -> int:
    """Number of mask files of a sequence, in place or rejected."""
    paths = [
        out / path if (out / path).exists() else out / REJECTED_FOLDER / path for path in outputs_of(out, manifest)
    ]
    return sum(len(list(path.iterdir())) if path.is_dir() else path.exists() for path in paths)


def names_line(what: str, names: Sequence[str], max_shown: int = 5) -> str:
    """`what: a, b, c, ... (1,234 sequences)`."""
    shown = ", ".join(printable(name) for name in names[:max_shown])
    return f"{what}: {shown}" + (f", ... ({counted(len(names), 'sequence')})" if len(names) > max_shown else "")


def _touched(job: AnnotationJob, name: str, manifest: Mapping[str, Any]) -> bool:
    now, then = box_file_stamps(job.source, name), manifest.get("box_files")
    if isinstance(then, dict):
        return now != then
    made = manifest_path(job.out, name).stat().st_mtime_ns  # of an older version
    return any(changed > made for _, changed in now.values())


def _same_boxes(manifest: Mapping[str, Any], sequence: BoxedSequence) -> bool:
    if "boxes_hash" in manifest:
        return bool(manifest["boxes_hash"] == boxes_hash(sequence))
    return bool(manifest.get("input_hash") == sequence.input_hash())


def _same_frames(manifest: Mapping[str, Any], sequence: BoxedSequence) -> bool:
    # Manifests of older versions know names and lengths of the files only.
    return "frames_hash" not in manifest or bool(manifest["frames_hash"] == frames_hash(sequence.frames))


@lru_cache(maxsize=4)
def _file_digest(path: Path, size: int, changed: int) -> bytes:
    """SHA-256 of one file, remembered: many sequences may come from one video. Size and time tell versions apart."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.digest()
