"""Makes masks in the background: what was painted at once, then windows near what is looked at, then tracking."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.text import one_line
from tracker_ext.editor.batches import next_batch
from tracker_ext.editor.frames import ClipFrames
from tracker_ext.editor.maker import MaskMaker, usable_start
from tracker_ext.editor.plan import ObjectPlan
from tracker_ext.editor.session import Session
from tracker_ext.segmentation.windows import Window
from tracker_ext.video.overlay import OverlayVideo, draw_overlay

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
    """idle, loading, making, following, film."""
    left: int = 0
    """Masks to be made."""
    error: str = ""
    film: str = ""
    """The overlay video that was made last."""
    seconds: list[float] = field(default_factory=list)
    """When the last masks were made, for the estimate of the time left."""

    def facts(self) -> dict[str, Any]:
        rate = None
        if len(self.seconds) > 1 and self.seconds[-1] > self.seconds[0]:
            rate = (len(self.seconds) - 1) / (self.seconds[-1] - self.seconds[0])
        return {"state": self.state, "left": self.left, "error": self.error, "film": self.film, "rate": rate}


class Worker:
    """A thread that brings the masks of a session up to date with what was said."""

    def __init__(self, session: Session, maker: MaskMaker) -> None:
        self._session, self._maker = session, maker
        # Frames of its own: a person who looks elsewhere shall not make either wait for the other's place in the video.
        self._frames = ClipFrames(replace(session.source), FRAME_BYTES)  # type: ignore[type-var]
        self.progress = Progress()
        self._closed = threading.Event()
        self._film_wanted = threading.Event()
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
        self._film_wanted.set()
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
                self.progress.error = (
                    one_line(error) if isinstance(error, UserError) else f"{type(error).__name__}: {one_line(error)}"
                )
                self.progress.state = "idle"
                self._session.wake.wait()
                self._session.wake.clear()

    def _step(self) -> bool:
        """Make something; False if nothing is to be made."""
        session = self._session
        stale = session.stale()
        self.progress.left = stale.count
        if stale.removed or stale.painted:
            self._at_once(stale.removed, stale.painted)
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
        if self._film_wanted.is_set():
            self._film_wanted.clear()
            self._film()
            return True
        return False

    def _at_once(self, removed: Iterable[tuple[int, int]], painted: Iterable[tuple[int, int]]) -> None:
        session = self._session
        near = session.playhead
        frames = sorted({frame for _, frame in (*removed, *painted)}, key=lambda frame: abs(frame - near))
        for frame in frames:
            with session.lock:
                made = {
                    i: (session.plans[i].recipes[frame], None)
                    for i, at in painted
                    if at == frame and i in session.plans and frame in session.plans[i].painted
                }
                session.commit(frame, {}, made)

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

    def _film(self) -> None:
        """Write the overlay video beside the masks."""
        session = self._session
        self.progress.state, self.progress.film = "film", ""
        target = session.out / "overlay.mp4"
        partial = session.out / ".editor" / "overlay.mp4"
        with OverlayVideo(partial, session.size, session.source.fps) as film:
            for frame in range(len(session.source)):
                if self._closed.is_set():
                    return
                try:
                    picture = self._frames.picture(frame)
                except UserError:
                    picture = np.zeros((*session.size, 3), np.uint8)
                with session.lock:
                    labels = session.results.labels(frame)
                film.add(draw_overlay(picture, labels))
        partial.replace(target)
        self._flush(now=True)
        self.progress.film = Path(target).name
