"""How trackers by cues learn an object, and go on learning."""

from __future__ import annotations

from dataclasses import dataclass

from tracker_ext.tracker.config import TrackerConfig


@dataclass(frozen=True, kw_only=True)
class FineTuneConfig:
    """How a network is fitted to the first frame of an object (MaskTrack, section 4; OSVOS)."""

    iterations: int = 30
    """Steps of Adam."""
    samples: int = 12
    """Changed copies of the first frame, made once and used in turn."""
    batch_size: int = 1
    """Of them in each step."""
    rate: float = 2e-4
    """Learning rate."""
    turn: float = 20.0
    """Largest angle of a copy, degrees."""
    zoom: float = 0.2
    """Largest logarithm of its zoom."""
    shift: float = 0.15
    """Largest displacement, as a share of the crop."""
    bend: float = 0.03
    """Largest displacement of a control point of the thin-plate spline that bends it, as a share of the crop."""
    light: float = 0.15
    """Largest relative change of its brightness."""

    def __post_init__(self) -> None:
        for name in ("iterations", "samples", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class AdaptConfig:
    """How a fitted network is fitted to later frames, on the pixels that are sure (OnAVOS)."""

    interval: int = 5
    """Frames from one time to the next."""
    iterations: int = 3
    """Steps on the frame, each together with a copy of the first."""
    sure: float = 0.97
    """Least probability of pixels that are taken for object."""
    far: int = 40
    """Crop pixels from the mask to what is taken for background."""


@dataclass(frozen=True, kw_only=True)
class CueTrackerConfig(TrackerConfig):
    """Options of `CueTracker`."""

    fine_tune: FineTuneConfig | None = None
    """Given: each object gets a network of its own, fitted to its first frame."""
    adapt: AdaptConfig | None = None
    """Given, with `fine_tune`: and to later frames."""
    flow_pass: bool = False
    """Whether to segment the magnitude of the optical flow as well, and to average the logits (MaskTrack + Flow)."""
    flow_share: float = 0.3
    """Weight of the second in that average."""
    crf: bool = False
    """Whether a dense CRF sharpens the probabilities of each crop (MaskTrack + Flow + CRF)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.adapt is not None and self.fine_tune is None:
            raise ValueError("adapt needs fine_tune: without it all objects share one network")
