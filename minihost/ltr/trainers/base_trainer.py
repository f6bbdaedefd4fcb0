"""The loop over epochs, with a checkpoint after each epoch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from ltr.admin.multigpu import is_multi_gpu


class BaseTrainer:
    """Base class of trainers; subclasses define `train_epoch`.

    Args:
        actor: `actor(data) -> (loss, stats)`.
        loaders: the loaders of an epoch, in their order.
        optimizer: the optimizer.
        settings: see `ltr.admin.settings`; its attribute `device`, if set, is the device.
        lr_scheduler: the scheduler, which is stepped after every epoch, or None.
    """

    def __init__(self, actor: Any, loaders: list[Any], optimizer: Any, settings: Any, lr_scheduler: Any = None) -> None:
        self.actor = actor
        self.loaders = loaders
        self.optimizer = optimizer
        self.settings = settings
        self.lr_scheduler = lr_scheduler
        self.epoch = 0
        self.stats: dict[str, Any] = {}
        device = getattr(settings, "device", None)
        if device is None:
            device = "cuda:0" if settings.use_gpu and torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        self.actor.to(self.device)

    @property
    def _net(self) -> torch.nn.Module:
        return self.actor.net.module if is_multi_gpu(self.actor.net) else self.actor.net

    @property
    def _folder(self) -> Path:
        return Path(self.settings.env.workspace_dir).expanduser() / "checkpoints" / self.settings.project_path

    def train(self, max_epochs: int, load_latest: bool = False, fail_safe: bool = True) -> None:
        """Train up to an epoch, counted from 1.

        Args:
            max_epochs: the last epoch.
            load_latest: whether to start from the latest checkpoint.
            fail_safe: whether to retry from the latest checkpoint after an error, at most once per epoch.
        """
        if load_latest:
            self.load_checkpoint()
        failed_in = 0
        while self.epoch < max_epochs:
            self.epoch += 1
            try:
                self.train_epoch()
            except Exception as error:
                if not fail_safe or failed_in == self.epoch:
                    raise
                failed_in = self.epoch
                print(f"epoch {self.epoch} failed ({error}); trying once more")
                self.epoch -= 1
                self.load_checkpoint()
                continue
            if self.lr_scheduler is not None:
                self.lr_scheduler.step()
            self.save_checkpoint()

    def train_epoch(self) -> None:
        """Run an epoch over all loaders."""
        raise NotImplementedError(f"{type(self).__name__} does not define train_epoch")

    def save_checkpoint(self) -> None:
        """Write the network, the optimizer and the epoch into a file without pickled classes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        state = {
            "epoch": self.epoch,
            "actor_type": type(self.actor).__name__,
            "net_type": type(self._net).__name__,
            "net": self._net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        path = self._folder / f"{type(self._net).__name__}_ep{self.epoch:04d}.pth.tar"
        torch.save(state, path.with_suffix(".tmp"))
        os.replace(path.with_suffix(".tmp"), path)

    def load_checkpoint(self, checkpoint: int | str | Path | None = None) -> bool:
        """Restore the network, the optimizer and the epoch.

        Args:
            checkpoint: an epoch, a file, or None for the latest checkpoint of this setting.

        Returns:
            Whether a checkpoint was found.

        Raises:
            ValueError: the file holds another class of network.
        """
        name = type(self._net).__name__
        if checkpoint is None:
            found = sorted(self._folder.glob(f"{name}_ep*.pth.tar"))
            if not found:
                return False
            checkpoint = found[-1]
        elif isinstance(checkpoint, int):
            checkpoint = self._folder / f"{name}_ep{checkpoint:04d}.pth.tar"
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        if state["net_type"] != name:
            raise ValueError(f"{checkpoint} holds a {state['net_type']}, not a {name}")
        self._net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch = state["epoch"]
        if self.lr_scheduler is not None:
            self.lr_scheduler.last_epoch = self.epoch
        return True
