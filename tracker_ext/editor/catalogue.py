"""What can be opened: the clips at the place that was named on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ltr_ext.errors import UserError
from tracker_ext.editor.adopted import adopts, frames_of_result, is_result, read_result
from tracker_ext.editor.journal import begun_in, journal_of, read_journal
from tracker_ext.video.data_files import VIDEO_SUFFIXES
from tracker_ext.video.discover import discover_frames
from tracker_ext.video.frames import FrameSource, natural_key, open_frames
from tracker_ext.video.listing import walk

if TYPE_CHECKING:
    from tracker_ext.editor.found import Earlier
    from tracker_ext.editor.session import Session

MOST_CLIPS = 10_000


class CanBeOpened(Protocol):
    """One clip, as the desk needs it."""

    @property
    def name(self) -> str:
        """How it is called."""

    @property
    def out(self) -> Path:
        """Its result folder."""

    @property
    def is_begun(self) -> bool:
        """Whether the editor was at work on it."""

    def source(self) -> FrameSource:
        """Its frames.

        Raises:
            UserError: they cannot be read.
        """

    def interval(self, wanted: int) -> int:
        """D in frames of the clip."""

    def earlier(self, source: FrameSource) -> Earlier | None:
        """What is known of it before; `source` as it gave it.

        Raises:
            UserError: that is of other frames.
        """

    def describe(self) -> dict[str, Any]:
        """What the list of the page says of it beside its name; with `decision` if it can be decided about."""

    def decide(self, choice: str, comment: str) -> None:
        """Put a decision into effect.

        Raises:
            UserError: there is nothing to be decided, or it cannot be put into effect.
        """

    @property
    def is_of_dataset(self) -> bool:
        """Whether it can be decided about, and put back."""

    def put_back(self, session: Session) -> None:
        """Put the masks of a session into the data set that the clip is of.

        Raises:
            UserError: it cannot be written.
        """


@dataclass(frozen=True)
class Clip:
    """One clip by itself; see `CanBeOpened`."""

    name: str
    frames: Path
    """A video file, or a folder of pictures."""
    out: Path
    """Its result folder."""
    result: Path | None = None
    """The result of another command whose masks are taken over."""

    def source(self) -> FrameSource:
        """Its frames.

        Raises:
            UserError: they cannot be read.
        """
        return open_frames(self.frames, self.name, upright=True)

    @property
    def is_begun(self) -> bool:
        """Whether the editor was at work on it."""
        return begun_in(self.out)

    def interval(self, wanted: int) -> int:
        """All frames are there."""
        return wanted

    def earlier(self, source: FrameSource) -> Earlier | None:
        """The masks of the other command."""
        return None if self.result is None else read_result(self.result, source)

    def describe(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def decide(self, choice: str, comment: str) -> None:
        """Decisions are about the sequences of a data set."""
        raise UserError("there is nothing to be decided here")

    @property
    def is_of_dataset(self) -> bool:
        """It is a clip by itself."""
        return False

    def put_back(self, session: Session) -> None:
        """There is no data set to put it into."""


def clips_at(place: Path, out: Path | None) -> list[Clip]:
    """The clips at a place.

    Args:
        place: a video, a folder of pictures, a folder of several of these, or a result folder of the editor.
        out: result folder; of several clips, the folder of their result folders. None: `<name>_edited` in the current
            folder.

    Raises:
        UserError: there is none.
    """
    if not place.exists():
        raise UserError(f"{place} does not exist; name a video or a folder")
    if begun_in(place):
        return [_begun(place, place if out is None else out)]
    if is_result(place):
        return [_of_result(place, place if out is None else out)]
    name = place.resolve().name if place.is_dir() else place.stem
    target = Path(f"{name}_edited") if out is None else out
    frames = discover_frames(place) if place.is_dir() else place
    if frames is not None:
        return [_clip(name, frames, target)]
    return [_clip(one.name, one.frames, target / one.name) for one in _several(place)]


def _clip(name: str, frames: Path, out: Path) -> Clip:
    """A clip; if its result folder has masks of another command, they are taken over."""
    return Clip(name, frames, out.resolve(), out.resolve() if adopts(out) else None)


def _of_result(folder: Path, out: Path) -> Clip:
    """The clip of a result of another command.

    Raises:
        UserError: it is not known, or not there any more.
    """
    frames = frames_of_result(folder)
    return Clip(folder.resolve().name, frames, out.resolve(), folder.resolve())


def _several(folder: Path) -> Sequence[Clip]:
    listings = {listing.name: listing for listing in walk(folder, {}, {}, depth=1)}
    found: dict[str, Path] = {}
    root = listings.get(".")
    for video in root.videos if root else ():
        found[Path(video).stem] = folder / video
    for name, listing in listings.items():
        frames = discover_frames(listing.path) if name != "." else None
        if frames is not None:
            found[name if name not in found else f"{name}_folder"] = frames
    if not found:
        raise UserError(
            f"folder {folder} has no clips: no pictures, no videos ({', '.join(sorted(VIDEO_SUFFIXES)[:4])}, ...), no "
            "folders of them; name another one"
        )
    if len(found) > MOST_CLIPS:
        raise UserError(f"folder {folder} has {len(found)} clips, more than {MOST_CLIPS}; name one of them")
    names = sorted(found, key=lambda name: natural_key(Path(name)))
    return [Clip(name, found[name], Path()) for name in names]


def _begun(folder: Path, out: Path) -> Clip:
    """The clip of a result folder of the editor.

    Raises:
        UserError: it has moved, or is to go on in another folder.
    """
    if out.resolve() != folder.resolve():
        raise UserError(f"--out {out}: {folder} goes on in its own place; copy it, or leave --out away")
    document, _ = read_journal(journal_of(folder))
    made_of = document.notes.get("made_of")
    if made_of is None or not Path(made_of["clip"]).exists():
        where = made_of["clip"] if made_of else "unknown"
        raise UserError(f"folder {folder}: its clip {where} is gone; name the clip, and this folder with --out")
    frames = Path(made_of["clip"])
    return _clip(frames.name if frames.is_dir() else frames.stem, frames, folder)
