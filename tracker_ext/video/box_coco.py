"""Boxes of one clip in a json of COCO, COCO-VID or YouTube-VIS."""

from __future__ import annotations

from pathlib import Path

from tracker_ext.video.box_marks import ClipFacts, frames_by_name
from tracker_ext.video.box_rows import GivenBoxes
from tracker_ext.video.box_text import mistake
from tracker_ext.video.coco_content import CocoContent
from tracker_ext.video.own_ids import number_objects


def coco_boxes(path: Path, clip: ClipFacts) -> GivenBoxes:
    """The boxes of the clip: of the only video or folder of images in the file, or of the one that has its name.

    A frame without a box says nothing; four zeros or four -1 say that the object is absent.

    Raises:
        UserError: malformed, several videos and none of the clip's name, frames that cannot be told or of another size.
    """
    content = CocoContent(path, clip.name)
    names = list(content.videos)
    last = {name: Path(name.replace("\\", "/")).name for name in names}
    same = [name for name in names if clip.name in (name, last[name], Path(last[name]).stem)]
    if len(names) > 1 and len(same) != 1:
        raise mistake(
            path, f"holds {len(names)} videos ({', '.join(names[:5])}), {len(same)} of them called "
            f"{clip.name or 'so'}; run_annotate.py folder PATH --boxes {path.name} takes all",
        )  # fmt: skip
    name = same[0] if same else names[0]
    files, boxes_of, sizes = content.frames_and_boxes(name)
    frames = frames_by_name(path, files, clip)
    for file, frame, size in zip(files, frames, sizes, strict=True):
        clip.check_size(path, f"image {file!r}", frame, size)
    moved = {(own, frames[at]): box for (own, at), box in boxes_of.items()}
    boxes, absent, objects = number_objects(moved, clip.num_frames, name)
    return GivenBoxes(boxes, absent, objects, names_frames=True)
