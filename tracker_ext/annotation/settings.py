"""What makes the masks of a data set what they are: filled by the command line, stored in `OUT/settings.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ltr_ext.errors import UserError
from ltr_ext.text import one_line
from tracker_ext.annotation.formats import FORMATS
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.prepare import DEFAULT_MAX_GAP

SETTINGS_FILE = "settings.json"
"""Inside the output folder."""

VERSION = 2
"""Of the output's layout and meaning; raised when masks or manifests change."""

ONLY_SPEED = ("encode_batch", "precision")
"""Fields of `AnnotateConfig` that may differ between two runs on one output folder."""

OLD_KEYS = {"most": "max_frames"}
"""Keys in the settings files of earlier versions -> their names now."""

ADDED = {"merge": "max", "flip": False, "colour": False}
"""Keys that they lack -> what they went by."""


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    """Settings of an annotation job; two runs on one output folder must agree in them."""

    dataset: str
    """Name of the data set; for a folder also where it is."""
    formats: tuple[str, ...]
    """Names of the formats to write, see `FORMATS`."""
    weights_hash: str
    """`file_hash` of the weight file."""
    variant: str | None = None
    """Network variant; None for that of the weights."""
    every: int = 1
    """Every K-th frame of a sequence is annotated."""
    max_frames: int | None = None
    """Frames of a sequence that are annotated at most; None for all."""
    max_gap: int = DEFAULT_MAX_GAP
    """Longest gap between two boxed frames that is filled, in frames; see `prepare`."""
    min_confidence: float = 0.0
    """Masks with a lower confidence are left empty."""
    config: AnnotateConfig = field(default_factory=AnnotateConfig)
    """Windows, tolerance, precision."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.formats if name not in FORMATS]
        if unknown or not self.formats:
            raise ValueError(f"format {', '.join(unknown) or '(none)'} is unknown; known: {', '.join(FORMATS)}")
        for name, least in (("every", 1), ("max_frames", 1), ("max_gap", 0)):
            if (value := getattr(self, name)) is not None and value < least:
                raise ValueError(f"{name} {value}: must be at least {least}")
        if not 0 <= self.min_confidence <= 1:
            raise ValueError(f"min_confidence must be 0 to 1, got {self.min_confidence}")

    def stored(self) -> dict[str, Any]:
        """The content of `settings.json`: what makes the masks what they are, not how fast they are made."""
        content = asdict(self)
        config = {name: value for name, value in content.pop("config").items() if name not in ONLY_SPEED}
        return {**content, "formats": sorted(self.formats), **config, "version": VERSION}


def read_settings(out: Path) -> dict[str, Any]:
    """The stored settings of an annotation job, those of earlier versions under the names of today.

    Args:
        out: output folder of the job.

    Raises:
        UserError: unreadable, or another program's.
    """
    path = out / SETTINGS_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"settings {path} cannot be read ({one_line(error, 100)}); restore the file, or name another folder"
        ) from error
    known = isinstance(found, dict) and {"dataset", "formats", "weights_hash"} <= found.keys()
    if not known or not isinstance(found["formats"], list):
        raise UserError(f"output folder {out}: its settings.json is not run_annotate.py's; name another folder")
    return ADDED | {OLD_KEYS.get(name, name): value for name, value in found.items()}


def check_same(out: Path, settings: JobSettings) -> None:
    """Refuse an output folder that was made with other settings.

    Raises:
        UserError: a setting differs; or see `read_settings`.
    """
    found, wanted = read_settings(out), json.loads(json.dumps(settings.stored()))
    differing = [name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name)]
    if differing:
        shown = "; ".join(
            f"{name} is {one_line(found.get(name), 200)} there and {one_line(wanted.get(name), 200)} here"
            for name in differing
        )
        raise UserError(f"output folder {out} was made with other settings: {shown}; take these, or another --out")
