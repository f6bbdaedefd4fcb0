"""Computes a convolution and the batch norm, sum and activation that follow it as one operation where possible.

It is possible in inference (`torch.inference_mode`) on a CPU in float32: oneDNN then writes each map once instead of up
to four times, and gets weights in the layout that it prefers. In all other cases the operations are computed one by
one. The modules and the names of their tensors do not change, and neither do the results, except by rounding with a
batch norm.
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
"""oneDNN's names and parameters of the activations."""
_HAS_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


class _Packed(NamedTuple):
    """The weights of a layer in oneDNN's layout."""

    sources: tuple[Tensor, ...]
    """The tensors from which they were made; kept so that no other tensor can get the same address."""
    versions: tuple[tuple[int, int], ...]
    """The addresses and the version counters of these tensors."""
    weight: Tensor
    bias: Tensor | None
    padding: list[int]


_packed: WeakKeyDictionary[nn.Conv2d, dict[tuple[int, int | None, int | None], _Packed]] = WeakKeyDictionary()
"""The packed weights of each layer, by padding and by first and last input channel."""


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
    """Compute activation(norm(layer(maps)) + add).

    Args:
        layer: the convolution.
        maps: [N, C, h, w].
        activation: the activation of the sum.
        norm: the batch norm after the convolution; None or any other module means that there is none, or that it is
            already folded.
        add: [N, C', h', w'], or None.
        pad_as_needed: whether to pad `maps` with zeros as TensorFlow's "SAME" does, so that the result has
            ceil(size / stride) positions; an odd number of zeros has the extra one at the end. The layer must have no
            padding of its own.
        inputs: the input channels of the layer that `maps` has; the others count as zeros. Only for layers with one
            group.

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
    """Whether oneDNN can compute all as one operation."""
    return (
        _HAS_ONEDNN
        and not (add is not None and activation == "relu6")  # oneDNN has no such operation
        and torch.is_inference_mode_enabled()
        and not torch.is_autocast_enabled("cpu")
        and all(t.dtype == torch.float32 and t.device.type == "cpu" for t in (maps, layer.weight, add) if t is not None)
        and not layer.weight.is_inference()  # such a tensor has no version counter
        and layer.out_channels > 1  # PyTorch 2.9 crashes on one channel
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
    """Compute `convolve` as one operation."""
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
    """The weights, including the batch norm, in oneDNN's layout; they are computed anew only after a change.

    Args:
        layer: the convolution.
        norm: the batch norm after it, in evaluation mode, or None.
        maps: an input, for its shape.
        shifts: 0, or the padding for a filter that gets an extra row and column of zeros at its start. With this
            filter, equal padding on both sides has the effect of one more zero at the end.
        inputs: see `convolve`.
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
    """The number of zeros that "SAME" padding adds on the left, on the right, above and below."""
    zeros = []
    for axis in (1, 0):
        size, stride = maps.shape[axis - 2], layer.stride[axis]
        missing = max((-(-size // stride) - 1) * stride + layer.kernel_size[axis] - size, 0)
        zeros += [missing // 2, missing - missing // 2]
    return zeros


def _padded(layer: nn.Conv2d, maps: Tensor) -> Tensor:
    return F.pad(maps, _zeros(layer, maps))
