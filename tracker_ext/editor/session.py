"""One clip that is open: what was said about it, its masks, and what the page is told.

Shapes: N frames, H W image pixels.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.editor.actions import edit_for, known_object, painted_edit, whole
from tracker_ext.editor.document import PAINTED, Document
from tracker_ext.editor.found import Earlier, FoundMasks, with_kept_masks
from tracker_ext.editor.frames import ClipFrames
from tracker_ext.editor.mask_files import own_box
from tracker_ext.editor.plan import ObjectPlan, Rules, digest, plan_clip
from tracker_ext.editor.results import Made, ResultFolder, open_journal, take_away
from tracker_ext.video.clip_writer import EDITOR_FOLDER
from tracker_ext.video.frames import FrameSource, VideoFrames

PUT_BACK = "put_back"
"""Note of the journal: fingerprint of the masks as they are in the data set."""
LIVE = "live"
"""Note of the journal: masks are made as soon as something changes."""


@dataclass(frozen=True)
class Stale:
    """What has to be made again: object ids and frames."""

    removed: frozenset[tuple[int, int]]
    """Masks that go."""
    found: frozenset[tuple[int, int]]
    """Masks that are as they were found, again."""
    painted: frozenset[tuple[int, int]]
    boxed: frozenset[tuple[int, int]]
    tracked: frozenset[tuple[int, int]]

    @property
    def count(self) -> int:
        return len(self.removed) + len(self.found) + len(self.painted) + len(self.boxed) + len(self.tracked)


class Session:
    """A clip and its result folder. All methods may be called from several threads."""

    def __init__(self, source: FrameSource, out: Path, rules: Rules, earlier: Earlier | None = None) -> None:
        """Open the folder, or go on where it was left.

        Args:
            source: the clip.
            out: the result folder; is made.
            rules: of the clip.
            earlier: what is known of it before; taken over once.

        Raises:
            UserError: a clip that cannot be read, or a folder that is another clip's, another program's, or cannot be
                written.
        """
        self.lock = threading.RLock()
        self.source, self.out, self.rules = source, out, rules
        self.frames = ClipFrames(source)
        self.size = source.size
        self.unreadable = set(source.scan.damaged) if isinstance(source, VideoFrames) and source.step == 1 else set()
        self._is_closed = False
        self._was_there = next(path for path in (out, *out.parents) if path.is_dir())
        self._journal = open_journal(source, out, earlier is not None and earlier.folder == out)
        self.document = self._journal.document
        self._adopts = bool(self.document.notes.get("adopts"))
        try:
            self.results = ResultFolder(out, source)
        except UserError:
            self._journal.close()
            self._take_away()
            raise
        self.found = FoundMasks(out / EDITOR_FOLDER / "found")
        self.results.forget_painted(self.document.painted_masks())
        self.plans: dict[int, ObjectPlan] = {}
        self.revision = 0
        """Goes up with every change of the document."""
        self.tick = 1
        """Goes up with every change of anything."""
        self.frame_ticks = np.zeros(len(source), np.int64)
        """[N] tick of the last change of each frame's mask."""
        self.document_tick = 1
        """The same of the document."""
        self.playhead = 0
        self.wake = threading.Event()
        """Set when there may be something to make."""
        self._replan()
        if earlier is not None and not self.document.notes.get("taken_over"):
            try:
                self._take_over(earlier)
            except BaseException:
                self.close()
                raise

    def _take_over(self, earlier: Earlier) -> None:
        """Begin with boxes and masks that are there. Broken off, it begins anew."""
        plans = plan_clip(Document(dict(earlier.values)), self.rules, sorted(self.unreadable))
        values = with_kept_masks(earlier, plans, self.size, self.results.add_painted)
        notes = {**self.document.notes, LIVE: True}
        self._journal.append({"state": values, "notes": notes, "done": [], "undone": []})
        self._replan()
        self.found.start()
        for frame, labels in enumerate(earlier.labels()):
            if labels is None or labels.shape != self.size:
                continue
            made = {
                i: Made(plan.recipes[frame], earlier.confidences.get((i, frame)), own_box(labels == i))
                for i, plan in self.plans.items()
                if frame in plan.recipes
            }
            wanted = np.where(np.isin(labels, list(made)), labels, 0).astype(np.uint8)
            if np.array_equal(wanted, self.results.labels(frame)):
                self.results.remember(frame, made)
            else:
                self.results.write(frame, wanted, made)
            self.found.keep(frame, wanted, {i: (one.recipe, one.confidence) for i, one in made.items()})
            if wanted.any():
                self._touch(frame)
        self.found.finish()
        self._journal.append({"note": {"taken_over": True, PUT_BACK: self.fingerprint()}})
        self._replan()

    def fingerprint(self) -> str:
        """Of what the masks are made from: another one if a mask has changed."""
        with self.lock:
            return digest(sorted((i, frame, made.recipe) for (i, frame), made in self.results.made.items()))

    @property
    def is_changed(self) -> bool:
        """Whether the masks are others than those that were taken over or put back."""
        return bool(self.document.notes.get(PUT_BACK) != self.fingerprint())

    def mark_put_back(self) -> None:
        """The masks are now those of the data set, too."""
        with self.lock:
            self._journal.append({"note": {PUT_BACK: self.fingerprint()}})

    @property
    def is_live(self) -> bool:
        return bool(self.document.notes.get(LIVE))

    # What the page does -----------------------------------------------------------------------------------------

    def act(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the page asks for; returns what was done.

        Raises:
            UserError: it cannot be done; nothing has changed.
        """
        with self.lock:
            action = request.get("do")
            if action in ("undo", "redo"):
                edit = self._journal.append({action: True})
                self._replan()
                return {"done": "" if edit is None else edit.says}
            if action == "live":
                self._journal.append({"note": {LIVE: bool(request.get("on"))}})
                self._replan()
                return {"done": ""}
            return self._do(edit_for(self.document, request, len(self.source), self.size))

    def paint(self, object_id: int, frame: int, mask: np.ndarray) -> dict[str, Any]:
        """Take over a painted mask, [H, W] bool.

        Raises:
            UserError: no such object or frame, or it cannot be written.
        """
        with self.lock:
            known_object(self.document, object_id)
            whole(frame, "frame", len(self.source))
            return self._do(
                painted_edit(self.document, object_id, frame, self.results.add_painted(mask), own_box(mask))
            )

    def look_at(self, frame: int) -> None:
        """Remember where the page is: what is near is made first."""
        self.playhead = frame

    def _do(self, edit: Any) -> dict[str, Any]:
        if edit is None:
            return {"done": ""}
        self._journal.append(edit.entry())
        self._replan()
        return {"done": edit.says}

    def _replan(self) -> None:
        times = self.document.times_again
        rules = replace(self.rules, made_by=f"{self.rules.made_by} {times}") if times else self.rules
        self.plans = plan_clip(self.document, rules, sorted(self.unreadable))
        self.revision += 1
        self.changed_at = time.monotonic()
        self.tick += 1
        if self._writes:
            self.results.write_given(self.document)
        self.document_tick = self.tick
        self.wake.set()

    @property
    def _writes(self) -> bool:
        """A result that was taken over in its place stays as it is until a person does something."""
        return not self._adopts or self.document.is_touched

    # What the worker does ---------------------------------------------------------------------------------------

    def stale(self) -> Stale:
        """What has to be made, or taken away."""
        with self.lock:
            groups: dict[str, set[tuple[int, int]]] = {
                kind: set() for kind in ("box", "between", "painted", "tracked", "found")
            }
            for object_id, plan in self.plans.items():
                for frame, recipe in plan.recipes.items():
                    made = self.results.made.get((object_id, frame))
                    if made is None or made.recipe != recipe:
                        was = plan.kinds[frame] != PAINTED and self.found.has(object_id, frame, recipe)
                        groups["found" if was else plan.kinds[frame]].add((object_id, frame))
            removed = {
                (i, frame)
                for i, frame in self.results.made
                if i not in self.plans or frame not in self.plans[i].recipes
            }
            return Stale(
                frozenset(removed),
                frozenset(groups["found"]),
                frozenset(groups[PAINTED]),
                frozenset(groups["box"] | groups["between"]),
                frozenset(groups["tracked"]),
            )

    def commit(self, frame: int, masks: Mapping[int, np.ndarray], made: Mapping[int, tuple[str, float | None]]) -> None:
        """Put new masks of a frame into its label map.

        Args:
            frame: its number.
            masks: object id -> [H, W] bool, for those of `made` whose mask comes from boxes.
            made: object id -> its recipe when it was made, and its confidence. What has another recipe by now is left.
        """
        with self.lock:
            current = {
                i: one for i, one in made.items() if i in self.plans and self.plans[i].recipes.get(frame) == one[0]
            }
            fresh = {i: mask for i, mask in masks.items() if i in current}
            labels = self._composed(frame, fresh)
            known = {}
            for object_id, (recipe, confidence) in current.items():
                known[object_id] = Made(recipe, confidence, own_box(labels == object_id))
            gone = [i for i, at in self.results.made if at == frame and not self._has_mask(i, frame)]
            self.results.write(frame, labels, {**known, **dict.fromkeys(gone)})
            self._touch(frame)

    def clear(self, frames: Iterable[int]) -> None:
        """Take away the masks of frames that shall have none."""
        for frame in sorted(set(frames)):
            self.commit(frame, {}, {})

    def mark_unreadable(self, frame: int) -> None:
        """A frame turned out to be damaged: it gets no mask."""
        with self.lock:
            self.unreadable.add(frame)
            self._replan()

    def flush(self) -> None:
        """Bring the files of the masks' own boxes up to date."""
        with self.lock:
            if self._writes:
                self.results.write_own(self.document)

    def close(self) -> None:
        """Close all files; once is enough. Where nothing was done, nothing stays."""
        with self.lock:
            if self._is_closed:
                return
            self._is_closed = True
            self.flush()
            self.results.close()
            self._journal.close()
            self._take_away()

    def _take_away(self) -> None:
        if not self.document.is_touched:
            take_away(self.out, self._adopts, self._was_there)

    def _has_mask(self, object_id: int, frame: int) -> bool:
        return object_id in self.plans and frame in self.plans[object_id].recipes

    def _composed(self, frame: int, fresh: Mapping[int, np.ndarray]) -> np.ndarray:
        """The label map of a frame: what the tracker found lies lowest, what was painted on top."""
        before = self.results.labels(frame)
        labels = np.zeros_like(before)
        here = {i: plan for i, plan in self.plans.items() if frame in plan.recipes}
        for object_id, plan in here.items():
            if plan.kinds[frame] == "tracked":
                tracked = fresh.get(object_id, self.results.tracked(object_id, frame))
                labels[(before == object_id) if tracked is None else tracked] = object_id
        for object_id, plan in here.items():
            if plan.kinds[frame] in ("box", "between"):
                labels[fresh.get(object_id, before == object_id)] = object_id
        for object_id, plan in here.items():
            if plan.kinds[frame] == PAINTED:
                labels[self.results.painted(plan.painted[frame])] = object_id
        return labels

    def _touch(self, frame: int) -> None:
        self.tick += 1
        self.frame_ticks[frame] = self.tick
