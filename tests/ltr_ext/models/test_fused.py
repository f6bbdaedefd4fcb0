"""A convolution and what follows it at once: the same numbers as step by step, also after the weights change."""

from __future__ import annotations

import copy
import gc

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ltr_ext.models import fused
from ltr_ext.models.fused import convolve

ACTIVATIONS = {"none": lambda maps: maps, "relu": F.relu, "relu6": F.relu6}


def layer(in_channels=6, out_channels=8, kernel_size=3, stride=1, groups=1, bias=True):
    torch.manual_seed(0)
    return nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, groups=groups, bias=bias)


def trained_norm(channels):
    norm = nn.BatchNorm2d(channels, eps=1e-3).eval()
    for tensor in (norm.weight, norm.running_var):
        nn.init.uniform_(tensor, 0.5, 2.0)
    for tensor in (norm.bias, norm.running_mean):
        nn.init.normal_(tensor)
    return norm


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    "options",
    [{}, {"bias": False}, {"stride": 2}, {"kernel_size": 1}, {"out_channels": 6, "groups": 6}, {"out_channels": 1}],
    ids=str,
)
@pytest.mark.parametrize("adds", [False, True])
def test_equals_the_steps(activation, memory_format, options, adds):
    conv, maps = layer(**options), 3 * torch.randn(2, 6, 12, 10).to(memory_format=memory_format)
    with torch.no_grad():
        plain = conv(maps)
        add = torch.randn_like(plain) if adds else None
        expected = ACTIVATIONS[activation](plain if add is None else plain + add)
        torch.testing.assert_close(convolve(conv, maps, activation, add=add), expected, atol=0, rtol=0)
    with torch.inference_mode():
        torch.testing.assert_close(convolve(conv, maps, activation, add=add), expected, atol=1e-5, rtol=1e-5)


def test_a_batch_norm_is_folded_in():
    conv, norm, maps = layer(bias=False), trained_norm(8), torch.randn(2, 6, 12, 10)
    with torch.inference_mode():
        expected = F.relu(norm(conv(maps)))
        torch.testing.assert_close(convolve(conv, maps, "relu", norm=norm), expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(convolve(conv, maps, "relu", norm=nn.Identity()), F.relu(conv(maps)))


def test_a_batch_norm_that_learns_is_not():
    conv, norm, maps = layer(), nn.BatchNorm2d(8), torch.randn(2, 6, 12, 10)
    again = copy.deepcopy(norm)
    with torch.inference_mode():
        torch.testing.assert_close(convolve(conv, maps, norm=norm), again(conv(maps)))
    torch.testing.assert_close(norm.running_mean, again.running_mean)


@pytest.mark.parametrize("size", [(16, 16), (16, 12), (15, 12), (7, 9)])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_padding_as_needed_is_that_of_tensorflow(size, kernel_size):
    torch.manual_seed(0)
    conv, maps = nn.Conv2d(4, 4, kernel_size, 2, groups=4), torch.randn(1, 4, *size)
    wanted = [-(-side // 2) for side in size]
    missing = [(out - 1) * 2 + kernel_size - side for out, side in zip(wanted, size, strict=True)]
    rows, columns = ((total // 2, total - total // 2) for total in missing)
    expected = conv(F.pad(maps, (*columns, *rows))).detach()
    assert list(expected.shape[-2:]) == wanted
    with torch.inference_mode():
        torch.testing.assert_close(convolve(conv, maps, pad_as_needed=True), expected)


@pytest.mark.parametrize("change", ["in place", "loaded", "replaced", "norm"])
def test_changed_weights_are_noticed(change):
    conv, norm, maps = layer(), trained_norm(8), torch.randn(2, 6, 12, 10)
    with torch.inference_mode():
        convolve(conv, maps, norm=norm)
    with torch.no_grad():
        if change == "in place":
            conv.weight.mul_(2)
        elif change == "loaded":
            conv.load_state_dict({name: tensor + 1 for name, tensor in conv.state_dict().items()})
        elif change == "replaced":
            conv.weight = nn.Parameter(torch.ones_like(conv.weight))
        else:
            norm.running_mean.add_(1)
    with torch.inference_mode():
        torch.testing.assert_close(convolve(conv, maps, norm=norm), norm(conv(maps)), atol=1e-4, rtol=1e-4)


def test_packed_weights_go_with_their_layer():
    conv = layer()
    with torch.inference_mode():
        convolve(conv, torch.randn(1, 6, 8, 8))
    assert conv in fused._packed or not fused._HAS_ONEDNN
    assert set(conv.state_dict()) == {"weight", "bias"}
    kept = len(fused._packed)
    copy.deepcopy(conv)
    del conv
    gc.collect()
    assert len(fused._packed) < kept or not fused._HAS_ONEDNN


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_numbers_go_step_by_step(dtype):
    conv, maps = layer().to(dtype), torch.randn(1, 6, 8, 8, dtype=dtype)
    with torch.inference_mode():
        assert torch.equal(convolve(conv, maps, "relu"), F.relu(conv(maps)))


def test_autocast_goes_step_by_step():
    conv, maps = layer(), torch.randn(1, 6, 8, 8)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        assert convolve(conv, maps).dtype == torch.bfloat16


def test_weights_made_in_inference_mode():
    with torch.inference_mode():
        conv, maps = layer(), torch.randn(1, 6, 8, 8)
        assert torch.equal(convolve(conv, maps), conv(maps))
