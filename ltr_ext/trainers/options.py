"""The options of run_training.py on their way to a train setting.

The host builds the `Settings` object and calls `run(settings)` itself, so nothing can be passed along. The entry script
leaves its options here, and the train setting fetches them with `begin_run(settings)`.
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
    """What the user may choose for one run without changing the train setting."""

    workspace: Path | None = None
    """Folder of checkpoints and TensorBoard files; None: the one of settings/."""
    seed: int = 0
    """Seed of the data, of the initial weights and of every global generator."""
    fresh: bool = False
    """Set earlier checkpoints of this setting aside and begin anew."""
    max_iterations: int | None = None
    """Stop, with a checkpoint, after this many training iterations in total; None: train to the end."""

    def __post_init__(self) -> None:
        if self.seed < 0 or self.seed >= 2**32:
            raise UserError(f"--seed {self.seed}: is out of range; choose 0 to {2**32 - 1}")
        if self.max_iterations is not None and self.max_iterations < 1:
            raise UserError(f"--max-iterations {self.max_iterations}: is too small; choose 1 or more")


_options = RunOptions()


def set_run_options(options: RunOptions) -> None:
    """Leave the options for the train setting that is started next."""
    global _options
    _options = options


def begin_run(settings: Any) -> RunOptions:
    """Apply the run's options; the first call of every train setting.

    Args:
        settings: the host's `Settings`; its environment gets the chosen workspace.

    Returns:
        The options, for `TrainerConfig` and the samplers' seed. Python, NumPy and PyTorch are seeded; the processes
        that torchrun started have met, each with its own GPU where there are any.

    Raises:
        UserError: more processes on this machine than GPUs, or the workspace cannot be made.
    """
    if (device := join_processes(getattr(settings, "use_gpu", True))) is not None:
        settings.device = device
    if _options.workspace is not None:
        workspace = str(_options.workspace.expanduser().absolute())
        try:
            Path(workspace).mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:  # seen now, not after minutes of looking through data
            reason = error.strerror if isinstance(error, OSError) else error
            raise UserError(
                f"workspace {workspace}: cannot be written to ({reason}); choose another --workspace"
            ) from error
        settings.env.workspace_dir = workspace
        settings.env.tensorboard_dir = f"{workspace}/tensorboard"
    seed_all(_options.seed)
    # Gradients behind saturated sigmoids are denormal numbers, which a CPU multiplies a hundred times slower. Has to
    # come before the first parallel work: threads take the mode from the one that starts them.
    torch.set_flush_denormal(True)
    return _options
