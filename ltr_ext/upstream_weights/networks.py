"""Networks of pytracking <-> ours: `sta.pth.tar` is box2mask, `lwl_stage2.pth` and `lwl_boxinit.pth` are LWL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ltr_ext.config_check import config_from
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.models.lwl import LWLConfig, LWLNet
from ltr_ext.upstream_weights.keys import BOX2MASK, LWL, KeyMap
from ltr_ext.upstream_weights.reader import constructor_arguments, first_line, network_state, read_checkpoint

LEVELS = ("layer4", "layer3", "layer2", "layer1")
WIDTHS = (4, 2, 2, 1)
"""Widths of the decoder at these levels, in units of the narrowest."""

BUILDER_DEFAULTS: dict[str, Any] = {
    "filter_size": 1, "num_filters": 1, "optim_iter": 3, "optim_init_reg": 0.01, "backbone_pretrained": False,
    "clf_feat_blocks": 1, "clf_feat_norm": True, "final_conv": False, "out_feature_dim": 512,
    "target_model_input_layer": "layer3", "decoder_input_layers": LEVELS, "detach_length": float("inf"),
    "label_encoder_dims": (1, 1), "frozen_backbone_layers": (), "decoder_mdim": 64, "filter_groups": 1,
    "use_bn_in_label_enc": True, "dilation_factors": None, "backbone_type": "imagenet",
}  # fmt: skip
"""Arguments of pytracking's builders `steepest_descent_resnet50`, in their order, and what they are when not given."""

SUPPORTED: dict[str, tuple[Any, ...]] = {
    "clf_feat_blocks": (0,), "clf_feat_norm": (True,), "final_conv": (True,), "filter_groups": (1,),
    "target_model_input_layer": ("layer3", ("layer3",)), "decoder_input_layers": (LEVELS,),
    "dilation_factors": (None,), "backbone_type": ("mrcnn",),
}  # fmt: skip
"""What upstream's networks have, and ours can express; other values are refused."""

_MARKS = {"bbox_encoder.": "sta", "target_model.": "lwl"}
"""Beginning of a tensor's name -> network; the first that is found counts."""


_BLOCK_BIASES = tuple(f".{block}.conv{i}.bias" for block in ("block1", "block2", "block") for i in (1, 2))


def load_upstream(path: Path) -> Box2MaskNet | LWLNet:
    """Our network with the weights of a file of pytracking.

    Args:
        path: a checkpoint of its STANet, LWTLNet or LWTLBoxNet.

    Returns:
        In float32, channels-last, in eval mode, batch statistics of the backbone folded.

    Raises:
        UserError: see `read_checkpoint`; or another network, or one whose tensors are not exactly the expected ones.
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
        if name.endswith(_BLOCK_BIASES):  # those of one encoder alone come from batch statistics
            tensors[name] = torch.zeros_like(expected[name])
    for name, tensor in expected.items():
        if name not in tensors or tensors[name].shape != tensor.shape:
            found = tuple(tensors[name].shape) if name in tensors else "nothing"
            raise UserError(f"weights {path}: {name} is {found}, not {tuple(tensor.shape)}: restore the file")
    net.load_state_dict(tensors)
    return net.to(memory_format=torch.channels_last).eval()


def translate(state: Mapping[str, Tensor], key_map: KeyMap, path: Path) -> dict[str, Tensor]:
    """Tensors by our names.

    Args:
        state: by pytracking's names.
        key_map: of the network.
        path: for the message.

    Raises:
        UserError: a tensor is missing, or one is left over that is not deliberately dropped.
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
    """The network with random weights: sizes from the tensors, the rest from the builder's arguments."""

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
        "decoder_widths": tuple(width(f"decoder.levels.{level}.reduce.0") for level in LEVELS),
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
    """Our tensors by pytracking's names.

    Args:
        net: folded; see `check_exportable`.
        num_frames: number of frames for which the file is exact. pytracking sums the data term over frames. For a
            network that averages it, lambda is therefore multiplied by this number.

    Returns:
        A state dict in float32, complete for pytracking's strict loading.
    """
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in net.state_dict().items()}
    for name in [name for name in state if name.endswith("raw_regularisation")]:
        state[name] = _exported_root(net, state[name], num_frames)
    key_map = BOX2MASK if isinstance(net, Box2MaskNet) else LWL
    out: dict[str, Tensor] = {}
    for link in key_map.links:
        out |= link.export(state)
    if isinstance(net, Box2MaskNet):
        # The weight head that pytracking's encoder of m_t has and does not use: 1 everywhere.
        head = out["bbox_encoder.samp_w_pred.weight"]
        out["label_encoder.samp_w_pred.weight"] = torch.zeros_like(head)
        out["label_encoder.samp_w_pred.bias"] = torch.ones(head.shape[0])
    return out


def _exported_root(net: Box2MaskNet | LWLNet, raw: Tensor, num_frames: int) -> Tensor:
    """r of lambda = r^2 from what we store."""
    frames = num_frames if net.config.reduction == "mean" else 1
    root = raw if net.config.parametrisation == "square" else (raw.double() / 2).exp().float()
    return root if frames == 1 else root * frames**0.5


def builder_arguments(net: Box2MaskNet | LWLNet, iterations: int) -> dict[str, Any]:
    """Keyword arguments with which pytracking's builder makes this network."""
    config = net.config
    return {
        "filter_size": config.filter_size, "num_filters": config.encoding_channels, "optim_iter": iterations,
        "backbone_pretrained": False, "out_feature_dim": config.feature_dim, "frozen_backbone_layers": (),
        "label_encoder_dims": tuple(config.encoder_widths), "use_bn_in_label_enc": False, "clf_feat_blocks": 0,
        "final_conv": True, "backbone_type": "mrcnn", "decoder_mdim": config.decoder_widths[-1],
    }  # fmt: skip


def check_exportable(net: Box2MaskNet | LWLNet) -> None:
    """Refuse what pytracking's networks cannot express.

    Raises:
        UserError: names the field of the config.
    """
    config = net.config
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
"""Our network -> the module of pytracking's builder and the class that it builds."""
BUILDER = "steepest_descent_resnet50"
