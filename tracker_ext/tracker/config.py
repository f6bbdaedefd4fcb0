"""The options of our mask trackers: how all of them search, and how the LWL tracker learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ltr_ext.device import Precision, check_precision

Start = Literal["mask", "box", "given"]
"""What an object is started from: its mask, its box, or (`given`) its mask if there is one and otherwise its box."""

RulesName = Literal["box2mask", "upstream"]
"""The set of rules for crops, merging and memory; see `rules.py`."""

LITE_BOX_SCALE = 2.0
"""`box_scale` of box2mask-lite: a single frame needs more around the box than several do (docs/experiments.md, 19)."""


@dataclass(frozen=True, kw_only=True)
class TrackerConfig:
    """Options of every `MaskTracker`."""

    start: Start = "mask"
    """See `Start`; from a box, box2mask makes the first mask (paper section 4.3)."""
    box_scale: float | None = None
    """Side of the crop in which box2mask makes the first mask, as a multiple of the box; None means that of the
    network."""
    search_scale: float = 2.5
    """Side of the search region, as a multiple of the object's size in the preceding frame."""
    max_size_change: tuple[float, float] = (0.9, 1.12)
    """Smallest and largest factor by which the size can change from frame to frame."""
    lost_growth: float = 1.08
    """Factor by which the search region grows with every frame in which the object is not found."""
    max_lost_growth: float = 2.0
    """Largest total factor of that growth."""
    min_area_share: float = 0.02
    """If a mask is smaller than this share of the object's size, the search region stays and the object is lost."""
    min_part: float = 0.05
    """Parts of a mask that are smaller than this share of its largest part are dropped; 0 keeps all parts."""
    min_confidence: float = 0.7
    """Frames whose mask is empty or has a lower mean probability are not remembered."""
    precision: Precision = "auto"
    """Arithmetic of the convolutions; the target model and its learner always use float32."""

    def __post_init__(self) -> None:
        if self.start not in get_args(Start):
            raise ValueError(f"start {self.start!r} is unknown; known: {', '.join(get_args(Start))}")
        if self.box_scale is not None and not self.box_scale >= 1:
            raise ValueError(f"box_scale must be at least 1, got {self.box_scale}")
        check_precision(self.precision)
        if not self.max_size_change[0] <= 1 <= self.max_size_change[1] or self.max_size_change[0] <= 0:
            raise ValueError(f"max_size_change must enclose 1, got {self.max_size_change}")
        if min(self.search_scale, self.lost_growth, self.max_lost_growth) < 1:
            raise ValueError("search_scale, lost_growth and max_lost_growth must be at least 1")


@dataclass(frozen=True, kw_only=True)
class LWLTrackerConfig(TrackerConfig):
    """Options of `LWLTracker`."""

    rules: RulesName = "box2mask"
    """`upstream` are the rules of pytracking's LWL, exact to the pixel (`tracker_ext.tracker.upstream_rules`), for its
    weights. They ignore `lost_growth`, `max_lost_growth`, `min_area_share` and `min_confidence`."""
    memory_size: int = 32
    """Largest number of samples kept per object, including the first frame."""
    memory_interval: int = 1
    """Number of frames between two samples."""
    learning_rate: float = 0.1
    """r: a new sample has 1 / (1 - r) times the weight of the previous one."""
    first_frame_weight: float = 0.25
    """Smallest share of the first frame in the weights of all samples."""
    lower_first_weight: bool = False
    """Only for upstream's rules: whether the second sample gets the weight of the first one."""
    initial_iterations: int = 20
    """Number of steepest-descent steps on the first frame."""
    update_interval: int = 4
    """Number of frames between two updates of the target model."""
    update_iterations: int = 3
    """Number of steepest-descent steps in an update, which start from the current filter."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("memory_interval", "update_interval", "initial_iterations", "update_iterations"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.memory_size < 2:
            raise ValueError(f"memory_size must be at least 2, got {self.memory_size}")
        if self.rules not in get_args(RulesName):
            raise ValueError(f"rules {self.rules!r} are unknown; known: {', '.join(get_args(RulesName))}")
        if self.lower_first_weight and self.rules != "upstream":
            raise ValueError("lower_first_weight belongs to upstream's rules")
        if not 0 < self.learning_rate < 1 or not 0 <= self.first_frame_weight < 1:
            raise ValueError("learning_rate must lie between 0 and 1, first_frame_weight too (0 allowed)")


LWL_YTVOS = LWLTrackerConfig(
    rules="upstream",
    precision="float32",
    search_scale=5.0,
    max_size_change=(0.95, 1.1),
    min_part=0,
    memory_size=32,
    memory_interval=1,
    learning_rate=0.1,
    first_frame_weight=0.25,
    initial_iterations=20,
    update_interval=1,
    update_iterations=3,
)
"""The options of pytracking's parameters `lwl_ytvos`."""
