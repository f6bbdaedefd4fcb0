"""Converts pytracking's networks and ours: `sta.pth.tar` is box2mask, `lwl_stage2.pth`, `lwl_boxinit.pth` are LWL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ltr_ext.config_check import config_from
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.models.cues import CueConfig, CueNet
from ltr_ext.models.decoder import COARSE_TO_FINE
from ltr_ext.models.lwl import LWLConfig, LWLNet
from ltr_ext.upstream_weights.keys import BOX2MASK, LWL, KeyMap
from ltr_ext.upstream_weights.reader import constructor_arguments, first_line, network_state, read_checkpoint

WIDTHS = (4, 2, 2, 1)
"""Widths of pytracking's decoder from coarse to fine, in units of the narrowest."""

BUILDER_DEFAULTS: dict[str, Any] = {
    "filter_size": 1, "num_filters": 1, "optim_iter": 3, "optim_init_reg": 0.01, "backbone_pretrained": False,
    "clf_feat_blocks": 1, "clf_feat_norm": True, "final_conv": False, "out_feature_dim": 512,
    "target_model_input_layer": "layer3", "decoder_input_layers": COARSE_TO_FINE, "detach_length": float("inf"),
    "label_encoder_dims": (1, 1), "frozen_backbone_layers": (), "decoder_mdim": 64, "filter_groups": 1,
    "use_bn_in_label_enc": True, "dilation_factors": None, "backbone_type": "imagenet",
}  # fmt: skip
"""The arguments of pytracking's builders `steepest_descent_resnet50`, in their order, with their defaults."""

SUPPORTED: dict[str, tuple[Any, ...]] = {
    "clf_feat_blocks": (0,), "clf_feat_norm": (True,), "final_conv": (True,), "filter_groups": (1,),
    "target_model_input_layer": ("layer3", ("layer3",)), "decoder_input_layers": (COARSE_TO_FINE,),
    "dilation_factors": (None,), "backbone_type": ("mrcnn",),
}  # fmt: skip
"""The values of builder arguments that our networks can express; other values are refused."""

_MARKS = {"bbox_encoder.": "sta", "target_model.": "lwl"}
"""Networks by a prefix of their tensors' names; the first prefix that is found decides."""


_BLOCK_BIASES = tuple(f".{block}.conv{i}.bias" for block in ("block1", "block2", "block") for i in (1, 2))


def load_upstream(path: Path) -> Box2MaskNet | LWLNet:
    """Load a weight file of pytracking into our network.

    Args:
        path: a checkpoint of pytracking's STANet, LWTLNet or LWTLBoxNet.

    Returns:
        The network in float32, channels-last, in evaluation mode, with folded batch statistics of the backbone.

    Raises:
        UserError: see `read_checkpoint`; or the file holds another network, or other tensors than expected.
    """
    content = read_checkpoint(path)
    state = network_state(content, path)
    kind = next((kind for mark, kind in _MARKS.items() if any(name.startswith(mark) for name in state)), None)
    if kind is None or "feature_extractor.conv1.weight" not in state:
        raise UserError(
            f"weights {path} hold another network ({content.get('net_type')}, first tensor {next(iter(state), None)}): "
            "name a file of STANet (sta.pth.tar) or LWL (lwl_stage2.pth, lwl_boxinit.pth)"
        )
    arguments = BUILDER_DEFAULTS | constructor_arguments(content, tuple(BUILDER_DEFAULTS), path)
    for name, known in SUPPORTED.items():
        value = tuple(arguments[name]) if isinstance(arguments[name], list) else arguments[name]
        if not any(type(value) is type(possible) and value == possible for possible in known):
            raise UserError(f"weights {path}: the network was built with {name}={value!r:.80}; supported: {known[0]!r}")
    key_map = BOX2MASK if kind == "sta" else LWL
    tensors = translate(state, key_map, path)
    net = _build(kind, tensors, arguments, path)
    net.backbone.fold_batch_norm()
    expected = net.state_dict()
    for name in expected.keys() - tensors.keys():
        if name.endswith(_BLOCK_BIASES):  # only encoders with batch statistics give biases
            tensors[name] = torch.zeros_like(expected[name])
    for name, tensor in expected.items():
        if name not in tensors or tensors[name].shape != tensor.shape:
            found = tuple(tensors[name].shape) if name in tensors else "nothing"
            raise UserError(f"weights {path}: {name} is {found}, not {tuple(tensor.shape)}: restore the file")
    net.load_state_dict(tensors)
    return net.to(memory_format=torch.channels_last).eval()


def translate(state: Mapping[str, Tensor], key_map: KeyMap, path: Path) -> dict[str, Tensor]:
    """Convert tensors to our names.

    Args:
        state: the tensors by pytracking's names.
        key_map: the map of the network.
        path: the file, for the message.

    Raises:
        UserError: a tensor is missing or does not fit, or an unknown one is left over.
    """
    tensors: dict[str, Tensor] = {}
    read: set[str] = set()
    for link in key_map.links:
        try:
            tensors |= {name: _widened(tensor) for name, tensor in link.load(state).items()}
        except KeyError as error:
            raise UserError(f"weights {path}: tensor {error.args[0]} is missing: restore the file") from error
        except (RuntimeError, IndexError, ValueError, TypeError) as error:  # tensors of another size or kind
            raise UserError(
                f"weights {path}: tensors of {link.theirs} do not fit ({first_line(error)}): restore the file"
            ) from error
        read |= link.reads(state)
    left = [name for name in state if name not in read and not name.startswith(key_map.dropped)]
    if left:
        raise UserError(
            f"weights {path}: tensor {left[0]} is not of this network, and {len(left) - 1} more: name another"
        )
    return tensors


def _widened(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _build(kind: str, tensors: Mapping[str, Tensor], arguments: Mapping[str, Any], path: Path) -> Box2MaskNet | LWLNet:
    """Build the network with random weights; sizes are those of the tensors, the rest are the builder's arguments."""

    def width(name: str) -> int:
        tensor = tensors[f"{name}.weight"]
        return tensor.shape[0] if tensor.ndim else 0

    encoder = "object_encoder" if kind == "sta" else "label_encoder"
    widths = (
        width(f"{encoder}.stem.conv"),
        width(f"{encoder}.stem.block1.conv1"),
        width(f"{encoder}.stem.block2.conv1"),
    )
    iterations, filter_size = (_positive(arguments, name, path) for name in ("optim_iter", "filter_size"))
    common: dict[str, Any] = {
        "feature_dim": width("target_features.reduce"),
        "encoding_channels": width(f"{encoder}.heads.target"),
        "filter_size": filter_size,
        "block_bias": any(name.endswith(_BLOCK_BIASES) for name in tensors),
        "decoder_widths": tuple(width(f"decoder.levels.{level}.reduce.0") for level in COARSE_TO_FINE),
        "train_iterations": iterations,
        "reduction": "sum",
        "parametrisation": "square",
    }
    try:
        if kind == "lwl":
            return LWLNet(config_from(LWLConfig, {"encoder_widths": widths, **common}))
        common |= {
            "encoder_widths": (*widths, width("object_encoder.block.conv1")),
            "inference_iterations": iterations,
            "box_edges": "whole_pixels",
        }
        return Box2MaskNet(config_from(Box2MaskConfig, common))
    except ValueError as error:
        raise UserError(f"weights {path}: {error}: restore the file") from error


def _positive(arguments: Mapping[str, Any], name: str, path: Path) -> int:
    value = arguments[name]
    if not isinstance(value, int) or not 1 <= value <= 1000:
        raise UserError(f"weights {path}: the network was built with {name}={value!r:.80}, no sensible number")
    return value


def exported_state(net: Box2MaskNet | LWLNet, num_frames: int = 1) -> dict[str, Tensor]:
    """Convert our tensors to pytracking's names.

    Args:
        net: a network with folded batch statistics that passes `check_exportable`.
        num_frames: number of frames for which the file is exact. pytracking sums the data term of eq. 2b over frames,
            so for a network that averages it, lambda is multiplied by this number.

    Returns:
        A state dict in float32 with all tensors that pytracking expects.
    """
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in net.state_dict().items()}
    for name in [name for name in state if name.endswith("raw_regularisation")]:
        state[name] = _exported_root(net, state[name], num_frames)
    key_map = BOX2MASK if isinstance(net, Box2MaskNet) else LWL
    out: dict[str, Tensor] = {}
    for link in key_map.links:
        out |= link.export(state)
    if isinstance(net, Box2MaskNet):
        # pytracking's encoder of m_t has a weight head that is not used; it is written with weight 1 everywhere.
        head = out["bbox_encoder.samp_w_pred.weight"]
        out["label_encoder.samp_w_pred.weight"] = torch.zeros_like(head)
        out["label_encoder.samp_w_pred.bias"] = torch.ones(head.shape[0])
    return out


def _exported_root(net: Box2MaskNet | LWLNet, raw: Tensor, num_frames: int) -> Tensor:
    """r in lambda = r^2, from the parameter that our network stores."""
    frames = num_frames if net.config.reduction == "mean" else 1
    root = raw if net.config.parametrisation == "square" else (raw.double() / 2).exp().float()
    return root if frames == 1 else root * frames**0.5


def builder_arguments(net: Box2MaskNet | LWLNet, iterations: int) -> dict[str, Any]:
    """The keyword arguments with which pytracking's builder makes this network."""
    config = net.config
    return {
        "filter_size": config.filter_size, "num_filters": config.encoding_channels, "optim_iter": iterations,
        "backbone_pretrained": False, "out_feature_dim": config.feature_dim, "frozen_backbone_layers": (),
        "label_encoder_dims": tuple(config.encoder_widths), "use_bn_in_label_enc": False, "clf_feat_blocks": 0,
        "final_conv": True, "backbone_type": "mrcnn", "decoder_mdim": config.decoder_widths[-1],
    }  # fmt: skip


def check_exportable(net: Box2MaskNet | LWLNet | CueNet) -> None:
    """Refuse a network that pytracking cannot express.

    Raises:
        UserError: pytracking has no such network, or a field of the config, which the message names, has another value
            than those of pytracking's networks.
    """
    config = net.config
    if isinstance(config, CueConfig):
        raise UserError(f"{type(net).__name__} has no counterpart in pytracking: export to .safetensors instead")
    narrow = config.decoder_widths[-1]
    demands: list[tuple[str, Any, Any]] = [
        ("backbone", config.backbone, "resnet50"),
        ("block_bias", config.block_bias, False),
        ("upsampling", config.upsampling, "bicubic"),
        ("decoder_widths", tuple(config.decoder_widths), tuple(factor * narrow for factor in WIDTHS)),
    ]
    if isinstance(config, LWLConfig):
        demands.append(("previous_width", config.previous_width, None))
    else:
        demands.append(("variant", config.variant, "iterative"))
    for field, value, needed in demands:
        if value != needed:
            raise UserError(
                f"{type(net).__name__} with {field}={value!r} has no counterpart in pytracking (needs {needed!r}): "
                "export to .safetensors instead"
            )


BUILDERS: dict[type, tuple[str, Literal["STANet", "LWTLNet"]]] = {
    Box2MaskNet: ("ltr.models.lwl.sta_net", "STANet"),
    LWLNet: ("ltr.models.lwl.lwl_net", "LWTLNet"),
}
"""For each of our networks, the module of pytracking's builder and the class that it builds."""
BUILDER = "steepest_descent_resnet50"
