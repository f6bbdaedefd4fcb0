"""What the page is told of a session: all of it once, and then what has changed.

A tick counts changes; the page says up to which it knows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.text import one_line
from tracker_ext.editor.session import Session


def plain_words(error: Exception) -> str:
    """One line about what went wrong, for a person who did not write the program."""
    if isinstance(error, UserError):
        return one_line(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory: close other programs, then go on."
    return (
        f"the program has a fault ({type(error).__name__}: {one_line(error)}); all that you did is saved, and the "
        "terminal says more. Try again, or start run_editor.py anew."
    )


def facts(session: Session) -> dict[str, Any]:
    """What does not change."""
    height, width = session.size
    return {
        "name": session.source.name,
        "frames": len(session.source),
        "width": width,
        "height": height,
        "fps": session.source.fps or 25,
        "out": str(session.out),
        "maxGap": session.rules.max_gap,
    }


def news(session: Session, since: int) -> dict[str, Any]:
    """What has changed since a tick; 0 for everything."""
    with session.lock:
        told: dict[str, Any] = {"tick": session.tick, "live": session.is_live}
        if since < session.document_tick:
            told["document"] = _document(session)
        made = session.results.made
        told["masks"] = [
            [frame, tick, {i: one.confidence for i in session.plans if (one := made.get((i, frame)))}]
            for frame, tick in enumerate(session.frame_ticks.tolist())
            if tick > since or (not since and any((i, frame) in made for i in session.plans))
        ]
        return told


def _document(session: Session) -> dict[str, Any]:
    document = session.document
    objects = []
    for object_id, name in document.objects().items():
        plan = session.plans[object_id]
        boxes = {f: np.round(plan.track[f], 1).tolist() for f, kind in plan.kinds.items() if kind == "between"}
        objects.append(
            {
                "id": object_id,
                "name": name,
                "marks": document.marks(object_id),
                "follows": document.follows(object_id),
                "between": boxes,
                "tracked": [[stretch.start + 1, stretch.end] for stretch in plan.stretches],
            }
        )
    return {
        "objects": objects,
        "undo": document.done[-1].says if document.done else None,
        "redo": document.undone[-1].says if document.undone else None,
        "unreadable": sorted(session.unreadable),
    }
