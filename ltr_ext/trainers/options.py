"""Passes the options of run_training.py to a train setting.

The host itself builds the `Settings` object and calls `run(settings)`, so options cannot be passed as arguments. The
entry script stores them here, and the train setting gets them from `begin_run(settings)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ltr_ext.distributed import join_processes
from ltr_ext.errors import UserError
from ltr_ext.trainers.rng import seed_all


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options that a user can choose for one run without changing the train setting."""

    workspace: Path | None = None
    """Folder of checkpoints, TensorBoard files and drawn pictures; None means `workspace_dir` of the settings."""
    seed: int = 0
    """Seed of the data, of the initial weights and of every global generator."""
    fresh: bool = False
    """Whether earlier checkpoints of this setting are renamed, so that the run begins anew."""
    max_iterations: int | None = None
    """Total number of training iterations after which the run stops with a checkpoint; None means no limit."""

    def __post_init__(self) -> None:
        if self.seed < 0 or self.seed >= 2**32:
            raise UserError(f"--seed {self.seed}: is out of range; choose 0 to {2**32 - 1}")
        if self.max_iterations is not None and self.max_iterations < 1:
            raise UserError(f"--max-iterations {self.max_iterations}: is too small; choose 1 or more")


_options = RunOptions()


def set_run_options(options: RunOptions) -> None:
    """Store the options for the train setting that is started next."""
    global _options
    _options = options


def chosen_workspace() -> Path | None:
    """The folder that --workspace names; None means `workspace_dir` of the settings."""
    return None if _options.workspace is None else _options.workspace.expanduser().absolute()


def begin_run(settings: Any) -> RunOptions:
    """Apply the run's options; every train setting calls this first.

    It connects the processes that torchrun started, each with its own GPU if there are any, sets the workspace, and
    seeds Python, NumPy and PyTorch.

    Args:
        settings: the host's `Settings`; its environment gets the chosen workspace.

    Returns:
        The options, for `TrainerConfig` and the samplers' seed.

    Raises:
        UserError: there are more processes on this machine than GPUs, or the workspace cannot be made.
    """
    if (device := join_processes(getattr(settings, "use_gpu", True))) is not None:
        settings.device = device
    if (chosen := chosen_workspace()) is not None:
        workspace = str(chosen)
        try:
            Path(workspace).mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:  # reported now, not after minutes of checking the data
            reason = error.strerror if isinstance(error, OSError) else error
            raise UserError(
                f"workspace {workspace}: cannot be written to ({reason}); choose another --workspace"
            ) from error
        settings.env.workspace_dir = workspace
        settings.env.tensorboard_dir = f"{workspace}/tensorboard"
    seed_all(_options.seed)
    # Gradients of saturated sigmoids are denormal numbers, which a CPU multiplies a hundred times slower. This must be
    # set before the first parallel work, since threads inherit the mode from the thread that starts them.
    torch.set_flush_denormal(True)
    return _options
