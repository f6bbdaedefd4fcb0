"""The clips that were found, and the one that is open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ltr_ext.errors import UserError
from tracker_ext.editor.catalogue import Clip
from tracker_ext.editor.maker import MaskMaker
from tracker_ext.editor.plan import Rules
from tracker_ext.editor.session import Session
from tracker_ext.editor.work import Worker


@dataclass(frozen=True)
class Opened:
    """A clip at work."""

    session: Session
    worker: Worker

    def act(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the page asks for; see `Session.act`."""
        if request.get("do") == "film":
            self.worker.make_film()
            return {"done": ""}
        if request.get("do") == "live":
            self.worker.retry()
        return self.session.act(request)

    def close(self) -> None:
        """End the work, close the files."""
        self.worker.close()
        self.session.close()


class Desk:
    """Opens one clip at a time: two would take turns at the processor."""

    def __init__(self, clips: Sequence[Clip], maker: MaskMaker, max_gap: int) -> None:
        self.clips, self._maker, self._max_gap = clips, maker, max_gap
        self._lock = threading.Lock()
        self._open: tuple[int, Opened] | None = None
        self.on_leave: Callable[[], None] = lambda: None
        """Called when the page asks to end."""

    def list(self) -> dict[str, Any]:
        """What can be opened."""
        is_open = None if self._open is None else self._open[0]
        return {"clips": [{"name": clip.name, "begun": clip.is_begun} for clip in self.clips], "open": is_open}

    def open(self, number: int) -> Opened:
        """Open a clip, or give the one that is open.

        Raises:
            IndexError: there is no such clip.
            UserError: it cannot be opened; see `Session`.
        """
        with self._lock:
            if self._open is not None and self._open[0] == number:
                return self._open[1]
            if not 0 <= number < len(self.clips):
                raise IndexError(f"clip {number}")
            clip = self.clips[number]
            source = clip.source()
            config = self._maker.config
            rules = Rules(len(source), config.num_frames, config.interval, self._max_gap, self._maker.made_by)
            if self._open is not None:
                self._open[1].close()
                self._open = None
            session = Session(source, clip.out, rules)
            worker = Worker(session, self._maker)
            worker.start()
            self._open = (number, Opened(session, worker))
            return self._open[1]

    def opened(self, number: int) -> Opened:
        """The clip that is open.

        Raises:
            UserError: another one is, or none.
        """
        found = self._open
        if found is None or found[0] != number:
            raise UserError("this clip is not open any more: reload the page")
        return found[1]

    def decide(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Decisions are about the sequences of a data set."""
        raise UserError("there is nothing to be decided here")

    def leave(self) -> None:
        """End the program."""
        self.on_leave()

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            if self._open is not None:
                self._open[1].close()
                self._open = None
