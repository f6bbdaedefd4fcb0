"""The standard trainer, which runs every loader once per epoch and writes statistics to TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import torch
from ltr.admin.stats import AverageMeter, StatValue
from ltr.admin.tensorboard import TensorboardWriter
from ltr.trainers.base_trainer import BaseTrainer
from tqdm import tqdm


class LTRTrainer(BaseTrainer):
    """A `BaseTrainer` with a further argument.

    Args:
        freeze_backbone_bn_layers: whether the batch statistics of `net.feature_extractor` are fixed in training.
    """

    def __init__(
        self,
        actor: Any,
        loaders: list[Any],
        optimizer: Any,
        settings: Any,
        lr_scheduler: Any = None,
        freeze_backbone_bn_layers: bool = False,
    ) -> None:
        super().__init__(actor, loaders, optimizer, settings, lr_scheduler)
        for name, default in (("print_interval", 10), ("print_stats", None), ("description", "")):
            if getattr(settings, name, None) is None:
                setattr(settings, name, default)
        self.stats = {loader.name: None for loader in loaders}
        folder = os.path.join(os.path.expanduser(settings.env.tensorboard_dir), settings.project_path)
        self.tensorboard_writer = TensorboardWriter(folder, [loader.name for loader in loaders])
        self.move_data_to_gpu = getattr(settings, "move_data_to_gpu", True)
        self.freeze_backbone_bn_layers = freeze_backbone_bn_layers

    def train_epoch(self) -> None:
        """Run the loaders of this epoch, then write the statistics."""
        for loader in self.loaders:
            if self.epoch % loader.epoch_interval == 0:
                self.cycle_dataset(loader)
        for loader in self.loaders:
            meters = self.stats[loader.name]
            if meters is None:
                continue
            if loader.training:
                for i, group in enumerate(self.optimizer.param_groups):
                    meters.setdefault(f"LearningRate/group{i}", StatValue()).update(group["lr"])
            for meter in meters.values():
                if isinstance(meter, AverageMeter):
                    meter.new_epoch()
        if self.epoch == 1:
            names = self.settings.module_name, self.settings.script_name
            self.tensorboard_writer.write_info(*names, self.settings.description)
        self.tensorboard_writer.write_epoch(self.stats, self.epoch)

    def cycle_dataset(self, loader: Any) -> None:
        """Run a pass over a loader."""
        self.actor.train(loader.training)
        if self.freeze_backbone_bn_layers:
            for module in self.actor.net.feature_extractor.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()
        with torch.set_grad_enabled(loader.training):
            for data in tqdm(loader, desc=f"{loader.name} {self.epoch}", disable=None):
                if self.move_data_to_gpu:
                    data = data.to(self.device)
                data["epoch"], data["settings"] = self.epoch, self.settings
                loss, stats = self.actor(data)
                if loader.training:
                    self._learn(loss)
                self._update_stats(stats, loader.batch_size or 1, loader)

    def _learn(self, loss: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        if hasattr(self.settings, "grad_clip_max_norm"):
            torch.nn.utils.clip_grad_norm_(self.actor.net.parameters(), self.settings.grad_clip_max_norm)
        self.optimizer.step()

    def _update_stats(self, new_stats: Mapping[str, float], batch_size: int, loader: Any) -> None:
        if self.stats[loader.name] is None:
            self.stats[loader.name] = {}
        for name, value in new_stats.items():
            self.stats[loader.name].setdefault(name, AverageMeter()).update(value, batch_size)
