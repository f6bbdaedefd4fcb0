"""The trainer of every train setting: the host's `LTRTrainer` with exact resume.

How a train setting (`ltr_ext/train_settings/<module>/<name>.py`) builds its parts; it runs unchanged on both hosts::

    from ltr.data import LTRLoader
    from ltr_ext.actors.box2mask import Box2MaskActor
    from ltr_ext.trainers.batches import ResumableBatchSampler
    from ltr_ext.trainers.options import begin_run
    from ltr_ext.trainers.trainer import Box2MaskTrainer, TrainerConfig

    def run(settings):
        options = begin_run(settings)           # first of all: applies --workspace, seeds every generator from --seed
        settings.grad_clip_max_norm = 1.0       # leave it out for no clipping
        model, data = Box2MaskConfig(), DataConfig()                 # frozen dataclasses
        train_set = MySampler(data, seed=options.seed)               # has set_epoch(epoch) and len()
        val_set = MyValidationSampler(data)                          # set_epoch(epoch) that does nothing
        loaders = [
            LTRLoader("train", train_set, training=True, num_workers=1, stack_dim=1,
                      batch_sampler=ResumableBatchSampler(len(train_set), batch_size=4, drop_last=True)),
            LTRLoader("val", val_set, training=False, num_workers=1, stack_dim=1, epoch_interval=1,
                      batch_sampler=ResumableBatchSampler(len(val_set), batch_size=4)),
        ]
        net = Box2MaskNet(model)
        actor = Box2MaskActor(net, lovasz_loss, autocast=False)
        optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=1e-2)
        schedule = LambdaLR(optimizer, lambda step: 0.2 ** ((step >= 30_000) + (step >= 60_000)))   # per ITERATION
        config = TrainerConfig(
            fingerprint={"model": asdict(model), "data": asdict(data), "seed": options.seed},       # JSON values only
            best_stat="val/J", checkpoint_every=500, fresh=options.fresh, max_iterations=options.max_iterations)
        Box2MaskTrainer(actor, loaders, optimizer, settings, schedule, config).train(max_epochs=40)

The seams:

* `--seed`, `--workspace`, `--fresh` and `--max-iterations` of run_training.py reach the setting through
  `ltr_ext.trainers.options` (`begin_run` returns a `RunOptions`), because the host creates the `Settings` object itself
  and hands nothing else on. Started by another entry point, the options have their defaults.
* A sample is a function of (seed, epoch, index) alone; the trainer calls `dataset.set_epoch(epoch)` (epochs count from
  1) before each pass. The batch may carry `dataset` and `sequence`, lists of str: a loss that is not finite is
  reported with them.
* The schedule steps once per training iteration, never per epoch.
* `actor(data)` returns `(loss, stats)`, stats a dict of floats; `best_stat` is "<loader name>/<stat name>".
* Checkpoints: `<workspace>/checkpoints/ltr/<module>/<name>/<NetClass>_<iteration>.safetensors`, and
  `..._best.safetensors`. The network's tensors are called `net.<name>`; frozen parameters are left out (their digest is
  part of what must match).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from ltr.admin.stats import AverageMeter, StatValue
from ltr.trainers import LTRTrainer
from torch import Tensor

from ltr_ext.errors import UserError
from ltr_ext.trainers.checkpoint import Checkpoint, CheckpointFolder, read_checkpoint, set_aside
from ltr_ext.trainers.config import Position, TrainerConfig, check_loaders
from ltr_ext.trainers.progress import Progress
from ltr_ext.trainers.rng import capture_rng, restore_rng
from ltr_ext.trainers.signals import StopRequest, init_worker
from ltr_ext.trainers.state import (
    NET_PREFIX,
    check_fingerprint,
    frozen_digest,
    load_net,
    load_optimizer,
    load_stats,
    net_tensors,
    optimizer_state,
    stats_state,
)

__all__ = ["Box2MaskTrainer", "TrainerConfig"]

_RNG_PREFIX = "rng."


class _IterationLimit(Exception):
    """`max_iterations` is reached."""


class Box2MaskTrainer(LTRTrainer):
    """Trains to the same bits whether interrupted or not (on CPU, same versions and thread count).

    Args:
        actor: `actor(data) -> (loss, stats)`.
        loaders: in the order they run in each epoch; their `batch_sampler` is a `ResumableBatchSampler`.
        optimizer: over trainable parameters only.
        settings: the host's, see host contract.
        lr_scheduler: stepped once per training iteration. The host's own loop would step it per epoch; it does not run.
        config: see `TrainerConfig`.

    Raises:
        UserError: the workspace cannot be written to.
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
        workspace = Path(settings.env.workspace_dir).expanduser()
        folder = workspace / "checkpoints" / settings.project_path
        logs = Path(settings.env.tensorboard_dir).expanduser() / settings.project_path
        if config.fresh:
            for old in (folder, logs):
                if (moved := set_aside(old)) is not None:
                    print(f"set aside: {old} -> {moved}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"workspace {workspace}: cannot be written to ({error.strerror}); choose another --workspace"
            ) from error
        super().__init__(actor, loaders, optimizer, settings, lr_scheduler)
        self.config = config
        self.checkpoints = CheckpointFolder(folder, type(actor.net).__name__, config.keep_last)
        self.position = Position()
        self.iteration = 0
        """Training iterations done."""
        self.best: dict[str, Any] | None = None
        """`value` and `epoch` of the best epoch so far."""
        self.max_epochs = 0
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
        for loader in loaders:
            if loader.num_workers > 0:
                loader.worker_init_fn = partial(init_worker, loader.worker_init_fn)

    def train(self, max_epochs: int) -> None:
        """Train up to an epoch, going on from the latest checkpoint.

        In place of the host's loop, which catches every exception (also Ctrl-C), runs again, and ends as if all were
        well: here a crash ends the run, and starting it again resumes it.

        Args:
            max_epochs: last epoch, counted from 1.

        Raises:
            KeyboardInterrupt: after Ctrl-C or SIGTERM, once the checkpoint is written.
            UserError: the loss is not finite, or the checkpoint is of another recipe.
        """
        self.max_epochs = max_epochs
        count = sum(parameter.numel() for parameter in self._parameters)
        print(f"device: {self.device}; {count} trained parameters; curves: {self.tensorboard_writer.directory}")
        with StopRequest() as self._stop:
            self.load_checkpoint()
            try:
                self._check_limits()
                while self.position.epoch <= max_epochs:
                    self.epoch = self.position.epoch
                    self.train_epoch()
            except _IterationLimit:
                print(f"stopped after {self.iteration} iterations, as asked; checkpoints in {self.checkpoints.folder}")
                return
        print(f"trained {max_epochs} epochs, {self.iteration} iterations; checkpoints in {self.checkpoints.folder}")

    def train_epoch(self) -> None:
        """The rest of the current epoch, from `position`; then statistics, TensorBoard, checkpoint."""
        for index in range(self.position.loader, len(self.loaders)):
            if index > self.position.loader:
                self.position = Position(self.epoch, index)
            if self.epoch % self.loaders[index].epoch_interval == 0:
                self.cycle_dataset(self.loaders[index])
        self._end_epoch()

    def cycle_dataset(self, loader: Any) -> None:
        """One pass over a loader, from `position` on."""
        start = self.position.batch
        if hasattr(loader.dataset, "set_epoch"):
            loader.dataset.set_epoch(self.epoch)
        loader.batch_sampler.start_batch = start
        self.actor.train(loader.training)
        iterator = iter(loader)
        # making the iterator drew from the generators, in the uninterrupted run before its first batch
        self._apply_pending_rng()
        label = f"{loader.name}, epoch {self.epoch}/{self.max_epochs}"
        with (
            torch.set_grad_enabled(loader.training),
            Progress(label, len(loader), start, self.config.log_every_seconds) as progress,
        ):
            for batch, data in enumerate(_from_workers(iterator), start):
                if self.move_data_to_gpu:
                    data = data.to(self.device)
                data["epoch"], data["settings"] = self.epoch, self.settings
                loss, stats = self.actor(data)
                if loader.training:
                    self._step(loss, data, loader, batch)
                self._record(loader, stats, loader.batch_sampler.size_of(batch))
                self.position = Position(self.epoch, self.position.loader, batch + 1)
                progress.step(self._shown(loader))
                self._after_batch(loader.training)

    def save_checkpoint(self, best: bool = False) -> Path:
        """Write the state at `position`.

        Args:
            best: make it the best checkpoint, too.

        Returns:
            The file.
        """
        optimizer_tensors, optimizer_header = optimizer_state(self.optimizer)
        rng_tensors, rng_header = capture_rng()
        tensors = {f"{NET_PREFIX}{name}": tensor for name, tensor in net_tensors(self.actor.net).items()}
        tensors |= optimizer_tensors | {f"{_RNG_PREFIX}{name}": state for name, state in rng_tensors.items()}
        header = {
            "iteration": self.iteration,
            "position": asdict(self.position),
            "best": self.best,
            "fingerprint": self.fingerprint,
            "net_type": type(self.actor.net).__name__,
            "torch": torch.__version__,
            "optimizer": optimizer_header,
            "scheduler": self.lr_scheduler.state_dict(),
            "stats": stats_state(self.stats),
            "rng": rng_header,
        }
        return self.checkpoints.save(self.iteration, Checkpoint(tensors, header), best)

    def load_checkpoint(self, checkpoint: str | Path | None = None) -> Path | None:
        """Restore the whole state.

        Args:
            checkpoint: a file; None: the latest of this run that can be read.

        Returns:
            The file used; None if there is none.

        Raises:
            UserError: damaged, or made with other settings.
        """
        if checkpoint is None:
            if (found := self.checkpoints.latest()) is None:
                return None
            path, content, complaints = found
            for complaint in complaints:
                print(f"warning: {complaint}")
        else:
            path = Path(checkpoint)
            content = read_checkpoint(path)
        header = content.header
        check_fingerprint(header["fingerprint"], self.fingerprint, path)
        load_net(self.actor.net, content.tensors, path)
        load_optimizer(self.optimizer, content.tensors, header["optimizer"])
        self.lr_scheduler.load_state_dict(header["scheduler"])
        load_stats(self.stats, header["stats"])
        self.position = Position(**header["position"])
        self.iteration, self.best = header["iteration"], header["best"]
        rng = {
            name.removeprefix(_RNG_PREFIX): state
            for name, state in content.tensors.items()
            if name.startswith(_RNG_PREFIX)
        }
        self._pending_rng = (rng, header["rng"])
        if self.position.batch == 0:
            self._apply_pending_rng()
        print(f"resuming from {path}: epoch {self.position.epoch}, iteration {self.iteration}")
        return path

    def _apply_pending_rng(self) -> None:
        if self._pending_rng is not None:
            restore_rng(*self._pending_rng)
            self._pending_rng = None

    def _step(self, loss: Tensor, data: Any, loader: Any, batch: int) -> None:
        """Backward, clip, update; stops before a value that is not finite reaches the weights."""
        if not math.isfinite(loss.item()):
            raise self._not_finite(f"loss {loss.item()}", data, loader, batch)
        self.optimizer.zero_grad()
        loss.backward()
        max_norm = getattr(self.settings, "grad_clip_max_norm", math.inf)
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, max_norm)
        if not math.isfinite(norm.item()):
            raise self._not_finite(f"gradient norm {norm.item()}", data, loader, batch)
        self.optimizer.step()
        self.lr_scheduler.step()
        self.iteration += 1

    def _not_finite(self, what: str, data: Any, loader: Any, batch: int) -> UserError:
        first = batch * loader.batch_sampler.batch_size
        last = first + loader.batch_sampler.size_of(batch) - 1
        columns = [data[key] for key in ("dataset", "sequence") if isinstance(data.get(key), (list, tuple))]
        names = ", ".join("/".join(map(str, parts)) for parts in zip(*columns, strict=True))
        return UserError(
            f"{what} in epoch {self.epoch}, batch {batch + 1} of {loader.name!r} (iteration {self.iteration + 1}), "
            f"samples {first} to {last}{f' ({names})' if names else ''}: look at them, or lower the learning rate"
        )

    def _record(self, loader: Any, stats: Mapping[str, float], count: int) -> None:
        if self.stats.get(loader.name) is None:
            self.stats[loader.name] = {}
        meters = self.stats[loader.name]
        for name, value in stats.items():
            meters.setdefault(name, AverageMeter()).update(value, count)

    def _shown(self, loader: Any) -> dict[str, float]:
        """Means over the epoch so far, of `settings.print_stats`, else of the loss and J."""
        names = self.settings.print_stats or ("Loss/total", "J")
        meters = self.stats[loader.name]
        return {name: meters[name].avg for name in names if name in meters}

    def _after_batch(self, training: bool) -> None:
        if self._stop.requested:
            path = self.save_checkpoint()
            print(f"stopped in epoch {self.epoch}: checkpoint {path}; the same command goes on from there")
            raise KeyboardInterrupt
        if training:
            limit = self.config.max_iterations
            if self.iteration % self.config.checkpoint_every == 0 or (limit is not None and self.iteration >= limit):
                self.save_checkpoint()
            self._check_limits()

    def _check_limits(self) -> None:
        limit = self.config.max_iterations
        if limit is not None and self.iteration >= limit:
            raise _IterationLimit

    def _end_epoch(self) -> None:
        shown = {loader.name: self._shown(loader) for loader in self.loaders if self.stats.get(loader.name)}
        for loader in self.loaders:
            meters = self.stats.get(loader.name)
            if loader.training and meters is not None:
                for i, group in enumerate(self.optimizer.param_groups):
                    meters.setdefault(f"LearningRate/group{i}", StatValue()).update(group["lr"])
        seen_before = self._best_history_length()
        for meters in self.stats.values():
            for meter in (meters or {}).values():
                if isinstance(meter, AverageMeter):
                    meter.new_epoch()
        is_best = self._best_history_length() > seen_before and self._update_best()
        if self.epoch == 1:
            self.tensorboard_writer.write_info(
                self.settings.module_name, self.settings.script_name, self.settings.description
            )
        self.tensorboard_writer.write_epoch(self.stats, self.epoch)
        self.position = Position(self.epoch + 1)
        path = self.save_checkpoint(best=is_best)
        self._print_epoch(shown, path, is_best)

    def _best_meter(self) -> Any | None:
        if self.config.best_stat is None:
            return None
        loader, stat = self.config.best_stat.split("/", 1)
        return (self.stats.get(loader) or {}).get(stat)

    def _best_history_length(self) -> int:
        meter = self._best_meter()
        return 0 if meter is None else len(meter.history)

    def _update_best(self) -> bool:
        """Whether the epoch just ended is the best so far; then it is remembered."""
        meter = self._best_meter()
        assert meter is not None
        value = meter.history[-1]
        if self.best is not None and not value > self.best["value"]:
            return False
        self.best = {"value": value, "epoch": self.epoch}
        return True

    def _print_epoch(self, shown: Mapping[str, Mapping[str, float]], path: Path, is_best: bool) -> None:
        parts = [f"{name} " + " ".join(f"{k} {v:.4f}" for k, v in numbers.items()) for name, numbers in shown.items()]
        if self.best is not None:
            note = "this one" if is_best else f"epoch {self.best['epoch']}"
            parts.append(f"best {self.config.best_stat} {self.best['value']:.4f} ({note})")
        print(f"epoch {self.epoch}/{self.max_epochs}: {' | '.join(parts)} | {path}", flush=True)


def _from_workers(batches: Iterable[Any]) -> Iterator[Any]:
    """The same batches; a user's mistake found by a data worker arrives as one, without the worker's traceback."""
    try:
        yield from batches
    except UserError as error:
        raise UserError(str(error).rsplit("UserError: ", 1)[-1]) from error
