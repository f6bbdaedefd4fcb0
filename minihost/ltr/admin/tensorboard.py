"""Writes TensorBoard files, if TensorBoard is installed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError:
    SummaryWriter = None


class TensorboardWriter:
    """Writes curves for each loader; without the package tensorboard it has no effect.

    Args:
        directory: folder of the training run, in which each loader gets a folder.
        loader_names: names of the loaders.
    """

    def __init__(self, directory: str, loader_names: Iterable[str]) -> None:
        self.directory = directory
        self.writer: dict[str, Any] = {}
        if SummaryWriter is None:
            print("TensorBoard: the package tensorboard is not installed; no curves are written")
        else:
            self.writer = {name: SummaryWriter(os.path.join(directory, name)) for name in loader_names}

    def write_info(self, module_name: str, script_name: str, description: str) -> None:
        """Write the name and the description of the train setting."""
        if SummaryWriter is None:
            return
        with SummaryWriter(os.path.join(self.directory, "info")) as info:
            info.add_text("setting", f"{module_name}/{script_name}")
            info.add_text("description", description)

    def write_epoch(self, stats: Mapping[str, Mapping[str, Any] | None], epoch: int, ind: int = -1) -> None:
        """Write the latest value of every statistic that has one.

        Args:
            stats: `AverageMeter` or `StatValue` by loader and name.
            epoch: x of the curves.
            ind: index of the value in the history.
        """
        for loader, writer in self.writer.items():
            for name, value in (stats.get(loader) or {}).items():
                if value.history and getattr(value, "has_new_data", True):
                    writer.add_scalar(name, value.history[ind], epoch)
            writer.flush()
