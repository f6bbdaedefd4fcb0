"""pytracking's own networks with random weights, and files of them written by its own trainer."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ltr_ext.upstream_weights import writer

UPSTREAM: dict[str, Any] = {
    "filter_size": 3, "num_filters": 16, "optim_iter": 5, "backbone_pretrained": False, "out_feature_dim": 512,
    "frozen_backbone_layers": ["conv1", "bn1", "layer1"], "use_bn_in_label_enc": False, "clf_feat_blocks": 0,
    "final_conv": True, "backbone_type": "mrcnn",
}  # fmt: skip
"""Arguments that all of upstream's networks share (its train settings)."""
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "sta": ("sta_net", {**UPSTREAM, "label_encoder_dims": (16, 32, 64, 128)}),
    "lwl_stage2": ("lwl_net", {**UPSTREAM, "label_encoder_dims": (16, 32, 64)}),
    "lwl_boxinit": (
        "lwl_box_net",
        {**UPSTREAM, "label_encoder_dims": (16, 32, 64), "box_label_encoder_dims": (64, 64), "final_bn": False},
    ),
}
STEP = 12
"""Every so many-th row and column of the golden logits is kept."""
MEAN_BGR = torch.tensor([102.9801, 115.9465, 122.7717]).view(3, 1, 1)


def draw_tensor(name: str, shape: tuple[int, ...]) -> Tensor:
    """Weights that depend on nothing but the name and shape of the tensor; their sizes keep the maps near 1.

    Args:
        name: key of upstream's state dict.
        shape: of the tensor; `()` is a counter of batches.
    """
    if not shape:
        return torch.tensor(7)
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    if name.endswith("running_var"):
        return 0.5 + values.abs()
    if name.endswith("filter_reg"):
        return 0.05 + 0.01 * values.abs()
    if name.endswith("samp_w_pred.bias"):
        return 1 + 0.2 * values
    if name == "decoder.project.conv2.weight":
        values = 0.2 * values  # logits of the size that trained networks give
    if len(shape) == 4:
        return values * (1.6 / (shape[1] * shape[2] * shape[3])) ** 0.5
    if name.endswith(("bn3.weight", "downsample.1.weight")):
        return 0.5 + 0.1 * values
    if name.endswith("weight"):
        return 1 + 0.2 * values
    return 0.1 * values


def drawn_state(shapes: dict[str, list[int]]) -> dict[str, Tensor]:
    """A state dict of the given shapes."""
    return {name: draw_tensor(name, tuple(shape)) for name, shape in shapes.items()}


def build_upstream(kind: str, **changes: Any) -> nn.Module:
    """One of `NETWORKS` with drawn weights, in eval mode."""
    module, arguments = NETWORKS[kind]
    builder = importlib.import_module(f"ltr.models.lwl.{module}").steepest_descent_resnet50
    net = builder(**arguments | changes)
    net.load_state_dict(drawn_state({name: list(tensor.shape) for name, tensor in net.state_dict().items()}))
    net.eval()  # returns nothing where upstream overrides `train`
    return net


def save_by_upstream(net: nn.Module, folder: Path) -> Path:
    """A checkpoint by upstream's trainer, with statistics, settings and an optimizer in it."""
    from ltr.actors import BaseActor
    from ltr.admin.settings import Settings
    from ltr.admin.stats import AverageMeter
    from ltr.trainers.base_trainer import BaseTrainer

    settings = Settings()
    settings.env.workspace_dir = str(folder)
    settings.project_path = "ltr/upstream"
    settings.device = torch.device("cpu")
    optimizer = torch.optim.Adam([{"params": net.decoder.project.parameters(), "lr": 1e-3}])
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    folder.mkdir(parents=True, exist_ok=True)
    trainer = BaseTrainer(BaseActor(net, {}), [], optimizer, settings, scheduler)
    trainer.epoch = 80
    trainer.stats = {"train": {"Loss/total": AverageMeter()}}
    trainer.stats["train"]["Loss/total"].update(1.5)
    trainer.save_checkpoint()
    return folder / "checkpoints" / "ltr" / "upstream" / f"{type(net).__name__}_ep0080.pth.tar"


def draw_clip(num_frames: int, num_sequences: int, height: int = 96, width: int = 160) -> tuple[Tensor, Tensor]:
    """Images [T, B, 3, H, W] RGB 0-255, and boxes [T, B, 4] of whole pixels that reach over two borders."""
    generator = torch.Generator().manual_seed(num_frames)
    coarse = torch.rand(num_frames * num_sequences, 3, height // 8, width // 8, generator=generator)
    images = 255 * nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    boxes = torch.randint(-12, 40, (num_frames, num_sequences, 4), generator=generator)
    boxes += torch.tensor([10, 10, 60, 40])
    return images.unflatten(0, (num_frames, num_sequences)), boxes.float()


def to_upstream(images: Tensor) -> Tensor:
    """RGB 0-255 [..., 3, H, W] -> BGR minus the mean, as upstream's networks want it."""
    return images.flip(-3) - MEAN_BGR


def lwl_masks(height: int = 96, width: int = 160) -> Tensor:
    """Masks [1, 2, H, W] of the first frame."""
    masks = torch.zeros(1, 2, height, width)
    masks[0, 0, 20:60, 30:80] = 1
    masks[0, 1, 50:90, 90:130] = 1
    return masks


def write_checkpoint(path: Path, state: dict[str, Any], kind: str, **changes: Any) -> Path:
    """A minimal file of pytracking: tensors and constructor."""
    module, arguments = NETWORKS[kind]
    with writer._known_as(writer.CONSTRUCTOR_MODULE):
        constructor = writer.NetConstructor(f"ltr.models.lwl.{module}", arguments | changes)
        torch.save({"net": state, "constructor": constructor, "net_type": module}, path)
    return path
