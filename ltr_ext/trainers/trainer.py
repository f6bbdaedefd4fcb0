"""The trainer of every train setting: the host's `LTRTrainer` with exact resume, in one process or several.

docs/train_settings.md shows how a train setting uses it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import torch
from ltr.trainers import LTRTrainer
from torch import Tensor

from ltr_ext.distributed import processes, synchronise_batch_norm
from ltr_ext.errors import EXIT_INTERRUPTED, UserError
from ltr_ext.text import counted
from ltr_ext.trainers.batches import describe_samples
from ltr_ext.trainers.checkpoint import CheckpointFolder
from ltr_ext.trainers.config import Position, TrainerConfig, check_loaders
from ltr_ext.trainers.curves import Curves
from ltr_ext.trainers.progress import Pass, Progress, batches_to_the_end
from ltr_ext.trainers.rng import restore_rng, seed_all
from ltr_ext.trainers.scores import Scores, merge
from ltr_ext.trainers.signals import StopRequest, init_worker
from ltr_ext.trainers.snapshot import Snapshots, prepare_folders
from ltr_ext.trainers.state import frozen_digest

__all__ = ["Box2MaskTrainer", "TrainerConfig"]


class _IterationLimit(Exception):
    """The run has reached `max_iterations`."""


class Box2MaskTrainer(LTRTrainer):
    """Gives bit-identical weights whether a run is interrupted or not.

    This holds on a CPU with the same versions, number of threads and number of processes. Under torchrun each process
    takes its share of every batch, and all get the weights that one process would get, up to rounding; only process 0
    prints, logs and writes.

    Args:
        actor: `actor(data) -> (loss, stats)`.
        loaders: the loaders in their order in an epoch; their `batch_sampler` must be a `ResumableBatchSampler`.
        optimizer: the optimizer, of trainable parameters only.
        settings: the host's settings.
        lr_scheduler: the scheduler, which is stepped once per training iteration, not per epoch as in the host's loop.
        config: see `TrainerConfig`.

    Raises:
        UserError: the workspace cannot be written to, or a batch cannot be shared equally.
        ValueError: a loader cannot be resumed, or `best_stat` names no loader.
    """

    def __init__(
        self,
        actor: Any,
        loaders: list[Any],
        optimizer: torch.optim.Optimizer,
        settings: Any,
        lr_scheduler: torch.optim.lr_scheduler.LRScheduler,
        config: TrainerConfig,
    ) -> None:
        check_loaders(loaders, config.best_stat)
        self.processes = processes()
        for loader in loaders:
            loader.batch_sampler.share(self.processes.rank, self.processes.size, loader.name, loader.training)
            if loader.num_workers > 0:
                loader.worker_init_fn = partial(init_worker, loader.worker_init_fn)
        workspace = Path(settings.env.workspace_dir).expanduser()
        folder = workspace / "checkpoints" / settings.project_path
        logs = Path(settings.env.tensorboard_dir).expanduser() / settings.project_path
        self.processes.in_main(lambda: prepare_folders(workspace, (folder, logs), config.fresh))
        # The host opens a TensorBoard file for each loader that it gets, and only process 0 shall write.
        super().__init__(actor, loaders if self.processes.is_main else [], optimizer, settings, lr_scheduler)
        self.loaders = loaders
        self.stats = {loader.name: None for loader in loaders}
        self.config = config
        self.position = Position()
        self.iteration = 0
        """Training iterations done."""
        self.scores = Scores(self.stats, config.best_stat, settings.print_stats)
        self.checkpoints = CheckpointFolder(folder, type(actor.net).__name__, config.keep_last)
        self.snapshots = Snapshots(self.checkpoints, actor.net, optimizer, lr_scheduler, self.scores)
        self.max_epochs = 0
        self.curves = Curves(self.tensorboard_writer.writer if self.processes.is_main else {})
        self._seconds: dict[str, float] = {}
        if self.processes.size > 1:
            self.processes.copy_from_main(actor.net)
            synchronise_batch_norm(actor.net)
            # Random parts of the network must draw different numbers in each process.
            seed_all((torch.initial_seed() + self.processes.rank) % 2**32)
        self.fingerprint = {
            "setting": settings.project_path,
            "frozen": frozen_digest(actor.net),
            "loaders": {
                loader.name: [loader.batch_sampler.num_samples, loader.batch_sampler.batch_size, len(loader)]
                for loader in loaders
            },
            **config.fingerprint,
        }
        self._parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        self._stop = StopRequest()
        self._pending_rng: tuple[dict[str, Tensor], dict[str, Any]] | None = None

    @property
    def best(self) -> dict[str, Any] | None:
        """`value` and `epoch` of the best epoch so far."""
        return self.scores.best

    def train(self, max_epochs: int) -> None:
        """Train up to an epoch, starting from the latest checkpoint if there is one.

        The host's loop catches every exception (also Ctrl-C), retries, and finally reports success. Here a crash ends
        the run, and the same command resumes it.

        Args:
            max_epochs: the last epoch, counted from 1.

        Raises:
            KeyboardInterrupt: Ctrl-C or SIGTERM was received; a checkpoint has been written.
            UserError: the loss is not finite, or the checkpoint belongs to another recipe.
            SystemExit: takes the place of both in all processes except process 0.
        """
        self.max_epochs = max_epochs
        if self.processes.is_main:
            count = sum(parameter.numel() for parameter in self._parameters)
            together = f" in each of {self.processes.size} processes" if self.processes.size > 1 else ""
            curves = self.tensorboard_writer.directory
            print(f"device: {self.device}{together}; {count} trained parameters; curves: {curves}")
        # torchrun sends a SIGTERM after a Ctrl-C, which would count as the second request.
        with StopRequest(patient=self.processes.size > 1) as self._stop:
            self.load_checkpoint()
            before = self.iteration
            try:
                self._check_limits()
                while self.position.epoch <= max_epochs:
                    self.epoch = self.position.epoch
                    self.train_epoch()
            except _IterationLimit:
                done, limit = counted(self.iteration, "iteration"), self.config.max_iterations
                nothing = f"nothing to do: has {done} already, --max-iterations is {limit}"
                line = nothing if self.iteration == before else f"stopped after {done}, as asked"
                self.processes.say(f"{line}; {self._where}")
                return
        done = f"{counted(max_epochs, 'epoch')}, {counted(self.iteration, 'iteration')}"
        self.processes.say(f"trained {done}; {self._where}")

    def train_epoch(self) -> None:
        """Run the rest of the current epoch from `position` on, then update statistics and write a checkpoint."""
        for index in range(self.position.loader, len(self.loaders)):
            if index > self.position.loader:
                self.position = Position(self.epoch, index)
            if self.epoch % self.loaders[index].epoch_interval == 0:
                self.cycle_dataset(self.loaders[index])
        self._end_epoch()

    def cycle_dataset(self, loader: Any) -> None:
        """Run a pass over a loader from `position` on."""
        start = self.position.batch
        if hasattr(loader.dataset, "set_epoch"):
            loader.dataset.set_epoch(self.epoch)
        loader.batch_sampler.start_batch = start
        self.actor.train(loader.training)
        iterator = iter(loader)
        # Making an iterator draws from the generators. An uninterrupted run did so before its first batch, so the
        # generators are restored only now.
        self._apply_pending_rng()
        with torch.set_grad_enabled(loader.training), self._progress(loader, start) as progress:
            for batch in range(start, len(loader)):
                data = self._next(iterator)
                if self.move_data_to_gpu:
                    data = data.to(self.device)
                data["epoch"], data["settings"] = self.epoch, self.settings
                loss, stats = self.actor(data)
                if loader.training:
                    self._step(loss, data, loader, batch)
                numbers, count = merge(self.processes.gather((stats, len(loader.batch_sampler.samples_of(batch)))))
                self.scores.record(loader.name, numbers, count)
                if loader.training:
                    rates = [group["lr"] for group in self.optimizer.param_groups]
                    self.curves.record(loader.name, self.iteration, numbers, count, rates)
                self.position = Position(self.epoch, self.position.loader, batch + 1)
                progress.step(self.scores.shown(loader.name))
                self._after_batch(loader.training)

    def save_checkpoint(self, best: bool = False) -> Path:
        """Write a checkpoint of the state at `position`; all processes take part.

        Args:
            best: whether it becomes the best checkpoint, too.

        Returns:
            The file; in processes other than 0, its folder.
        """
        return self.snapshots.save(self.position, self.iteration, self.fingerprint, best)

    def load_checkpoint(self, checkpoint: str | Path | None = None) -> Path | None:
        """Restore the whole state from a checkpoint, which process 0 reads for all processes.

        Args:
            checkpoint: a file; None means the latest undamaged one of this run.

        Returns:
            The file; None if there is none.

        Raises:
            UserError: the checkpoint is damaged, or was made with other settings.
        """
        restored = self.snapshots.restore(None if checkpoint is None else Path(checkpoint), self.fingerprint)
        if restored is None:
            return None
        self.position, self.iteration = restored.position, restored.iteration
        self._pending_rng = restored.rng
        if self.position.batch == 0:
            self._apply_pending_rng()
        self.processes.say(f"resuming from {restored.path}: epoch {self.position.epoch}, iteration {self.iteration}")
        return restored.path

    @property
    def _where(self) -> str:
        return f"checkpoints in {self.checkpoints.folder}"

    def _progress(self, loader: Any, start: int) -> Progress:
        """The progress display of a pass from batch `start` on."""
        passes = [Pass(one.name, len(one), one.training, one.epoch_interval) for one in self.loaders]
        index, last = self.position.loader, max(self.max_epochs, self.epoch)
        end, after = batches_to_the_end(
            passes, self.epoch, index, start, self.iteration, last, self.config.max_iterations
        )
        return Progress(
            f"{loader.name}, epoch {self.epoch}/{self.max_epochs}",
            end,
            start,
            self.config.log_every_seconds,
            self.processes.is_main,
            name=loader.name,
            after=after,
            seconds=self._seconds,
        )

    def _apply_pending_rng(self) -> None:
        if self._pending_rng is not None:
            restore_rng(*self._pending_rng)
            self._pending_rng = None

    def _next(self, iterator: Any) -> Any:
        """The next batch; a `UserError` of a data worker is raised without the worker's traceback."""
        problem, data = None, None
        try:
            data = next(iterator)
        except UserError as error:
            problem = UserError(str(error).rsplit("UserError: ", 1)[-1])
        self.processes.raise_for_all(problem)
        return data

    def _step(self, loss: Tensor, data: Any, loader: Any, batch: int) -> None:
        """Compute gradients, clip them and update the weights, unless the loss or a gradient is not finite."""
        finite = math.isfinite(loss.item())
        self.processes.raise_for_all(None if finite else self._not_finite(f"loss {loss.item()}", data, loader, batch))
        self.optimizer.zero_grad()
        loss.backward()
        self.processes.average_gradients(self._parameters)
        max_norm = getattr(self.settings, "grad_clip_max_norm", math.inf)
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, max_norm)
        finite = math.isfinite(norm.item())
        self.processes.raise_for_all(
            None if finite else self._not_finite(f"gradient norm {norm.item()}", data, loader, batch)
        )
        self.optimizer.step()
        self.lr_scheduler.step()
        self.iteration += 1

    def _not_finite(self, what: str, data: Mapping[str, Any], loader: Any, batch: int) -> UserError:
        return UserError(
            f"{what} in epoch {self.epoch}, batch {batch + 1} of {loader.name!r} (iteration {self.iteration + 1}), "
            f"{describe_samples(loader.batch_sampler.samples_of(batch), data)}: look at them or lower the learning rate"
        )

    def _after_batch(self, training: bool) -> None:
        if self.processes.any(self._stop.requested):
            self._interrupt(self.save_checkpoint())
        if training:
            limit = self.config.max_iterations
            if self.iteration % self.config.checkpoint_every == 0 or (limit is not None and self.iteration >= limit):
                self.save_checkpoint()
            self._check_limits()

    def _interrupt(self, path: Path) -> NoReturn:
        self.processes.say(f"stopped in epoch {self.epoch}: checkpoint {path}; the same command goes on from there")
        if self.processes.is_main:
            raise KeyboardInterrupt
        raise SystemExit(EXIT_INTERRUPTED)

    def _check_limits(self) -> None:
        limit = self.config.max_iterations
        if limit is not None and self.iteration >= limit:
            raise _IterationLimit

    def _end_epoch(self) -> None:
        shown = {loader.name: self.scores.shown(loader.name) for loader in self.loaders if self.stats.get(loader.name)}
        training = [loader.name for loader in self.loaders if loader.training]
        is_best = self.scores.end_epoch(self.epoch, training, self.optimizer)
        if self.processes.is_main:
            if self.epoch == 1:
                self.tensorboard_writer.write_info(
                    self.settings.module_name, self.settings.script_name, self.settings.description
                )
            self.tensorboard_writer.write_epoch(self.stats, self.epoch)
        self.position = Position(self.epoch + 1)
        path = self.save_checkpoint(best=is_best)
        self.processes.say(f"epoch {self.epoch}/{self.max_epochs}: {self.scores.line(shown, is_best)} | {path}")
