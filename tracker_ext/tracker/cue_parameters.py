"""The common part of the parameter modules of trackers by cues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pytracking.utils import TrackerParams

from ltr_ext.device import best_device
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.cues import CueNet
from ltr_ext.paths import load_paths
from tracker_ext.tracker.cue_config import CueTrackerConfig
from tracker_ext.tracker.cue_tracker import CueTrackerParts
from tracker_ext.tracker.trained import Kind, checkpoint_of, choose_networks

FOLDER = "systems"
"""The folder in `weights_dir` with the weights of these systems, apart from those of the default trackers."""
BOX_WEIGHTS = "box2mask-lite.safetensors"


def cue_parameters(
    needed_for: str, setting: str, cues: tuple[str, ...], config: CueTrackerConfig, given: Sequence[Path]
) -> TrackerParams:
    """Make the host's parameters of a tracker by cues.

    Args:
        needed_for: names of tracker and parameters, for messages.
        setting: the train setting of its network, for example "masktrack"; see `trained_file`.
        cues: the cues that the network must have.
        config: the options of the tracker; if it may start from a box, box2mask-lite makes the first mask.
        given: weight files or checkpoints that the user names; each file says which kind of network it holds.

    Raises:
        UserError: see `choose_networks`; or the network has other cues.
    """
    params = TrackerParams()
    params.device = best_device()
    defaults: dict[Kind, Callable[[], Path | None]] = {CueNet: lambda: trained_file(setting)}
    if config.start != "mask":
        defaults[Box2MaskNet] = lambda: box_file(required=config.start == "box")
    chosen = choose_networks(given, defaults, params.device, needed_for)
    path, net = chosen[CueNet]
    if net.config.cues != cues:
        named = [" + ".join(names) or "no cue" for names in (net.config.cues, cues)]
        raise UserError(f"weights {path} are of a network of {named[0]}; {needed_for} needs one of {named[1]}")
    params.weights = tuple(file for file, _ in chosen.values())
    params.parts = CueTrackerParts(net, config, chosen.get(Box2MaskNet, (None, None))[1])
    return params


def box_file(*, required: bool) -> Path | None:
    """The weight file of box2mask-lite; None if it does not exist and is not required, since objects may have masks."""
    file = load_paths().weights_dir / BOX_WEIGHTS
    return file if required or file.is_file() else None


def trained_file(setting: str) -> Path:
    """Find `<weights_dir>/systems/<setting>-lite.safetensors`, or otherwise the best checkpoint of the train setting.

    Raises:
        UserError: neither exists; the message names the command that makes it.
    """
    file = load_paths().weights_dir / FOLDER / f"{setting}-lite.safetensors"
    checkpoint = checkpoint_of(CueNet, f"cues {setting}")
    found = next((path for path in (file, checkpoint) if path.is_file()), None)
    if found is None:
        raise UserError(
            f"weights {file} do not exist: train them with python run_training.py cues {setting} (minutes on "
            "one core), or name a weight file or a checkpoint of another workspace with --weights FILE"
        )
    return found
