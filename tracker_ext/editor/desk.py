"""The clips that were found, and the one that is open."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ltr_ext.errors import UserError
from tracker_ext.editor.catalogue import CanBeOpened
from tracker_ext.editor.maker import MaskMaker
from tracker_ext.editor.plan import Rules
from tracker_ext.editor.session import Session
from tracker_ext.editor.work import Worker

if TYPE_CHECKING:
    from tracker_ext.editor.dataset import DatasetFolder


@dataclass(frozen=True)
class Opened:
    """A clip at work."""

    clip: CanBeOpened
    session: Session
    worker: Worker

    def act(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the page asks for; see `Session.act`."""
        if request.get("do") == "film":
            self.worker.make_film()
            return {"done": ""}
        if request.get("do") == "export":
            self.worker.export(list(request.get("formats") or []))
            return {"done": ""}
        if request.get("do") == "save":
            return {"done": self.put_back()}
        if request.get("do") == "stop":
            self.worker.stop_errands()
            return self.session.act({"do": "live", "on": False})
        if request.get("do") == "live":
            self.worker.retry()
        return self.session.act(request)

    def put_back(self) -> str:
        """Put what was corrected into the data set; returns what was done.

        Raises:
            UserError: masks are still to be made, or it cannot be written.
        """
        if not self.clip.is_of_dataset or not self.session.is_changed:
            return ""
        if self.session.stale().count:
            raise UserError(f"{self.clip.name}: masks are still to be made; save when they are")
        with self.session.lock:
            self.clip.put_back(self.session)
            self.session.mark_put_back()
        return f"{self.clip.name} is corrected in the data set"

    def close(self) -> None:
        """End the work, save into the data set what is ready, close the files."""
        self.worker.close()
        try:
            if done := self.put_back():
                print(done, flush=True)
        except UserError as error:  # nothing is lost: it is in the folder of its own
            print(f"note: not yet in the data set: {error}", file=sys.stderr)
        finally:
            self.session.close()


class Desk:
    """Opens one clip at a time: two would take turns at the processor."""

    def __init__(
        self,
        clips: Sequence[CanBeOpened],
        maker: MaskMaker,
        max_gap: int,
        dataset: DatasetFolder | None = None,
    ) -> None:
        self.clips, self._maker, self._max_gap, self._dataset = clips, maker, max_gap, dataset
        self._lock = threading.Lock()
        self._open: tuple[int, Opened] | None = None
        self.on_leave: Callable[[], None] = lambda: None
        """Called when the page asks to end."""

    def list(self) -> dict[str, Any]:
        """What can be opened."""
        is_open = None if self._open is None else self._open[0]
        clips = [{"name": clip.name, "begun": clip.is_begun, **clip.describe()} for clip in self.clips]
        return {"clips": clips, "open": is_open}

    def open(self, number: int) -> Opened:
        """Open a clip, or give the one that is open.

        Raises:
            IndexError: there is no such clip.
            UserError: it cannot be opened; see `Session`.
        """
        with self._lock:
            if self._open is not None and self._open[0] == number:
                return self._open[1]
            clip = self._clip(number)
            source = clip.source()
            config = self._maker.config
            interval = clip.interval(config.interval)
            rules = Rules(len(source), config.num_frames, interval, self._max_gap, self._maker.made_by)
            earlier = clip.earlier(source)
            self._close()
            session = Session(source, clip.out, rules, earlier)
            worker = Worker(session, self._maker)
            worker.start()
            self._open = (number, Opened(clip, session, worker))
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

    def decide(self, number: int, request: Mapping[str, Any]) -> dict[str, Any]:
        """Decide about a sequence of a data set.

        Raises:
            IndexError: there is no such clip.
            UserError: it is of no data set, or the decision cannot be put into effect.
        """
        clip = self._clip(number)
        clip.decide(str(request.get("decision", "")), str(request.get("comment", "")))
        return clip.describe()

    def leave(self) -> None:
        """End the program."""
        self.on_leave()

    def close(self) -> None:
        """Close what is open, and bring lists and report of a data set up to date."""
        with self._lock:
            self._close()
            if self._dataset is not None:
                self._dataset.bring_up_to_date()
                self._dataset = None

    def _close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _clip(self, number: int) -> CanBeOpened:
        if not 0 <= number < len(self.clips):
            raise IndexError(f"clip {number}")
        return self.clips[number]
