"""Saves the state of a run as a checkpoint and restores it. All processes take part; process 0 reads and writes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ltr_ext.distributed import processes
from ltr_ext.errors import UserError
from ltr_ext.trainers.checkpoint import (
    OLDER_FORMAT,
    Checkpoint,
    CheckpointFolder,
    read_checkpoint,
    require_entries,
    set_aside,
)
from ltr_ext.trainers.config import Position
from ltr_ext.trainers.rng import gather_rng, rng_of
from ltr_ext.trainers.scores import Scores
from ltr_ext.trainers.state import (
    NET_PREFIX,
    check_fingerprint,
    check_tensors,
    load_net,
    load_optimizer,
    load_stats,
    net_tensors,
    optimizer_state,
    stats_state,
)

HEADER = ("iteration", "position", "best", "fingerprint", "optimizer", "scheduler", "stats")
"""Entries of a checkpoint's header that are needed to resume a run."""


@dataclass(frozen=True)
class Restored:
    """The part of a restored state that the trainer itself has to set."""

    path: Path
    """The checkpoint file."""
    position: Position
    """The position of the run."""
    iteration: int
    """Training iterations done."""
    rng: tuple[dict[str, Tensor], dict[str, Any]] | None
    """The arguments of `restore_rng`; None if the run now has more processes than before."""


@dataclass(frozen=True)
class Snapshots:
    """The parts of a run whose state changes, and the folder of its checkpoints."""

    folder: CheckpointFolder
    net: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    scores: Scores

    def save(self, position: Position, iteration: int, fingerprint: dict[str, Any], best: bool) -> Path:
        """Write a checkpoint.

        Returns:
            The file; in processes other than 0, the folder.
        """
        rng_tensors, rng_header = gather_rng()

        def write() -> Path:
            optimizer_tensors, optimizer_header = optimizer_state(self.optimizer)
            tensors = {f"{NET_PREFIX}{name}": tensor for name, tensor in net_tensors(self.net).items()}
            header = {
                "iteration": iteration,
                "position": asdict(position),
                "best": self.scores.best,
                "fingerprint": fingerprint,
                "net_type": type(self.net).__name__,
                "torch": torch.__version__,
                "optimizer": optimizer_header,
                "scheduler": self.scheduler.state_dict(),
                "stats": stats_state(self.scores.stats),
                **rng_header,
            }
            return self.folder.save(iteration, Checkpoint(tensors | optimizer_tensors | rng_tensors, header), best)

        return processes().in_main(write) or self.folder.folder

    def restore(self, checkpoint: Path | None, fingerprint: dict[str, Any]) -> Restored | None:
        """Load the state of a checkpoint into the parts of the run.

        Args:
            checkpoint: a file; None means the latest undamaged one of this run.
            fingerprint: the fingerprint that the checkpoint must have.

        Returns:
            The rest of the state; None if there is no checkpoint.

        Raises:
            UserError: the checkpoint is damaged, was made with other settings, or by a version that did not store all
                settings.
        """

        def read() -> tuple[Path, Checkpoint] | None:
            found = self._latest() if checkpoint is None else (checkpoint, read_checkpoint(checkpoint))
            if found is not None:
                require_entries(found[1].header, HEADER, found[0])
                if found[1].header["format"] == OLDER_FORMAT:
                    raise UserError(
                        f"checkpoint {found[0]}: was made by an earlier version, which did not write down its whole "
                        "recipe: finish that run with that version, or start anew with --fresh"
                    )
                check_fingerprint(found[1].header["fingerprint"], fingerprint, found[0])
                check_tensors(self.net, found[1].tensors, found[0])
            return found

        found = processes().from_main(processes().in_main(read))
        if found is None:
            return None
        path, content = found
        header = content.header
        load_net(self.net, content.tensors, path)
        load_optimizer(self.optimizer, content.tensors, header["optimizer"])
        self.scheduler.load_state_dict(header["scheduler"])
        load_stats(self.scores.stats, header["stats"])
        self.scores.best = header["best"]
        rng = rng_of(content.tensors, header)
        return Restored(path, Position(**header["position"]), header["iteration"], rng)

    def _latest(self) -> tuple[Path, Checkpoint] | None:
        if (found := self.folder.latest()) is None:
            return None
        path, content, complaints = found
        for complaint in complaints:
            print(f"warning: {complaint}")
        return path, content


def prepare_folders(workspace: Path, folders: tuple[Path, ...], fresh: bool) -> None:
    """Make the folders of a run.

    Args:
        workspace: the workspace, for the message.
        folders: the folders of checkpoints and curves.
        fresh: whether existing folders are renamed.

    Raises:
        UserError: the workspace cannot be written to.
    """
    if fresh:
        for old in folders:
            if (moved := set_aside(old)) is not None:
                print(f"set aside: {old} -> {moved}")
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"workspace {workspace}: cannot be written to ({error.strerror}); choose another --workspace"
        ) from error
