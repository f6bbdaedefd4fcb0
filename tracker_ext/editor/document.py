"""What a person has said about a clip: pure values, edits, undo and redo.

A document is a mapping of keys to JSON values; an edit is a set of (before, after) pairs, so that undoing is putting
back. Everything else (masks, confidences) is worked out from it.

    object/<id>            {"name": "dog"}                                   there is such an object
    mark/<id>/<frame>      {"kind": "box", "box": [x, y, w, h]}              its box on a frame, image pixels
                           {"kind": "absent"}                                it is not to be seen there
                           {"kind": "painted", "box": [...], "mask": NAME, "under": the mark before, or null}
                           {..., "found": true}                              ... that was there before the editor
    follow/<id>/<frame>    {}                                                the tracker goes on from this frame
    again/all              {"times": 1}                                      all masks were to be made again
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Value = Any
"""A JSON value; None for "not there"."""
MOST_UNDO = 500
"""Steps that can be undone."""
BOX: Final = "box"
ABSENT: Final = "absent"
AGAIN_KEY: Final = "again/all"
PAINTED: Final = "painted"


@dataclass(frozen=True)
class Edit:
    """One step."""

    says: str
    """In words, such as "box of object 1 on frame 12"."""
    changes: Mapping[str, tuple[Value, Value]]
    """Key -> value before, value after."""

    def entry(self) -> dict[str, Any]:
        """As the journal has it."""
        return {"edit": self.says, "changes": {key: list(pair) for key, pair in self.changes.items()}}


def mark_key(object_id: int, frame: int) -> str:
    return f"mark/{object_id}/{frame}"


def object_key(object_id: int) -> str:
    return f"object/{object_id}"


def follow_key(object_id: int, frame: int) -> str:
    return f"follow/{object_id}/{frame}"


@dataclass
class Document:
    """The state that a journal's entries lead to."""

    values: dict[str, Value] = field(default_factory=dict)
    notes: dict[str, Value] = field(default_factory=dict)
    """What is remembered and cannot be undone."""
    done: list[Edit] = field(default_factory=list)
    undone: list[Edit] = field(default_factory=list)

    def edit(self, says: str, wanted: Mapping[str, Value]) -> Edit | None:
        """The step that brings keys to these values (None: away); None if they have them. Changes nothing yet."""
        changes = {key: (self.values.get(key), value) for key, value in wanted.items()}
        changes = {key: pair for key, pair in changes.items() if pair[0] != pair[1]}
        return Edit(says, changes) if changes else None

    def apply(self, entry: Mapping[str, Any]) -> Edit | None:
        """Take over an entry of a journal.

        Returns:
            The step that was done, undone or done again; None if there was none.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is no entry.
        """
        if "state" in entry:
            self.values, self.notes = dict(entry["state"]), dict(entry["notes"])
            self.done, self.undone = ([_edit(one) for one in entry[name]] for name in ("done", "undone"))
            return None
        if "note" in entry:
            self.notes |= entry["note"]
            return None
        if "undo" in entry:
            return self._move(self.done, self.undone, after=0)
        if "redo" in entry:
            return self._move(self.undone, self.done, after=1)
        edit = _edit(entry)
        self._put(edit, 1)
        self.done.append(edit)
        del self.done[:-MOST_UNDO]
        self.undone.clear()
        return edit

    def snapshot(self) -> dict[str, Any]:
        """One entry that leads to this state from nothing."""
        return {
            "state": self.values,
            "notes": self.notes,
            "done": [edit.entry() for edit in self.done],
            "undone": [edit.entry() for edit in self.undone],
        }

    def _move(self, source: list[Edit], target: list[Edit], after: int) -> Edit | None:
        if not source:
            return None
        edit = source.pop()
        self._put(edit, after)
        target.append(edit)
        return edit

    def _put(self, edit: Edit, after: int) -> None:
        for key, pair in edit.changes.items():
            if pair[after] is None:
                self.values.pop(key, None)
            else:
                self.values[key] = pair[after]

    def objects(self) -> dict[int, str]:
        """Id -> name, ascending."""
        found = {int(key.split("/")[1]): value["name"] for key, value in self.values.items() if key[:7] == "object/"}
        return dict(sorted(found.items()))

    def marks(self, object_id: int) -> dict[int, Value]:
        """Frame -> mark of an object, ascending."""
        return self._frames(f"mark/{object_id}/")

    def follows(self, object_id: int) -> list[int]:
        """Frames from which the tracker is to go on with an object, ascending."""
        return list(self._frames(f"follow/{object_id}/"))

    def painted_frames(self, object_id: int) -> list[int]:
        """Frames whose mask of an object is given to the pixel, ascending."""
        return [frame for frame, mark in self.marks(object_id).items() if mark["kind"] == PAINTED]

    @property
    def is_touched(self) -> bool:
        """Whether there is a step that can be undone or done again."""
        return bool(self.done or self.undone)

    @property
    def times_again(self) -> int:
        """How often all masks were to be made again."""
        return int((self.values.get(AGAIN_KEY) or {"times": 0})["times"])

    def of_object(self, object_id: int) -> Iterable[str]:
        """All keys of an object."""
        return [key for key in self.values if key.split("/")[1] == str(object_id)]

    def painted_masks(self) -> set[str]:
        """Names of all painted masks that are in force or can come back."""
        kept = [self.values.values(), *([v for pair in e.changes.values() for v in pair] for e in self._steps())]
        return {name for values in kept for value in values for name in _masks_of(value)}

    def _steps(self) -> Iterable[Edit]:
        return [*self.done, *self.undone]

    def _frames(self, start: str) -> dict[int, Value]:
        return dict(
            sorted((int(key[len(start) :]), value) for key, value in self.values.items() if key[: len(start)] == start)
        )


def _masks_of(value: Value) -> Iterable[str]:
    while isinstance(value, Mapping):
        if "mask" in value:
            yield value["mask"]
        value = value.get("under")


def _edit(entry: Mapping[str, Any]) -> Edit:
    return Edit(entry["edit"], {key: (before, after) for key, (before, after) in entry["changes"].items()})
