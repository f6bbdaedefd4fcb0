"""The options of trackers by cues: how they learn an object on its first frame and later."""

from __future__ import annotations

from dataclasses import dataclass

from tracker_ext.tracker.config import TrackerConfig


@dataclass(frozen=True, kw_only=True)
class FineTuneConfig:
    """How a network is fitted to the first frame of an object (MaskTrack, section 4; OSVOS)."""

    iterations: int = 30
    """Number of steps of Adam."""
    samples: int = 12
    """Number of augmented copies of the first frame, including the frame itself; they are made once."""
    batch_size: int = 1
    """Number of copies in each step, drawn at random."""
    rate: float = 2e-4
    """Learning rate."""
    turn: float = 20.0
    """Largest rotation of a copy, in degrees."""
    zoom: float = 0.2
    """Largest absolute logarithm of the zoom of a copy."""
    shift: float = 0.15
    """Largest displacement per axis, as a fraction of the crop."""
    bend: float = 0.03
    """Largest displacement of a control point of the thin-plate spline that bends a copy, as a fraction of the crop."""
    light: float = 0.15
    """Largest relative change of the brightness."""

    def __post_init__(self) -> None:
        for name in ("iterations", "samples", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class AdaptConfig:
    """How an object's network is fitted to later frames, on the pixels whose label is certain (OnAVOS)."""

    interval: int = 5
    """Number of frames between two such fits."""
    iterations: int = 3
    """Number of steps on the frame, each followed by a step on copies of the first frame."""
    sure: float = 0.97
    """Pixels with at least this probability count as object."""
    far: int = 40
    """Pixels farther than this from the mask, in crop pixels, count as background."""


@dataclass(frozen=True, kw_only=True)
class CueTrackerConfig(TrackerConfig):
    """Options of `CueTracker`."""

    fine_tune: FineTuneConfig | None = None
    """If given, each object gets its own network, which is fitted to the object's first frame."""
    adapt: AdaptConfig | None = None
    """If given, these networks are fitted to later frames, too; needs `fine_tune`."""
    flow_pass: bool = False
    """Whether the magnitude of the optical flow is segmented, too, and the logits are averaged (MaskTrack + Flow)."""
    flow_share: float = 0.3
    """Weight of the logits of the flow in that average."""
    crf: bool = False
    """Whether a dense CRF sharpens the probabilities of each crop (MaskTrack + Flow + CRF)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.adapt is not None and self.fine_tune is None:
            raise ValueError("adapt needs fine_tune: without it all objects share one network")
