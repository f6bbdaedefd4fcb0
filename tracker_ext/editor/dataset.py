"""The output of `run_annotate.py` on a data set, opened in the editor: sequences, their masks, decisions.

A sequence is worked on in `OUT/corrected/<name>/`, a result folder like any other. What has changed is put into the
place of the masks of the data set, in all its formats, as `run_annotate.py` itself would.

Shapes: N frames, H W image pixels.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.data.decisions import CHOICES, DECISIONS_FILE, Decision, read_decisions, write_decisions
from ltr_ext.data.mask_io import MAX_PALETTE_ID
from ltr_ext.data.trust_table import TrustRow, read_trust
from ltr_ext.errors import UserError
from ltr_ext.output import remove
from tracker_ext.annotation.command import open_source
from tracker_ext.annotation.commit import WORK_FOLDER, commit, recover_sequence
from tracker_ext.annotation.formats import FORMATS
from tracker_ext.annotation.lists import update_lists
from tracker_ext.annotation.lock import LOCKS_FOLDER, SequenceLock, lists_lock
from tracker_ext.annotation.manifests import REJECTED_FOLDER, manifest_path, outputs_of, read_manifest
from tracker_ext.annotation.names import safe_name
from tracker_ext.annotation.review.decisions import LOCK_WAIT, apply_decisions, revoke_decision
from tracker_ext.annotation.review.report_page import summarise_rows
from tracker_ext.annotation.run_options import RunOptions
from tracker_ext.annotation.settings import ONLY_SPEED, read_settings
from tracker_ext.annotation.sources.base import Source
from tracker_ext.editor.document import ABSENT, BOX
from tracker_ext.editor.found import Earlier
from tracker_ext.editor.journal import begun_in, journal_of
from tracker_ext.editor.mask_files import ids_or_none
from tracker_ext.editor.session import Session
from tracker_ext.export.stored_run_lengths import RLE_FORMATS, label_maps
from tracker_ext.segmentation.boxed_sequence import BoxedSequence, mask_stems
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.prepare import PreparedBoxes, prepare
from tracker_ext.video.frames import FrameSource

CORRECTED_FOLDER = "corrected"
"""Inside the output folder."""
CLAIM_WAIT = 5.0
"""Seconds to wait for a run that is making the sequence just now."""


class DatasetFolder:
    """The output folder of an annotation job."""

    def __init__(self, out: Path) -> None:
        """Read its settings, and open the data set that it was made of.

        Raises:
            UserError: damaged settings, or a data set that is not there any more.
        """
        self.out, self.settings = out.resolve(), read_settings(out)
        self.source = _source_of(self.out, str(self.settings["dataset"]))
        self._decisions: tuple[object, dict[str, Decision]] | None = None

    def config(self, given: AnnotateConfig) -> AnnotateConfig:
        """The options of the job, with those of `given` that make no difference to masks."""
        names = [name for name in AnnotateConfig.__dataclass_fields__ if name not in ONLY_SPEED]
        return replace(given, **{name: self.settings[name] for name in names if name in self.settings})

    def clips(self) -> list[DatasetClip]:
        """Its finished sequences, the one with the worst masks first.

        Raises:
            UserError: there is none.
        """
        paths = sorted((self.out / "sequences").glob("*.json"))
        manifests = [manifest for path in paths if (manifest := read_manifest(path))]
        found = [DatasetClip(self, manifest["name"], bool(manifest.get("corrected"))) for manifest in manifests]
        if not found:
            raise UserError(f"annotation {self.out} has no finished sequences; run run_annotate.py to its end first")
        return sorted(found, key=lambda clip: (math.inf if clip.worst is None else clip.worst, clip.name))

    def decisions(self) -> dict[str, Decision]:
        """Those in force; the file is read again when it is another one."""
        file = self.out / DECISIONS_FILE
        status = file.stat() if file.is_file() else None
        version = (status.st_mtime_ns, status.st_size, status.st_ino) if status else None
        if self._decisions is None or self._decisions[0] != version:
            self._decisions = version, read_decisions(file) if status else {}
        return self._decisions[1]

    def decide(self, name: str, choice: str, comment: str) -> None:
        """Put a decision into effect at once, as `run_annotate.py --apply` does; an empty one is taken back.

        Raises:
            UserError: an unknown decision, or masks that cannot be moved.
        """
        if choice not in ("", *CHOICES):
            raise UserError(f"decision {choice[:40]!r} is unknown: reload the page")
        comment = " ".join(comment.split())[:500]
        with lists_lock(self.out, LOCK_WAIT), tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / DECISIONS_FILE
            write_decisions(file, [Decision(name, choice or "accept", comment)])
            apply_decisions(self.out, file)
        if not choice:
            revoke_decision(self.out, name)

    def bring_up_to_date(self) -> None:
        """Lists of the formats, and the report."""
        update_lists(self.out, [name for name in self.settings["formats"] if name in FORMATS])


class DatasetClip:
    """One sequence of it, as the desk opens it."""

    def __init__(self, folder: DatasetFolder, name: str, is_corrected: bool = False) -> None:
        self._folder, self.name, self._is_corrected = folder, name, is_corrected
        self.out = folder.out / CORRECTED_FOLDER / safe_name(name)
        self._read: tuple[BoxedSequence, PreparedBoxes] | None = None
        self.worst = self._worst()
        self._decided: tuple[str, str, int] | None = None
        """The last decision made here, its comment, and how long the journal was then."""

    @property
    def is_begun(self) -> bool:
        """Whether the editor was at work on it."""
        return begun_in(self.out)

    def source(self) -> FrameSource:
        """Its frames.

        Raises:
            UserError: they cannot be read, or are of several sizes, or of more objects than a mask holds.
        """
        settings = self._folder.settings
        loaded = self._folder.source.load(self.name)
        sequence = loaded.thinned(settings.get("every", 1), settings.get("max_frames"))
        prepared = prepare(sequence, settings.get("max_gap", 60), bad="skip")
        if len(set(prepared.sizes)) > 1:
            raise UserError(f"{self.name}: frames of several sizes cannot be opened here; make them one size")
        if max(prepared.boxes) > MAX_PALETTE_ID:
            raise UserError(f"{self.name}: {len(prepared.boxes)} objects; {MAX_PALETTE_ID} can be opened here")
        self._read = sequence, prepared
        return sequence.frames

    def interval(self, wanted: int) -> int:
        """D in frames of the sequence, of which only every K-th is annotated."""
        return max(1, round(wanted / self._loaded()[0].frame_step))

    def earlier(self, source: FrameSource) -> Earlier:
        """What the job knows: boxes, masks, confidences."""
        sequence, prepared = self._loaded()
        values: dict[str, Any] = {}
        for object_id, track in prepared.boxes.items():
            label = sequence.objects.get(object_id, f"object {object_id}")
            values[f"object/{object_id}"] = {"name": label}
            for frame in np.flatnonzero(prepared.given[object_id]).tolist():
                values[f"mark/{object_id}/{frame}"] = {"kind": BOX, "box": np.round(track[frame], 3).tolist()}
            absent = sequence.absent.get(object_id, np.zeros(len(track), bool))
            for frame in np.flatnonzero(absent).tolist():
                values[f"mark/{object_id}/{frame}"] = {"kind": ABSENT}
        return Earlier(values, self._labels, self._confidences())

    def describe(self) -> dict[str, Any]:
        """For the list of the page."""
        decision = self._folder.decisions().get(self.name)
        return {
            "worst": self.worst,
            "decision": decision.choice if decision else "",
            "comment": decision.comment if decision else "",
            "corrected": self._is_corrected,
        }

    def decide(self, choice: str, comment: str) -> None:
        """See `DatasetFolder.decide`."""
        self._folder.decide(self.name, choice, comment)
        self._decided = (choice, comment, self._journal_length())

    def _journal_length(self) -> int:
        file = journal_of(self.out)
        return file.stat().st_size if file.is_file() else 0

    @property
    def is_of_dataset(self) -> bool:
        """It is."""
        return True

    def put_back(self, session: Session) -> None:
        """Put the masks of a session into the place of those of the job; a decision about those is taken back.

        One that was made here after the last correction stays: it is about the masks that come now.

        Raises:
            UserError: another run is making the sequence, its manifest is gone, or something cannot be written.
        """
        from tracker_ext.editor.corrected import write_corrected

        sequence, prepared = self._loaded()
        out, safe = self._folder.out, safe_name(self.name)
        before = read_manifest(manifest_path(out, self.name))
        if before is None:
            raise UserError(f"{self.name}: is not finished in {out} any more; run run_annotate.py again first")
        with SequenceLock(out / LOCKS_FOLDER / f"{safe}.lock", CLAIM_WAIT) as claimed:
            if not claimed:
                raise UserError(f"{self.name}: run_annotate.py is making it just now; try again when it is done")
            work = out / WORK_FOLDER / safe
            recover_sequence(out, work)
            work.mkdir(parents=True)
            links = any(_holds_links(out, str(path)) for path in outputs_of(out, before))
            start = time.perf_counter()
            manifest = {
                **before,
                **write_corrected(session, sequence, prepared, self._folder.settings["formats"], work, links),
            }
            commit(out, work, {**manifest, "corrected": True, "seconds": round(time.perf_counter() - start, 3)})
            remove(work)
        self._is_corrected = True
        if self._decided is not None and self._decided[2] == self._journal_length():
            self._folder.decide(self.name, *self._decided[:2])
        self.worst = self._worst()

    def _labels(self) -> Iterator[np.ndarray | None]:
        """The masks of the job, frame by frame; None where they are in no file that can be read here."""
        out, sequence = self._folder.out, self._loaded()[0]
        manifest = read_manifest(manifest_path(out, self.name))
        places = {} if manifest is None else {str(path): path for path in outputs_of(out, manifest)}
        names: dict[str, Sequence[str]] = {
            "davis/Annotations": [f"{index:05d}" for index in range(len(sequence.frames))],
            "ytvos/Annotations": mask_stems(sequence.frames),
            "upstream": [f"{number:08d}" for number in sequence.numbers],
        }
        for start, stems in names.items():
            for place in places:
                folder = out / place if (out / place).is_dir() else out / REJECTED_FOLDER / place
                if place.startswith(start) and folder.is_dir():
                    yield from (ids_or_none(folder / f"{stem}.png") for stem in stems)
                    return
        for place in places:
            file = next((path for path in (out / place, out / REJECTED_FOLDER / place) if path.is_file()), None)
            if file is not None and place.partition("/")[0] in RLE_FORMATS:
                yield from (labels.astype(np.uint8) for _, labels in label_maps(file))
                return
        yield from (None for _ in sequence.numbers)

    def _loaded(self) -> tuple[BoxedSequence, PreparedBoxes]:
        if self._read is None:
            self.source()
        assert self._read is not None
        return self._read

    def _confidences(self) -> Mapping[tuple[int, int], float | None]:
        rows = self._rows()
        return {
            (row.object, row.frame): None if math.isnan(row.trust.confidence) else row.trust.confidence for row in rows
        }

    def _rows(self) -> list[TrustRow]:
        try:
            return read_trust(self._folder.out / "trust" / f"{safe_name(self.name)}.csv")
        except UserError:
            return []

    def _worst(self) -> float | None:
        rows = self._rows()
        worst = summarise_rows(rows)["worst"] if rows else None
        return None if worst is None else float(worst)


def _source_of(out: Path, dataset: str) -> Source:
    """The data set that a job's settings name.

    Raises:
        UserError: it is not there.
    """
    if not dataset.startswith("folder "):
        return open_source(RunOptions(kind=dataset, out=out))[0]
    root, _, boxes = dataset.removeprefix("folder ").partition(", boxes ")
    if not Path(root).is_dir():
        raise UserError(f"annotation {out}: its frames {root} are gone; put them back to open its sequences")
    return open_source(RunOptions(kind="folder", out=out, path=Path(root), boxes=Path(boxes) if boxes else None))[0]


def _holds_links(out: Path, output: str) -> bool:
    """Whether a folder of the output, in place or rejected, holds symbolic links: pictures beside masks."""
    folders = (out / output, out / REJECTED_FOLDER / output)
    return any(path.is_symlink() for folder in folders if folder.is_dir() for path in folder.iterdir())
