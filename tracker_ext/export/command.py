"""Masks out of a folder of results, into the formats of other programs."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ltr_ext.errors import UserError
from ltr_ext.output import OutputFolder, recover
from ltr_ext.progress import Progress
from ltr_ext.text import counted, ranges, some, unknown
from tracker_ext.export.clips import FoundMasks, chosen_clips, find_masks, rejected_clips
from tracker_ext.export.formats import FORMATS, ExportClip, ExportFrame, ExportOptions, FormatWriter
from tracker_ext.export.frames import ClipFrames, frames_of
from tracker_ext.export.masks import ClipMasks, keep_objects, look_through
from tracker_ext.export.soft import refuse_without
from tracker_ext.video.clip_writer import CLOCK
from tracker_ext.video.frames import VideoFrames

RECORD = ".export.json"
"""In the folder of each format: which files were written, so that the next export knows what it may replace."""


@dataclass(frozen=True)
class ExportRequest:
    """What is asked for."""

    result: Path
    out: Path
    formats: tuple[str, ...]
    frames: Path | None = None
    clips: tuple[str, ...] = ()
    objects: tuple[int, ...] = ()
    """Object ids; none for all."""
    soft: bool = False
    """Alpha with soft edges in the formats that have them."""
    options: ExportOptions = field(default_factory=ExportOptions)


@dataclass(frozen=True)
class _Job:
    """A clip that was looked through, with its frames."""

    found: FoundMasks
    masks: ClipMasks
    frames: ClipFrames | None


def export(request: ExportRequest) -> list[str]:
    """Write the masks of a result in the formats asked for; prints what and where.

    Everything is checked first; then all is written, or nothing.

    Returns:
        Lines about frames that could not be read; empty if all could.

    Raises:
        UserError: no masks, masks that cannot be read, frames that are missing or do not fit, a format that cannot hold
            them, files in the way that no export wrote.
    """
    check(request)
    rejected = rejected_clips(request.result)
    with tempfile.TemporaryDirectory() as scratch:
        found = chosen_clips(find_masks(request.result, Path(scratch)), list(request.clips), rejected)
        return _export(request, found, [] if request.clips else rejected)


def _export(request: ExportRequest, found: list[FoundMasks], rejected: list[str]) -> list[str]:
    """What was found, as asked for, see `export`; `rejected` are sequences that are left out."""
    names = _file_names(found)
    if request.soft:
        refuse_without({clip.name: clip.soft for clip in found})
    total = sum(len(clip.masks) for clip in found)
    with Progress(total=total, desc="reading masks", unit="frame", leave=False) as progress:
        masks = [look_through(clip, progress) for clip in found]
    _check_objects(request, masks)
    alone = len(found) == 1
    jobs = [
        _Job(clip, one, frames_of(clip, one, request.frames, alone)) for clip, one in zip(found, masks, strict=True)
    ]
    _refuse_missing_frames(request, jobs)
    notes = [f"{job.masks.name}: pixels of value 255 (undecided) are left out" for job in jobs if job.masks.undecided]
    notes += _notes_on_names(jobs)
    if rejected:
        notes.append(f"{counted(len(rejected), 'sequence')} left out, rejected by the review: {some(rejected)}")
    with OutputFolder(request.out) as work, Progress(total=total, desc="exporting", unit="frame") as progress:
        writers = []
        for name in request.formats:
            (work / name).mkdir()
            writers.append(FORMATS[name](work / name, request.options))
        for job, name in zip(jobs, names, strict=True):
            _write_clip(request, job, name, writers, progress)
        for writer in writers:
            writer.finish()
            notes += writer.notes()
            _write_record(writer.folder)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    objects = sum(len(_ids(request, job.masks)) for job in jobs)
    print(f"{counted(len(jobs), 'clip')}, {counted(total, 'frame')}, {counted(objects, 'object')}")
    for name in request.formats:
        print(f"{name}: {request.out / name}")
    return [line for job in jobs if (line := _damage(job))]


def check(request: ExportRequest) -> None:
    """Refuse what can be refused before a file is read.

    Raises:
        UserError: see `export`.
    """
    if not request.formats:
        raise UserError(f"--format: is missing; known are {', '.join(FORMATS)}")
    for name in request.formats:
        if name not in FORMATS:
            raise UserError(f"--format {name}: {unknown(name, FORMATS)}")
    if request.soft and not any(FORMATS[name].has_alpha for name in request.formats):
        known = ", ".join(name for name, kind in FORMATS.items() if kind.has_alpha)
        raise UserError(f"--soft: --format {','.join(request.formats)} has no soft edges; those that have: {known}")
    out, result = request.out.resolve(), request.result.resolve()
    for given in (result, *([request.frames.resolve()] if request.frames else [])):
        if given.is_dir() and out.is_relative_to(given):
            raise UserError(f"output folder {request.out}: lies in the input {given}; name a folder outside it")
        for name in request.formats:
            if given.is_relative_to(out / name):
                raise UserError(
                    f"output folder {request.out}: the input {given} would be replaced; name another folder"
                )
    try:
        if request.out.is_dir():
            recover(request.out)
    except OSError as error:
        raise UserError(f"output folder {request.out} cannot be written ({error.strerror}); name another") from error
    for name in request.formats:
        _refuse_foreign(request.out / name)


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder in the way with files that no export wrote, or that were edited since."""
    if not os.path.lexists(folder):
        return
    try:
        written = set(json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"])
        since = (folder / RECORD).stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError):
        written, since = set(), 0.0
    if not folder.is_dir() or folder.is_symlink():
        raise UserError(f"output folder {folder.parent}: {folder.name} in it is no export; name another folder")
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name == RECORD or (path.is_dir() and not path.is_symlink()):
            continue
        if name not in written:
            raise UserError(f"output folder {folder}: {name} is of no earlier export; name another folder")
        status = path.lstat()
        if status.st_nlink == 1 and status.st_mtime > since + CLOCK:  # a linked picture is there twice
            raise UserError(f"output folder {folder}: {name} was changed since it was exported; name another folder")


def _write_record(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]
    names = sorted(path.relative_to(folder).as_posix() for path in files)
    (folder / RECORD).write_text(json.dumps({"files": names}, indent=0) + "\n", encoding="utf-8")


def _file_names(found: Sequence[FoundMasks]) -> list[str]:
    """A file name for each clip."""
    names = [re.sub(r"[/\\:]", "__", clip.name) for clip in found]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"clips {name}: two have this name when / is written as __; export one of them with --clip")
    return names


def _ids(request: ExportRequest, masks: ClipMasks) -> tuple[int, ...]:
    return tuple(i for i in masks.ids if not request.objects or i in request.objects)


def _check_objects(request: ExportRequest, masks: Sequence[ClipMasks]) -> None:
    known = sorted({object_id for one in masks for object_id in one.ids})
    for object_id in request.objects:
        if object_id not in known:
            raise UserError(f"--objects {object_id}: no mask has it; there are {ranges(known) or 'none'}")


def _refuse_missing_frames(request: ExportRequest, jobs: Sequence[_Job]) -> None:
    needing = [name for name in request.formats if FORMATS[name].needs_frames]
    missing = next((job for job in jobs if job.frames is None), None)
    if missing is None or not (needing or request.options.extract_frames):
        return
    what = f"--format {needing[0]}" if needing else "--extract-frames"
    raise UserError(
        f"{what}: the frames of {missing.found.name} are not known; give --frames VIDEO_OR_FOLDER that its masks were "
        "made from"
    )


def _notes_on_names(jobs: Sequence[_Job]) -> list[str]:
    """Whether frames are called as their pictures, where their masks are not."""
    renamed = [job for job in jobs if job.found.frame_names]
    if not renamed:
        return []
    found = renamed[0].found
    return [
        f"frames have the names of their pictures ({found.frame_names[0]}, ...), not those of the masks "
        f"({found.stems()[0]}, ...)"
    ]


def _write_clip(
    request: ExportRequest, job: _Job, name: str, writers: Sequence[FormatWriter], progress: Progress
) -> None:
    count = len(job.masks.paths)
    frames, ids = job.frames, _ids(request, job.masks)
    clip = ExportClip(
        name=name,
        stems=job.found.frame_names or tuple(job.found.stems()),
        sizes=job.masks.sizes,
        numbers=tuple(range(count)) if frames is None else frames.numbers,
        length=count if frames is None else len(frames.source),
        ids=ids,
        objects=job.found.objects,
        frames=frames,
    )
    extracting = request.options.extract_frames and frames is not None and isinstance(frames.source, VideoFrames)
    reads = any(writer.needs_frames or (writer.has_pictures and extracting) for writer in writers)
    for writer in writers:
        writer.start(clip)
    for index in range(count):
        labels = job.masks.labels(index)
        if len(ids) < len(job.masks.ids):
            labels = keep_objects(labels, ids)
        image = frames.frame(index, clip.sizes[index]) if reads and frames is not None else None
        frame = ExportFrame(clip, index, labels, image, job.found.soft if request.soft else None)
        for writer in writers:
            writer.add(frame)
        progress.update()
    for writer in writers:
        writer.end(clip)


def _damage(job: _Job) -> str:
    """A line about frames that could not be read; empty if all could."""
    if job.frames is None or not job.frames.unreadable:
        return ""
    numbers = sorted(job.frames.unreadable)
    which = f"{counted(len(numbers), 'frame')} cannot be read ({ranges(numbers)}, from 0)"
    return f"{job.found.name}: {which}, the one before is shown: {job.frames.unreadable[numbers[0]]}"


def parse_objects(text: str) -> tuple[int, ...]:
    """`1,3` as numbers.

    Raises:
        UserError: something else.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) for part in parts):
        raise UserError(f"--objects {text}: give object ids with commas between, as 1,3")
    return tuple(dict.fromkeys(int(part) for part in parts))


def parse_labels(texts: Sequence[str]) -> dict[str, Any]:
    """`car` and `2=dog` as `label` and `labels` of `ExportOptions`.

    Raises:
        UserError: an empty name, an id that is none, two names for all.
    """
    labels: dict[int, str] = {}
    plain: list[str] = []
    for text in texts:
        before, sign, name = text.partition("=")
        if sign and before.strip().isascii() and before.strip().isdigit():
            labels[int(before)] = name.strip()
        else:
            plain.append(text.strip())
    if len(plain) > 1 or not all([*labels.values(), *plain]):
        raise UserError(f"--label {texts[-1]}: give one NAME for all objects, or ID=NAME for each")
    return {"labels": labels, **({"label": plain[0]} if plain else {})}
