"""How a clip is annotated: windows, crops' tolerance, precision."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from ltr_ext.device import Precision, check_precision, uses_bfloat16
from ltr_ext.errors import UserError
from ltr_ext.paths import load_paths
from tracker_ext.segmentation.windows import MODES, Mode

if TYPE_CHECKING:
    import torch

Merge = Literal["max", "soft"]
"""`max`: the highest logit above 0 wins; `soft`: the odds of objects and background compete (`soft_aggregate`)."""

MERGES: tuple[str, ...] = get_args(Merge)

PAPER_MODE: Mode = "centred"
"""Windows of the paper (section 3.5, appendix D): for its tables, its data sets, and its scores on true boxes."""


@dataclass(frozen=True, kw_only=True)
class AnnotateConfig:
    """Options of windowed inference; T and D by default are those of appendix D."""

    num_frames: int = 5
    """T, boxed frames that are aggregated together."""
    interval: int = 15
    """D, frames from one to the next within a window; 5 suits fast motion (section 4.1)."""
    mode: Mode = "strided"
    """`strided`, the fast mode: every window gives T masks; `centred`, the paper's: one window per frame, T times the
    work of solving and decoding."""
    merge: Merge = "max"
    """Who has a pixel that several objects claim; the paper's tables have `soft`."""
    flip: bool = False
    """Whether to segment the mirrored clip, too, and to average the logits: better masks at twice the work."""
    colour: bool = True
    """Whether pixels that the network leaves undecided are decided by their colour, too; not in the paper's tables."""
    tolerance: float = 0.05
    """Part of the box's width and height by which a mask may exceed it on each side; 0 for tight boxes."""
    tolerance_between: float = 0.15
    """The same for frames whose box is interpolated from their neighbours'."""
    iterations: int | None = None
    """Steepest-descent steps; None for the network's own number (15 in the paper)."""
    scale: float | None = None
    """Side of the crop as a multiple of the box; None for the network's own (4 in the paper)."""
    encode_batch: int = 4
    """Frames of one object that are encoded in one call."""
    precision: Precision = "auto"
    """Arithmetic of the convolutions; the solver always works in float32."""

    def __post_init__(self) -> None:
        for name in ("num_frames", "interval", "encode_batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.mode not in MODES:
            raise ValueError(f"mode {self.mode!r} is unknown; known: {', '.join(MODES)}")
        if self.merge not in MERGES:
            raise ValueError(f"merge {self.merge!r} is unknown; known: {', '.join(MERGES)}")
        check_precision(self.precision)
        for name in ("tolerance", "tolerance_between"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be 0 to 1, got {getattr(self, name)}")
        if self.iterations is not None and self.iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {self.iterations}")
        if self.scale is not None and not self.scale >= 1:
            raise ValueError(f"scale must be at least 1, got {self.scale}")

    def uses_bfloat16(self, device: torch.device) -> bool:
        """Whether convolutions run in bfloat16 on this device."""
        return uses_bfloat16(self.precision, device)


DEFAULT_WEIGHTS = "box2mask-lite.safetensors"
"""File in `weights_dir` of the settings that is used unless another one is named."""


def weight_file(weights: str | Path | None) -> Path:
    """The named weight file, or the one that ships."""
    return load_paths().weights_dir / DEFAULT_WEIGHTS if weights is None else Path(weights)


def existing_weight_file(weights: str | Path | None) -> Path:
    """As `weight_file`.

    Raises:
        UserError: there is none.
    """
    path = weight_file(weights)
    if not path.is_file():
        raise UserError(f"weights {path} do not exist; name a file with --weights")
    return path


OPTIONS = {"num_frames": "frames", "encode_batch": "batch"}
"""Fields whose command-line option has another name."""

Options = TypeVar("Options")


def from_options(kind: type[Options], args: argparse.Namespace, **others: Any) -> Options:
    """A dataclass from the command-line options that have the names of its fields.

    Args:
        kind: the dataclass.
        args: the parsed command line; None stands for an option that is not given.
        others: values of fields; those that the command line gives come before them.

    Raises:
        UserError: the dataclass refuses a value; the message names the option.
    """
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    given = {name: value for name, value in vars(args).items() if name in names and value is not None}
    # A value that is given twice counts once.
    given = {name: tuple(dict.fromkeys(value)) if isinstance(value, list) else value for name, value in given.items()}
    try:
        return kind(**{**others, **given})
    except ValueError as error:  # its message begins with the name of the field
        name, _, rest = str(error).partition(" ")
        raise UserError(f"--{OPTIONS.get(name, name).replace('_', '-')} {rest}") from error
