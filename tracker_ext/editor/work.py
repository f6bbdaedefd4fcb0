"""Makes masks in the background: what was painted at once, then windows near what is looked at, then tracking."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.editor.batches import next_batch
from tracker_ext.editor.errands import Errand, export, film
from tracker_ext.editor.frames import ClipFrames
from tracker_ext.editor.maker import MaskMaker, usable_start
from tracker_ext.editor.plan import ObjectPlan
from tracker_ext.editor.session import Session, Stale
from tracker_ext.editor.telling import plain_words
from tracker_ext.segmentation.windows import Window

SETTLE = 0.3
"""Seconds without a change before networks run: strokes of a brush come in a row."""
FRAME_BYTES = 64 << 20
"""Decoded frames that the work keeps."""
FLUSH = 2.0
"""Seconds between two writings of the box files while masks are made."""


class FrameUnreadableError(Exception):
    """A frame that a mask needs is damaged."""

    def __init__(self, frame: int) -> None:
        super().__init__(frame)
        self.frame = frame


@dataclass
class Progress:
    """What the page is told of the work."""

    state: str = "idle"
    """idle, loading, making, following, film, export."""
    left: int = 0
    """Masks to be made; of a film, frames to be written."""
    error: str = ""
    done: str = ""
    """What was taken away last, a sentence."""
    seconds: list[float] = field(default_factory=list)
    """When the last masks were made, for the estimate of the time left."""

    def facts(self) -> dict[str, Any]:
        rate = None
        if len(self.seconds) > 1 and self.seconds[-1] > self.seconds[0]:
            rate = (len(self.seconds) - 1) / (self.seconds[-1] - self.seconds[0])
        return {"state": self.state, "left": self.left, "error": self.error, "done": self.done, "rate": rate}


class Worker:
    """A thread that brings the masks of a session up to date with what was said."""

    def __init__(self, session: Session, maker: MaskMaker) -> None:
        self._session, self._maker = session, maker
        # Frames of its own: a person who looks elsewhere shall not make either wait for the other's place in the video.
        self._frames = ClipFrames(replace(session.source), FRAME_BYTES)  # type: ignore[type-var]
        self.progress = Progress()
        self._closed = threading.Event()
        self._errands: deque[tuple[str, Errand]] = deque()
        self._stopped = threading.Event()
        self._following: tuple[int, str, Generator[Any, None, None]] | None = None
        """Object, recipe of its stretch, tracker."""
        self._flushed = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="masks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def retry(self) -> None:
        """After an error: try again."""
        self.progress.error = ""
        self._session.wake.set()

    def make_film(self) -> None:
        """Have the overlay video written, once the masks are made."""
        self._later("film", film(self._session, self._frames.picture))

    def export(self, formats: Sequence[str]) -> None:
        """Have the masks written for other programs, once they are made.

        Raises:
            UserError: see `errands.export`.
        """
        self._later("export", export(self._session, formats))

    def stop_errands(self) -> None:
        """Write no further what is taken away; what was there stays."""
        self._errands.clear()
        self._stopped.set()

    def _later(self, state: str, errand: Errand) -> None:
        self._errands.append((state, errand))
        self._session.wake.set()

    def close(self) -> None:
        """End the thread after the mask in hand."""
        self._closed.set()
        self._session.wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                if not self._step():
                    self.progress.state, self.progress.left = "idle", 0
                    self.progress.seconds.clear()
                    self._session.wake.wait()
                    self._session.wake.clear()
            except FrameUnreadableError as error:
                self._session.mark_unreadable(error.frame)
            except Exception as error:
                self._following = None
                self.progress.error = plain_words(error)
                self.progress.state = "idle"
                self._session.wake.wait()
                self._session.wake.clear()

    def _step(self) -> bool:
        """Make something; False if nothing is to be made."""
        session = self._session
        stale = session.stale()
        self.progress.left = stale.count
        if stale.removed or stale.painted or stale.found:
            self._at_once(stale)
            return True
        if session.is_live and not self.progress.error:
            if stale.boxed:
                self._settle()
                self._run_batch()
                return True
            if stale.tracked:
                self._settle()
                self._follow(stale.tracked)
                return True
        self._following = None
        self._flush(now=True)
        if self._errands:
            self._run_errand()
            return True
        return False

    def _at_once(self, stale: Stale) -> None:
        """What needs no network: masks that go, were painted, or are again as they were found."""
        session = self._session
        near = session.playhead
        frames = sorted({f for _, f in (*stale.removed, *stale.painted, *stale.found)}, key=lambda f: abs(f - near))
        painted_or_found = stale.painted | stale.found
        for frame in frames:
            with session.lock:
                masks: dict[int, np.ndarray] = {}
                made: dict[int, tuple[str, float | None]] = {}
                for object_id in sorted(i for i, at in painted_or_found if at == frame and i in session.plans):
                    plan = session.plans[object_id]
                    recipe = plan.recipes.get(frame)
                    if recipe is None:
                        continue
                    if frame in plan.painted:
                        made[object_id] = (recipe, None)
                    elif session.found.has(object_id, frame, recipe):
                        masks[object_id], confidence = session.found.mask(object_id, frame)
                        made[object_id] = (recipe, confidence)
                        if plan.kinds[frame] == "tracked":
                            session.results.write_tracked(object_id, frame, masks[object_id])
                session.commit(frame, masks, made)

    def _settle(self) -> None:
        """Wait until nothing has changed for a moment."""
        revision = -1
        while revision != self._session.revision and not self._closed.is_set():
            revision = self._session.revision
            if time.monotonic() - self._session.changed_at < SETTLE:
                time.sleep(SETTLE)

    def _run_batch(self) -> None:
        session = self._session
        if not self._maker.is_loaded:
            self.progress.state = "loading"
            self._maker.load()
        with session.lock:
            boxed = session.stale().boxed
            if not boxed:
                return
            revision, plans = session.revision, session.plans
            batch = next_batch(plans, boxed, session.playhead)
            recipes = {i: dict(plans[i].recipes) for i in batch.frames}
            painted = {i: self._painted(plans[i], windows) for i, windows in batch.windows.items()}
        self.progress.state = "making"
        tracks, given = {}, {}
        for object_id, frames in batch.frames.items():
            plan = plans[object_id]
            needed = sorted(frames | {frame for window in batch.windows[object_id] for frame in window.frames})
            tracks[object_id] = np.full_like(plan.track, np.nan)
            tracks[object_id][needed] = plan.track[needed]
            given[object_id] = plan.given
        results = self._maker.masks(self._read, tracks, given, batch.windows, painted)
        for result in results:
            here = [i for i in batch.frames if result.index in batch.frames[i] and i in result.scores]
            masks = {i: result.labels == i for i in here}
            made = {i: (recipes[i][result.index], round(self._maker.confidence(result, i), 4)) for i in here}
            if here:
                session.commit(result.index, masks, made)
                self._count(len(here))
            if session.revision != revision or self._closed.is_set():
                results.close()  # type: ignore[attr-defined]
                return
            self._flush()

    def _painted(self, plan: ObjectPlan, windows: Iterable[Window]) -> dict[int, np.ndarray]:
        """Frame -> mask, of the frames of windows that were painted."""
        frames = {frame for window in windows for frame in window.frames} & plan.painted.keys()
        return {frame: self._session.results.painted(plan.painted[frame]) for frame in frames}

    def _follow(self, tracked: Iterable[tuple[int, int]]) -> None:
        """Track one frame further."""
        session = self._session
        if self._following is None or not self._still_wanted(tracked):
            self._start_following(tracked)
        assert self._following is not None
        object_id, recipe, tracker = self._following
        self.progress.state = "following"
        found = next(tracker, None)
        if found is None:
            self._following = None
            return
        frame, mask, score = found
        with session.lock:
            if session.plans.get(object_id) is not None and session.plans[object_id].recipes.get(frame) == recipe:
                session.results.write_tracked(object_id, frame, mask)
                session.commit(frame, {}, {object_id: (recipe, round(score, 4))})
        self._count(1)
        self._flush()

    def _still_wanted(self, tracked: Iterable[tuple[int, int]]) -> bool:
        assert self._following is not None
        object_id, recipe, _ = self._following
        plan = self._session.plans.get(object_id)
        return plan is not None and any(plan.recipes[frame] == recipe for i, frame in tracked if i == object_id)

    def _start_following(self, tracked: Iterable[tuple[int, int]]) -> None:
        session = self._session
        self.progress.state = "loading"
        with session.lock:
            near = session.playhead
            object_id, frame = min(tracked, key=lambda one: (abs(one[1] - near), one))
            plan = session.plans[object_id]
            stretch = next(one for one in plan.stretches if one.start < frame < one.end)
            box, recipe = plan.track[stretch.start], plan.recipes[frame]
            painted = plan.painted.get(stretch.start)
            mask = session.results.painted(painted) if painted else None
        if mask is not None and not usable_start(mask, box):
            mask = None
        tracker = self._maker.follow(self._read, stretch.start, stretch.end, box, mask)
        self._following = (object_id, recipe, tracker)  # type: ignore[assignment]

    def _read(self, frame: int) -> np.ndarray:
        try:
            return self._frames.picture(frame)
        except UserError as error:
            raise FrameUnreadableError(frame) from error

    def _count(self, number: int) -> None:
        self.progress.left = max(0, self.progress.left - number)
        self.progress.seconds += [time.monotonic()] * number
        del self.progress.seconds[:-60]

    def _flush(self, now: bool = False) -> None:
        if now or time.monotonic() - self._flushed > FLUSH:
            self._session.flush()
            self._flushed = time.monotonic()

    def _run_errand(self) -> None:
        """What a person takes away."""
        state, errand = self._errands.popleft()
        self.progress.state, self.progress.done = state, ""
        self._stopped.clear()
        self.progress.done = errand(self._goes_on)
        self._flush(now=True)

    def _goes_on(self, left: int) -> bool:
        self.progress.left = left
        return not (self._closed.is_set() or self._stopped.is_set())
