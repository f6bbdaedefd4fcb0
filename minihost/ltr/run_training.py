"""Starts a train setting by name."""

from __future__ import annotations

import importlib

import cv2
import torch
from ltr.admin.settings import Settings


def run_training(train_module: str, train_name: str, cudnn_benchmark: bool = True) -> None:
    """Call `ltr.train_settings.<train_module>.<train_name>.run(settings)`.

    Args:
        train_module: a package of train settings.
        train_name: a module in it.
        cudnn_benchmark: whether cuDNN tries out its algorithms and chooses the fastest.
    """
    cv2.setNumThreads(0)  # OpenCV's threads do not work after the fork of the data workers
    torch.backends.cudnn.benchmark = cudnn_benchmark
    settings = Settings()
    settings.module_name = train_module
    settings.script_name = train_name
    settings.project_path = f"ltr/{train_module}/{train_name}"
    importlib.import_module(f"ltr.train_settings.{train_module}.{train_name}").run(settings)
