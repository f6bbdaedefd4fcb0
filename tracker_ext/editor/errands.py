"""What a person takes away once the masks are made: a film, and files for other programs. Run by the worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.text import unknown
from tracker_ext.editor.session import Session
from tracker_ext.video.clip_writer import EDITOR_FOLDER
from tracker_ext.video.overlay import OverlayVideo, draw_overlay

Errand = Callable[[Callable[[int], bool]], str]
"""Is given a function that it tells how many frames are left, and that says whether to go on; returns what came of it,
empty if it was stopped."""


def film(session: Session, read: Callable[[int], np.ndarray]) -> Errand:
    """Write the overlay video beside the masks.

    Args:
        session: whose masks are made.
        read: gives a frame, [H, W, 3] uint8 RGB.
    """

    def writing(goes_on: Callable[[int], bool]) -> str:
        target, partial = session.out / "overlay.mp4", session.out / EDITOR_FOLDER / "overlay.mp4"
        count = len(session.source)
        with OverlayVideo(partial, session.size, session.source.fps) as video:
            for frame in range(count):
                if not goes_on(count - frame):
                    break
                try:
                    picture = read(frame)
                except UserError:
                    picture = np.zeros((*session.size, 3), np.uint8)
                with session.lock:
                    labels = session.results.labels(frame)
                video.add(draw_overlay(picture, labels))
        if not goes_on(0):
            partial.unlink(missing_ok=True)
            return ""
        partial.replace(target)
        session.flush()
        return f"The film is {target}"

    return writing


def export(session: Session, formats: Sequence[str]) -> Errand:
    """Write the masks for other programs, as `run_export.py` does, into a folder beside that of the result.

    Raises:
        UserError: no formats, or an unknown one.
    """
    from tracker_ext.export.command import ExportRequest
    from tracker_ext.export.command import export as write
    from tracker_ext.export.formats import FORMATS, ExportOptions

    if not formats:
        raise UserError("choose at least one format")
    for name in formats:
        if name not in FORMATS:
            raise UserError(f"format {str(name)[:40]}: {unknown(str(name)[:40], FORMATS)}")
    out = export_folder(session.out)
    options = ExportOptions(extract_frames=True)

    def writing(goes_on: Callable[[int], bool]) -> str:
        session.flush()
        goes_on(0)
        damage = write(ExportRequest(session.out, out, tuple(formats), options=options))
        return f"{', '.join(formats)} written into {out}{''.join(f'; {line}' for line in damage)}"

    return writing


def export_folder(out: Path) -> Path:
    """Where the masks of a result folder go for other programs."""
    return out.with_name(f"{out.name}_export")


def offered() -> list[tuple[str, str]]:
    """Name and description of each format."""
    from tracker_ext.export.formats import FORMATS

    return [(name, kind.summary) for name, kind in FORMATS.items()]
