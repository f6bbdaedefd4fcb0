"""The networks of a tracker: from weight files or checkpoints that the user names, else from where they lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytracking.utils import TrackerParams
from safetensors import SafetensorError, safe_open
from torch import nn

from ltr_ext.device import best_device
from ltr_ext.errors import UserError
from ltr_ext.export import rebuild
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.cues import CueNet
from ltr_ext.models.lwl import LWLNet
from ltr_ext.paths import load_paths
from ltr_ext.tensor_files import CHECKPOINT_KEY
from ltr_ext.weights import Network
from tracker_ext.segmentation.networks import network
from tracker_ext.tracker.config import LWLTrackerConfig
from tracker_ext.tracker.lwl_tracker import LWLTrackerParts

Kind = type[Box2MaskNet] | type[LWLNet] | type[CueNet]

LITE_STARTS = ("box2mask-lite.safetensors", "lwl-lite.safetensors")
"""In `weights_dir`: what a training of a lite network may have had its frozen backbone from."""


def checkpoint_of(kind: Kind, setting: str) -> Path:
    """Where `run_training.py` leaves the best network of a train setting, say "lwl ours"."""
    folder = load_paths().workspace_dir / "checkpoints" / "ltr"
    return folder.joinpath(*setting.split(), f"{kind.__name__}_best.safetensors")


def require_trained(kind: Kind, setting: str) -> Path:
    """As `checkpoint_of`.

    Raises:
        UserError: the network was not trained yet; the message says by what it is.
    """
    path = checkpoint_of(kind, setting)
    if not path.is_file():
        raise UserError(
            f"weights {path} do not exist: train them with python run_training.py {setting}, or name a weight file or "
            "a checkpoint of another workspace with --weights FILE"
        )
    return path


def lwl_parameters(
    needed_for: str,
    config: LWLTrackerConfig,
    given: Sequence[Path],
    net: Callable[[], Path],
    box_net: Callable[[], Path | None] | None = None,
) -> TrackerParams:
    """The parameters of an LWL tracker.

    Args:
        needed_for: tracker and parameter, for messages.
        config: how it tracks.
        given: weight files or checkpoints of the user's; which network is in one says the file.
        net: the LWL network to take unless one is given.
        box_net: the box2mask network likewise, None if there is none to be had; without it no such network is taken.

    Raises:
        UserError: see `choose_networks`.
    """
    params = TrackerParams()
    params.device = best_device()
    defaults: dict[Kind, Callable[[], Path | None]] = {LWLNet: net}
    if box_net is not None:
        defaults[Box2MaskNet] = box_net
    chosen = choose_networks(given, defaults, params.device, needed_for)
    params.weights = tuple(path for path, _ in chosen.values())
    params.parts = LWLTrackerParts(chosen[LWLNet][1], config, chosen.get(Box2MaskNet, (None, None))[1])
    return params


def choose_networks(
    given: Sequence[Path], defaults: Mapping[Kind, Callable[[], Path | None]], device: str, needed_for: str
) -> dict[Kind, tuple[Path, Any]]:
    """A network of each kind: the one in the files that the user names, else the default.

    Args:
        given: files of `--weights`.
        defaults: kind -> the file that is taken unless one is given; None where there is none.
        device: where to put them.
        needed_for: tracker and parameter, for messages.

    Returns:
        Kind -> file and network, in eval mode, in the order of `defaults`; a kind without a file is left out.

    Raises:
        UserError: a file is missing, damaged, or of a network that is not needed or that is there already.
    """
    found: dict[Kind, tuple[Path, Any]] = {}
    for path in given:
        net = trained_network(path, device)
        kind = next((kind for kind in defaults if isinstance(net, kind)), None)
        if kind is None:
            known = " and ".join(one.__name__ for one in defaults)
            raise UserError(f"--weights {path}: holds a {type(net).__name__}; {needed_for} takes {known}")
        if kind in found:
            raise UserError(f"--weights {path}: a second {kind.__name__} beside {found[kind][0]}; name one")
        found[kind] = path, net
    for kind, default in defaults.items():
        if kind not in found and (path_or_none := default()) is not None:
            found[kind] = path_or_none, trained_network(path_or_none, device, kind)
    return {kind: found[kind] for kind in defaults if kind in found}


def trained_network(path: Path, device: str, kind: type[nn.Module] = nn.Module) -> nn.Module:
    """The network of a weight file or of a training checkpoint, read once per process.

    Raises:
        UserError: missing, damaged, neither, of another kind, or a checkpoint whose frozen backbone is not at hand.
    """
    if not _is_checkpoint(path):
        return network(path, kind, device)
    net = _rebuilt(path, path.stat().st_mtime_ns, device)
    if not isinstance(net, kind):
        raise UserError(f"checkpoint {path} is of a {type(net).__name__}, not a {kind.__name__}: name another file")
    return net


def _is_checkpoint(path: Path) -> bool:
    try:
        with safe_open(path, framework="pt") as file:
            return CHECKPOINT_KEY in (file.metadata() or {})
    except (OSError, SafetensorError):
        return False


@lru_cache(maxsize=4)
def _rebuilt(path: Path, modified: int, device: str) -> Network:
    """The network of a checkpoint; its frozen backbone, which the file leaves out, from where trainings have it."""
    # These import what trains, which is much.
    from ltr_ext.train_settings.common import BACKBONE_FILE
    from ltr_ext.trainers.checkpoint import read_checkpoint, require_entries

    header = read_checkpoint(path).header
    require_entries(header, ("fingerprint",), path)
    require_entries(header["fingerprint"], ("model",), path)
    paths = load_paths()
    candidates: list[Path | None] = [None, *(paths.weights_dir / name for name in LITE_STARTS)]
    if header["fingerprint"]["model"].get("backbone") == "resnet50":
        candidates = [paths.require("pretrained_dir", needed_for=f"the backbone of checkpoint {path}") / BACKBONE_FILE]
    refusals = []
    for candidate in candidates:
        if candidate is not None and len(candidates) > 1 and not candidate.is_file():
            continue
        try:
            return rebuild(path, candidate)[0].to(device).eval()
        except UserError as error:
            refusals.append(str(error).replace("--backbone", "python -m ltr_ext.export ... --backbone"))
    raise UserError(refusals[0])
