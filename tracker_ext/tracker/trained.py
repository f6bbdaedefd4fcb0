"""The networks of a tracker, from weight files or checkpoints that the user names, or from the default files."""

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
"""The files in `weights_dir` from which a training of a lite network may have got its frozen backbone."""


def checkpoint_of(kind: Kind, setting: str) -> Path:
    """The path to which `run_training.py` writes the best checkpoint of a train setting, such as "lwl ours"."""
    folder = load_paths().workspace_dir / "checkpoints" / "ltr"
    return folder.joinpath(*setting.split(), f"{kind.__name__}_best.safetensors")


def require_trained(kind: Kind, setting: str) -> Path:
    """The path of `checkpoint_of`, whose file must exist.

    Raises:
        UserError: the network has not been trained yet; the message says by which command it is.
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
    """Make the parameters of an LWL tracker.

    Args:
        needed_for: tracker and parameter module, for messages.
        config: the options of the tracker.
        given: weight files or checkpoints that the user names; the kind of network in each is recognised.
        net: gives the file of the LWL network that is used if the user names none.
        box_net: gives the file of the box2mask network that is used if the user names none, or None if there is no such
            file. Without this argument, the tracker has no box2mask network.

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
    """Load a network of each kind, from a file that the user names or from the default file.

    Args:
        given: the files of `--weights`.
        defaults: functions, by kind of network, that give the file used if the user names none, or None.
        device: the device of the networks.
        needed_for: tracker and parameter module, for messages.

    Returns:
        The file and the network, in evaluation mode, by kind in the order of `defaults`; a kind without a file is left
        out.

    Raises:
        UserError: a file is missing or damaged, or its network is not needed or is given twice.
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
    """Load the network of a weight file or of a training checkpoint; a process reads each file only once.

    Raises:
        UserError: the file is missing, damaged, neither of the two, or holds another kind of network; or it is a
            checkpoint whose frozen backbone is not available.
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
    """Load the network of a checkpoint; its frozen backbone, which is not in the file, is that of the training."""
    # Imported here since these modules import the whole training code.
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
