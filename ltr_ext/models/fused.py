"""A convolution and what follows it - batch norm, a sum, an activation - as one operation where that is possible.

That is in inference (`torch.inference_mode`), on a CPU, in float32: oneDNN then writes each map once, not up to four
times, from weights in the layout it wants. Elsewhere the same is computed step by step. Modules, names of their
tensors and results stay the same: bit for bit without a batch norm, up to rounding with one.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_weights

Activation = Literal["none", "relu", "relu6"]

ALL = slice(None)

_ONEDNN: dict[str, tuple[str, list[float]]] = {
    "none": ("none", []),
    "relu": ("relu", []),
    "relu6": ("hardtanh", [0.0, 6.0]),
}
"""What oneDNN calls an activation, and its parameters."""
_HAS_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


class _Packed(NamedTuple):
    """What is kept of a layer."""

    sources: tuple[Tensor, ...]
    """What it was made of; held so that no other tensor comes to lie there."""
    versions: tuple[tuple[int, int], ...]
    """Where they lay, and how often they had been changed."""
    weight: Tensor
    bias: Tensor | None
    padding: list[int]


_packed: WeakKeyDictionary[nn.Conv2d, dict[tuple[int, int | None, int | None], _Packed]] = WeakKeyDictionary()
"""Of each layer, by how it is padded and by its input channels."""


def convolve(
    layer: nn.Conv2d,
    maps: Tensor,
    activation: Activation = "none",
    *,
    norm: nn.Module | None = None,
    add: Tensor | None = None,
    pad_as_needed: bool = False,
    inputs: slice = ALL,
) -> Tensor:
    """activation(norm(layer(maps)) + add).

    Args:
        layer: the convolution.
        maps: [N, C, h, w].
        activation: of the sum.
        norm: batch norm behind the convolution; anything else, or None, where there is none or it is folded already.
        add: of the shape of the result.
        pad_as_needed: zeros around `maps` as TensorFlow's "SAME" lays them, the odd one behind, so that ceil(size /
            stride) positions come out; the layer has no padding of its own.
        inputs: the layer's input channels that `maps` has; the others count as zeros. Of layers with one group.

    Returns:
        [N, C', h', w'].
    """
    batch_norm = norm if isinstance(norm, nn.BatchNorm2d) else None
    if _fuses(layer, maps, activation, batch_norm, add):
        return _fused(layer, maps, activation, batch_norm, add, pad_as_needed, inputs)
    maps = _padded(layer, maps) if pad_as_needed else maps
    out = layer(maps) if inputs == ALL else layer._conv_forward(maps, layer.weight[:, inputs], layer.bias)
    if batch_norm is not None:
        out = batch_norm(out)
    if add is not None:
        out = out + add
    return out if activation == "none" else F.relu(out) if activation == "relu" else F.relu6(out)


def _fuses(
    layer: nn.Conv2d, maps: Tensor, activation: Activation, norm: nn.BatchNorm2d | None, add: Tensor | None
) -> bool:
    """Whether oneDNN does it all at once."""
    return (
        _HAS_ONEDNN
        and not (add is not None and activation == "relu6")  # which oneDNN does not know
        and torch.is_inference_mode_enabled()
        and not torch.is_autocast_enabled("cpu")
        and all(t.dtype == torch.float32 and t.device.type == "cpu" for t in (maps, layer.weight, add) if t is not None)
        and not layer.weight.is_inference()  # such a tensor does not tell when it is changed
        and layer.out_channels > 1  # one channel is too few for PyTorch 2.9's
        and isinstance(layer.padding, tuple)
        and (norm is None or (not norm.training and norm.track_running_stats))
    )


def _fused(
    layer: nn.Conv2d,
    maps: Tensor,
    activation: Activation,
    norm: nn.BatchNorm2d | None,
    add: Tensor | None,
    pad_as_needed: bool,
    inputs: slice,
) -> Tensor:
    """As `convolve`, at once."""
    shifts = 0
    if pad_as_needed:
        before = _zeros(layer, maps)[0]
        shifts = before + 1 if layer.stride[0] == 2 and maps.shape[-2] % 2 == maps.shape[-1] % 2 == 0 else 0
        maps = maps if shifts else _padded(layer, maps)
    packed = _pack(layer, norm, maps, shifts, inputs)
    arguments = (packed.weight, packed.bias, packed.padding, layer.stride, layer.dilation, layer.groups)
    name, scalars = _ONEDNN[activation]
    if add is None:
        return torch.ops.mkldnn._convolution_pointwise(maps, *arguments, name, scalars, "")
    after = None if activation == "none" else name
    return torch.ops.mkldnn._convolution_pointwise.binary(maps, add, *arguments, "add", None, after, scalars, "")


def _pack(layer: nn.Conv2d, norm: nn.BatchNorm2d | None, maps: Tensor, shifts: int, inputs: slice) -> _Packed:
    """Weights with the batch norm in them, laid out for oneDNN; made anew only when they have changed.

    Args:
        layer: the convolution.
        norm: behind it, in eval mode.
        maps: what it is applied to.
        shifts: 0, or padding of a filter that is enlarged by a row and a column of zeros in front: with it, padding the
            same on both sides does what needs one more behind.
        inputs: input channels that are there.
    """
    parts: list[Tensor | None] = [layer.weight, layer.bias]
    if norm is not None:
        parts += [norm.weight, norm.bias, norm.running_mean, norm.running_var]
    sources = tuple(part.detach() for part in parts if part is not None)
    versions = tuple((part.data_ptr(), part._version) for part in parts if part is not None)
    way = (shifts, inputs.start, inputs.stop)
    packings = _packed.setdefault(layer, {})
    if way in packings and packings[way].versions == versions:
        return packings[way]
    weight, bias = layer.weight.detach(), None if layer.bias is None else layer.bias.detach()
    if norm is not None:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        weight, bias = fuse_conv_bn_weights(
            weight, bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
    padding = [shifts, shifts] if shifts else [int(zeros) for zeros in layer.padding]
    weight = weight[:, inputs]
    if shifts:
        weight = F.pad(weight, (1, 0, 1, 0))
    reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
    ready = reorder(
        weight.contiguous().to_mkldnn(),
        padding,
        list(layer.stride),
        list(layer.dilation),
        layer.groups,
        list(maps.shape),
    )
    packings[way] = _Packed(sources, versions, ready, bias, padding)
    return packings[way]


def _zeros(layer: nn.Conv2d, maps: Tensor) -> list[int]:
    """Left, right, above, below: what "SAME" padding adds."""
    zeros = []
    for size, kernel, stride in ((maps.shape[-1], *_of(layer, 1)), (maps.shape[-2], *_of(layer, 0))):
        missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        zeros += [missing // 2, missing - missing // 2]
    return zeros


def _of(layer: nn.Conv2d, axis: int) -> tuple[int, int]:
    return layer.kernel_size[axis], layer.stride[axis]


def _padded(layer: nn.Conv2d, maps: Tensor) -> Tensor:
    return F.pad(maps, _zeros(layer, maps))
