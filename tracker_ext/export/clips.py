"""Finding the masks in a folder of results: which clips there are, and which files are theirs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ltr_ext.data.decisions import rejected_in
from ltr_ext.data.trust_table import read_trust
from ltr_ext.errors import UserError
from ltr_ext.text import unknown
from tracker_ext.export.soft import SoftEdges
from tracker_ext.export.stored_run_lengths import rle_files, unpacked_masks
from tracker_ext.video.clip_writer import RESULT_FILE, SOFT_FOLDER
from tracker_ext.video.frames import list_pictures
from tracker_ext.video.listing import VIDEO_RESULT, is_dataset_output

MASK_SUFFIX = ".png"
FRAMES_FOLDER, MASKS_FOLDER = "JPEGImages", "Annotations"
"""Of DAVIS and YouTube-VOS."""
TRACKER_RESULTS = "segmentation_results"
"""In the folder of `run_tracker.py`."""
PICTURE_FORMATS = ("davis", "ytvos", "upstream")
"""Formats of `run_annotate.py` with a PNG for each frame, the one with most in it first."""
PASSED_OVER = (FRAMES_FOLDER.lower(), "preview", "rejected", "imagesets", "report", "reports", "overlay")
"""Folders, in lower case, whose pictures are no masks."""


@dataclass(frozen=True)
class FoundMasks:
    """The mask files of one clip."""

    name: str
    """Path below what all clips of the result have in common."""
    masks: tuple[Path, ...]
    """In order of the frames."""
    pictures: Path | None = None
    """Folder of its frames, where the layout has one."""
    video: Path | None = None
    """What the masks were made from, where the result says so: a video or a folder of pictures."""
    thinned: tuple[int, int] = (0, 1)
    """The first frame of `video` that has a mask, and the step to the next."""
    objects: Mapping[int, str] = field(default_factory=dict)
    """Object id -> what the boxes' file called it, where the result says so."""
    frame_names: tuple[str, ...] = ()
    """Names of the frames' pictures without suffix, where the masks are called otherwise and the result knows them."""
    soft: SoftEdges | None = None
    """Where the result was made with them."""

    def stems(self) -> list[str]:
        """Names of the mask files without suffix."""
        return [path.stem for path in self.masks]


def find_masks(result: Path, scratch: Path | None = None) -> list[FoundMasks]:
    """The clips of a folder of results.

    * the result of one video (`masks/` beside `result.json`);
    * the output of a data set, of which the first of `PICTURE_FORMATS` is taken, else masks of run lengths;
    * the folder of `run_tracker.py`;
    * DAVIS or YouTube-VOS layout, and any other folder with PNG files, at any depth.

    Args:
        result: the folder.
        scratch: a folder to write the masks into that are stored as run lengths; without it they cannot be found.

    Raises:
        UserError: there is no such folder, or no mask in it.
    """
    if not result.is_dir():
        what = "is a file" if result.exists() else "does not exist"
        raise UserError(f"result {result} {what}; give the folder that holds the masks")
    try:
        found = _video_result(result) or _run_lengths(result, scratch) or _below(_root_of_masks(result), result)
    except OSError as error:
        raise UserError(f"result {result} cannot be read ({error.strerror}); check the path") from error
    if not found:
        raise UserError(
            f"result {result} has no masks: no PNG file in it, in masks/, Annotations/ or any folder below; give the "
            "folder that run_annotate.py or run_tracker.py wrote"
        )
    return found


def chosen_clips(found: list[FoundMasks], names: list[str], rejected: Sequence[str] = ()) -> list[FoundMasks]:
    """Those of these names; all of them if there are no names.

    Raises:
        UserError: a name that is none, or of a sequence that was rejected.
    """
    by_name = {clip.name: clip for clip in found}
    for name in names:
        if name not in by_name and name in rejected:
            raise UserError(f"--clip {name}: was rejected; decide otherwise (run_annotate.py --apply) or leave it out")
        if name not in by_name:
            raise UserError(f"--clip {name}: {unknown(name, list(by_name)[:20])}")
    return [by_name[name] for name in dict.fromkeys(names)] or found


def _video_result(result: Path) -> list[FoundMasks]:
    """The result of one video."""
    masks = _masks_in(result / VIDEO_RESULT) if (result / VIDEO_RESULT).is_dir() else ()
    if not masks or _masks_in(result):
        return []
    content = _read_json(result / RESULT_FILE)
    inputs = content.get("inputs")
    video = Path(inputs[0]) if isinstance(inputs, list) and inputs and isinstance(inputs[0], str) else None
    known = video if video and video.exists() else None
    names = _names(content.get("objects"))
    return [FoundMasks(result.resolve().name, masks, video=known, objects=names, soft=_soft_edges(result))]


def _soft_edges(result: Path) -> SoftEdges | None:
    """Those of the result of one video, if it was made with them."""
    return SoftEdges(result / SOFT_FOLDER) if _read_json(result / RESULT_FILE).get("soft") is True else None


def _run_lengths(result: Path, scratch: Path | None) -> list[FoundMasks]:
    """The clips of a job's output that has no PNG but run lengths."""
    if scratch is None or not is_dataset_output(result) or any((result / name).is_dir() for name in PICTURE_FORMATS):
        return []
    files = rle_files(result)
    found = [FoundMasks(file.stem, unpacked_masks(file, scratch / file.stem)) for file in files]
    return [_with_manifest(clip, result) for clip in found]


def _root_of_masks(result: Path) -> Path:
    """Where to look for folders of PNG files."""
    if is_dataset_output(result):
        known = [result / name for name in PICTURE_FORMATS if (result / name).is_dir()]
        if not known:
            raise UserError(
                f"result {result} has no masks as PNG; run_annotate.py ... --format davis into another --out makes them"
            )
        result = known[0]
    for name in (MASKS_FOLDER, TRACKER_RESULTS):
        if (result / name).is_dir():
            return result / name
    return result


def _below(root: Path, result: Path) -> list[FoundMasks]:
    """A clip for each folder with PNG files."""
    folders = [folder for folder in _folders(root) if _masks_in(folder)]
    if not folders:
        return []
    common = Path(os.path.commonpath(folders)) if len(folders) > 1 else folders[0].parent
    clips = []
    for folder in folders:
        name = folder.relative_to(common).as_posix() if folder != common else "."
        name = (folder.resolve().name or "masks") if name == "." else name
        soft = _soft_edges(folder.parent) if folder.name == VIDEO_RESULT else None
        clips.append(_with_manifest(FoundMasks(name, _masks_in(folder), _pictures_beside(folder), soft=soft), result))
    return clips


def _folders(root: Path) -> Iterator[Path]:
    """A folder and all below it but for hidden ones and those of frames; links to folders are followed once."""
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        yield folder
        below = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        passed_over = {*PASSED_OVER, SOFT_FOLDER} if (folder / RESULT_FILE).is_file() else PASSED_OVER
        waiting += sorted((path for path in below if path.name.lower() not in passed_over), reverse=True)


def _masks_in(folder: Path) -> tuple[Path, ...]:
    """The PNG files directly in a folder, in natural order."""
    return tuple(path for path in list_pictures(folder) if path.suffix.lower() == MASK_SUFFIX)


def _pictures_beside(folder: Path) -> Path | None:
    """`JPEGImages/<same>` of `Annotations/<same>`."""
    parts = list(folder.parts)
    for at in reversed(range(len(parts))):
        if parts[at] == MASKS_FOLDER:
            beside = Path(*parts[:at], FRAMES_FOLDER, *parts[at + 1 :])
            if beside.is_dir() and list_pictures(beside):
                return beside
    return None


def _with_manifest(clip: FoundMasks, result: Path) -> FoundMasks:
    """A clip with what the manifest of a data set's run says of it, if there is one."""
    for root in (result, result.parent):
        path = root / "sequences" / f"{clip.name}.json"
        if path.is_file():
            manifest = _read_json(path)
            video = manifest.get("video")
            clip = replace(clip, objects=_names(manifest.get("objects")))
            if video is None:
                clip = replace(clip, frame_names=_frame_names(root, clip))
            if isinstance(video, dict) and isinstance(video.get("path"), str) and Path(video["path"]).is_file():
                first, step = video.get("first"), video.get("step")
                if isinstance(first, int) and isinstance(step, int) and first >= 0 and step > 0:
                    clip = replace(clip, video=Path(video["path"]), thinned=(first, step))
            return clip
    return clip


def _frame_names(root: Path, clip: FoundMasks) -> tuple[str, ...]:
    """Names of the pictures that masks were made of, from the trust table; none where they are those of the masks."""
    try:
        rows = read_trust(root / "trust" / f"{clip.name}.csv")
    except UserError:
        return ()
    names = {row.frame: row.file for row in rows}
    stems = tuple(names[index] for index in sorted(names))
    differ = len(set(stems)) == len(stems) == len(clip.masks) and stems != tuple(clip.stems())
    return stems if differ and all(Path(stem).name == stem for stem in stems) else ()


def rejected_clips(result: Path) -> list[str]:
    """Sequences of a data set's run that a reviewer has rejected, so that they are not among its clips."""
    return sorted(rejected_in(result)) if is_dataset_output(result) else []


def _names(objects: Any) -> dict[int, str]:
    """Object id -> name, of a manifest."""
    if not isinstance(objects, dict):
        return {}
    return {int(key): str(label) for key, label in objects.items() if re.fullmatch(r"[0-9]{1,6}", key)}


def _read_json(path: Path) -> dict[str, Any]:
    """An object; empty if there is none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
