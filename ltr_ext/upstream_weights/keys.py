"""Maps the names of our tensors to those of pytracking, for every network that both have.

The map of a network is a list of links, which are used in both directions. If pytracking has a batch norm after a
convolution and we do not, it is folded into the convolution, since all batch statistics are frozen in inference. In the
other direction, a batch norm without effect is written. The decoder's first 3x3 convolution of concat(features,
encoding) is split in ours, so that the features' share is computed once per frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.fusion import fuse_conv_bn_weights

from ltr_ext.models.decoder import COARSE_TO_FINE

State = Mapping[str, Tensor]
NORM_EPSILON = 1e-5
NORM_PARTS = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class Same:
    """A tensor that both store in the same way, except for dimensions of size 1."""

    ours: str
    theirs: str
    their_shape: tuple[int, ...] | None = None
    """The shape in pytracking, if it differs from ours."""

    def load(self, state: State) -> dict[str, Tensor]:
        """Our tensors, from pytracking's state; raises KeyError if a tensor is missing."""
        tensor = state[self.theirs]
        if self.their_shape is not None and tuple(tensor.shape) == self.their_shape:
            tensor = tensor.squeeze()
        return {self.ours: tensor}

    def export(self, state: State) -> dict[str, Tensor]:
        """pytracking's tensors, from our state."""
        tensor = state[self.ours]
        return {self.theirs: tensor if self.their_shape is None else tensor.reshape(self.their_shape)}

    def reads(self, state: State) -> set[str]:
        """The keys of pytracking's state that `load` uses or makes superfluous."""
        return {self.theirs}


@dataclass(frozen=True)
class Folded:
    """A convolution after which pytracking may have a batch norm, in whose place ours has a bias."""

    ours: str
    theirs: str
    norm: str
    """The name of pytracking's batch norm, which need not exist."""
    exported_norm: bool
    """Whether pytracking's network always has the batch norm."""
    exported_bias: bool = True
    """Whether pytracking's convolution has a bias."""

    def load(self, state: State) -> dict[str, Tensor]:
        """As `Same.load`."""
        weight, bias = state[f"{self.theirs}.weight"], state.get(f"{self.theirs}.bias")
        if any(key.startswith(f"{self.norm}.") for key in self.reads(state)):
            scale, shift, mean, variance = (state[f"{self.norm}.{part}"] for part in NORM_PARTS)
            weight, bias = fuse_conv_bn_weights(weight, bias, mean, variance, NORM_EPSILON, scale, shift)
        elif bias is None and self.exported_bias:
            raise KeyError(f"{self.theirs}.bias")
        out = {f"{self.ours}.weight": weight}
        return out if bias is None else out | {f"{self.ours}.bias": bias}

    def export(self, state: State) -> dict[str, Tensor]:
        """As `Same.export`."""
        out = {f"{self.theirs}.weight": state[f"{self.ours}.weight"]}
        if self.exported_bias:
            out[f"{self.theirs}.bias"] = state[f"{self.ours}.bias"]
        if self.exported_norm:
            bias = state[f"{self.ours}.bias"]
            zeros, ones = torch.zeros_like(bias), torch.ones_like(bias)
            shift = zeros if self.exported_bias else bias
            for part, tensor in zip(NORM_PARTS, (ones, shift, zeros, ones - NORM_EPSILON), strict=True):
                out[f"{self.norm}.{part}"] = tensor
            out[f"{self.norm}.num_batches_tracked"] = torch.zeros((), dtype=torch.long)
        return out

    def reads(self, state: State) -> set[str]:
        """As `Same.reads`."""
        names = {f"{self.theirs}.{part}" for part in ("weight", "bias")}
        names |= {f"{self.norm}.{part}" for part in (*NORM_PARTS, "num_batches_tracked")}
        return names & state.keys()


@dataclass(frozen=True)
class Halves:
    """A convolution of concat(features, encoding), which is two convolutions in our network."""

    features: str
    encoding: str
    theirs: str

    def load(self, state: State) -> dict[str, Tensor]:
        """As `Same.load`. The first input channels of pytracking's convolution are those of the features."""
        weight = state[f"{self.theirs}.weight"]
        width = state[self._reduced].shape[0]
        return {
            f"{self.features}.weight": weight[:, :width],
            f"{self.features}.bias": state[f"{self.theirs}.bias"],
            f"{self.encoding}.weight": weight[:, width:],
        }

    def export(self, state: State) -> dict[str, Tensor]:
        """As `Same.export`."""
        halves = (state[f"{self.features}.weight"], state[f"{self.encoding}.weight"])
        return {f"{self.theirs}.weight": torch.cat(halves, 1), f"{self.theirs}.bias": state[f"{self.features}.bias"]}

    def reads(self, state: State) -> set[str]:
        """As `Same.reads`."""
        return {f"{self.theirs}.weight", f"{self.theirs}.bias"}

    @property
    def _reduced(self) -> str:
        """pytracking's convolution before this one, whose number of outputs is the number of feature channels."""
        return f"{self.theirs.removesuffix('transform.0')}reduce.2.weight"


Link = Same | Folded | Halves


@dataclass(frozen=True)
class KeyMap:
    """The map of all tensors of one network."""

    links: tuple[Link, ...]
    dropped: tuple[str, ...]
    """Prefixes of the names of pytracking's tensors that we do not use; a comment at each map gives the reason."""


def _both(ours: str, theirs: str, parts: tuple[str, ...] = ("weight", "bias")) -> Iterator[Same]:
    for part in parts:
        yield Same(f"{ours}.{part}", f"{theirs}.{part}")


def _backbone() -> Iterator[Link]:
    """The links of ResNet-50: both sides have torchvision's names, and ours has folded batch statistics."""

    def folded(convolution: str, norm: str) -> Folded:
        theirs = f"feature_extractor.{convolution}"
        return Folded(f"backbone.body.{convolution}", theirs, f"feature_extractor.{norm}", True, exported_bias=False)

    yield folded("conv1", "bn1")
    for stage, blocks in enumerate((3, 4, 6, 3), start=1):
        for block in range(blocks):
            place = f"layer{stage}.{block}"
            yield from (folded(f"{place}.conv{i}", f"{place}.bn{i}") for i in (1, 2, 3))
        yield folded(f"layer{stage}.0.downsample.0", f"layer{stage}.0.downsample.1")


def _residual_block(ours: str, theirs: str) -> Iterator[Link]:
    for i in (1, 2):
        yield Folded(f"{ours}.conv{i}", f"{theirs}.conv{i}", f"{theirs}.bn{i}", False, exported_bias=False)
    yield from _both(f"{ours}.projection", f"{theirs}.downsample")


def _encoder(ours: str, theirs: str, target: str, *, sees_features: bool) -> Iterator[Link]:
    """The links of a label encoder without its weight head; `target` is our name of its other head."""
    yield Folded(f"{ours}.stem.conv", f"{theirs}.conv_block.0", f"{theirs}.conv_block.1", False)
    yield from _residual_block(f"{ours}.stem.block1", f"{theirs}.res1")
    yield from _residual_block(f"{ours}.stem.block2", f"{theirs}.res2")
    if sees_features:
        yield from _residual_block(f"{ours}.block", f"{theirs}.res3")
    yield Folded(f"{ours}.{target}", f"{theirs}.label_pred.0", f"{theirs}.label_pred.1", exported_norm=sees_features)


def _weight_head(ours: str, theirs: str) -> Iterator[Link]:
    yield from _both(f"{ours}.heads.weight", f"{theirs}.samp_w_pred")


def _solver(ours: str, theirs: str) -> Same:
    """The link of r in lambda = r^2, which is stored by both sides if ours has the parametrisation "square"."""
    return Same(f"{ours}.raw_regularisation", f"{theirs}.filter_optimizer.residual_module.filter_reg", (1,))


def _decoder() -> Iterator[Link]:
    norm = (*NORM_PARTS, "num_batches_tracked")
    for level in COARSE_TO_FINE:
        ours = f"decoder.levels.{level}"
        fusion, theirs = f"decoder.TSE.{level}", f"decoder.{{}}.{level}"
        for place in (0, 2):
            yield from _both(f"{ours}.reduce.{place}", f"{fusion}.reduce.{place}")
            yield from _both(f"{ours}.fuse.{place}", f"{fusion}.transform.{place + 2}")
            yield from _both(f"{ours}.attention.gate.{place}", f"{theirs.format('CAB')}.convreluconv.{place}")
        yield Halves(f"{ours}.fuse_features", f"{ours}.fuse_encoding", f"{fusion}.transform.0")
        for number in (1, 2):
            refine, block = f"{ours}.refine{number}", theirs.format(f"RRB{number}")
            yield from _both(f"{refine}.mix", f"{block}.conv1x1")
            yield from _both(f"{refine}.inner.0", f"{block}.bblock.0")
            yield from _both(f"{refine}.inner.1", f"{block}.bblock.1", norm)
            yield from _both(f"{refine}.inner.3", f"{block}.bblock.3", ("weight",))
        if level != COARSE_TO_FINE[0]:
            yield from _both(f"{ours}.project.0", f"{theirs.format('proj')}.0")
    yield from _both("decoder.tail", "decoder.project.conv1")
    yield from _both("decoder.logit", "decoder.project.conv2")


def _common() -> Iterator[Link]:
    yield from _backbone()
    yield Same("target_features.reduce.weight", "target_model.feature_extractor.0.weight")
    yield _solver("aggregation", "target_model")
    yield from _decoder()


LWL = KeyMap(
    (
        *_common(),
        *_encoder("label_encoder", "label_encoder", "heads.target", sees_features=False),
        *_weight_head("label_encoder", "label_encoder"),
    ),
    # The box encoder that lwl_boxinit has in addition to LWL; here box2mask makes the first mask from a box.
    dropped=("box_label_encoder.",),
)

BOX2MASK = KeyMap(
    (
        *_common(),
        _solver("refined_aggregation", "target_model_segm"),
        *_encoder("object_encoder", "bbox_encoder", "heads.target", sees_features=True),
        *_weight_head("object_encoder", "bbox_encoder"),
        *_encoder("single_encoder", "label_encoder", "head", sees_features=True),
        *_encoder("mask_encoder", "segm_encoder", "heads.target", sees_features=False),
        *_weight_head("mask_encoder", "segm_encoder"),
    ),
    # The weight head of m_t's encoder, whose output is not used.
    dropped=("label_encoder.samp_w_pred.",),
)
