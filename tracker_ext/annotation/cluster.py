"""Many machines with one shared folder: SLURM arrays (submitit) and Dask. Optional, extra `cluster`.

Each process claims one sequence after the other through locks in the output folder. A process that dies loses only the
sequence that it was making, and the others make the rest. The shared file system must have locks that hold between
machines (`flock` on NFS from version 4, Lustre mounted with `flock`); without them use `--shard i/n`, which needs none.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from ltr_ext.errors import UserError
from ltr_ext.text import one_line
from tracker_ext.annotation.failures import record_failure
from tracker_ext.annotation.job import AnnotationJob
from tracker_ext.annotation.lists import update_lists
from tracker_ext.annotation.sequence_run import Outcome
from tracker_ext.annotation.workers import OnOutcome, run_here, run_one

INSTALL = "pip install '.[cluster]'"
BUSY_WAIT = 5.0
"""Seconds before a sequence that another task is making is looked at again."""


def run_on_cluster(
    job: AnnotationJob,
    names: Sequence[str],
    address: str,
    workers: int,
    on_outcome: OnOutcome,
    slurm: dict[str, Any] | None = None,
) -> None:
    """Make sequences on other machines.

    Args:
        job: its output folder is open, and is at the same place on every machine.
        names: of the sequences.
        address: `slurm`; `local` for a Dask cluster of processes on this machine; or a Dask scheduler `tcp://host:port`.
        workers: array tasks of SLURM, processes of `local`; a scheduler has its own.
        on_outcome: called here, once per sequence.
        slurm: options of submitit, for example `slurm_partition`.

    Raises:
        UserError: the library is not installed, an unknown address, or no cluster there.
    """
    if address == "slurm":
        run_on_slurm(job, names, workers, on_outcome, slurm or {})
    elif address == "local" or "://" in address:
        run_on_dask(job, names, address, workers, on_outcome)
    else:
        raise UserError(f"--cluster {address}: is neither slurm nor local nor a Dask scheduler tcp://host:port")


def run_on_dask(
    job: AnnotationJob, names: Sequence[str], address: str, workers: int, on_outcome: OnOutcome, timeout: float = 30
) -> None:
    """Submit one task per sequence. The scheduler gives the task of a lost worker to another one, up to three times.

    `timeout`: seconds to wait for the scheduler.
    """
    try:
        from distributed import Client, KilledWorker, LocalCluster, as_completed
    except ImportError as error:
        raise UserError(f"--cluster {address} needs Dask: {INSTALL}") from error
    cluster: Any = None
    try:
        if address == "local":
            cluster = LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None)
        client = Client(cluster or address, timeout=timeout)
    except (OSError, ValueError, TimeoutError) as error:
        raise UserError(
            f"--cluster {address}: no Dask scheduler answers ({error}); start one: dask scheduler"
        ) from error
    try:
        keys = [f"annotate-{name}" for name in names]
        futures = client.map(run_pickled, list(names), data=pickle.dumps(job), pure=False, key=keys)
        name_of = {future.key: name for future, name in zip(futures, names, strict=True)}
        for future in as_completed(futures):
            try:
                on_outcome(future.result())
            except KilledWorker:
                on_outcome(Outcome(name_of[future.key], "failed", "its workers died, one after the other"))
            except Exception as error:
                on_outcome(Outcome(name_of[future.key], "failed", one_line(f"{type(error).__name__}: {error}")))
    finally:
        client.close()
        if cluster is not None:
            cluster.close()


def run_pickled(name: str, data: bytes) -> Outcome:
    """`run_one` for a pickled job, which is unpickled once per process and then keeps the tables it has read."""
    return run_one(name, _unpickled(data))


@lru_cache(maxsize=1)
def _unpickled(data: bytes) -> AnnotationJob:
    job = pickle.loads(data)
    assert isinstance(job, AnnotationJob)
    return job


def run_on_slurm(
    job: AnnotationJob,
    names: Sequence[str],
    tasks: int,
    on_outcome: OnOutcome,
    options: dict[str, Any],
    executor: str = "slurm",
) -> None:
    """Submit an array of tasks. Each begins at another place of the list and ends when all of it is claimed or done.

    Args:
        job: see `run_on_cluster`.
        names: of the sequences.
        tasks: size of the array.
        on_outcome: called here, once per sequence.
        options: of submitit's executor, for example `slurm_partition`, `timeout_min`, `gpus_per_node`.
        executor: submitit's; "local" starts the tasks on this machine.
    """
    try:
        import submitit
    except ImportError as error:
        raise UserError(f"--cluster slurm needs submitit: {INSTALL}") from error
    folder = job.out / ".slurm"
    try:
        submitter = submitit.AutoExecutor(folder=folder, cluster=executor)
        submitter.update_parameters(**{"name": "box2mask", "timeout_min": 24 * 60, **options})
        orders = [[*names[start:], *names[:start]] for start in (len(names) * task // tasks for task in range(tasks))]
        running = submitter.map_array(run_array_task, [job] * tasks, orders)
    except (RuntimeError, NameError, TypeError, FileNotFoundError) as error:
        raise UserError(f"--cluster slurm: {one_line(error)}; is this a SLURM machine?") from error
    merged: dict[str, Outcome] = {}
    lost = []
    for task in running:
        try:
            outcomes = task.result()
        except Exception as error:
            lost.append(f"task {task.job_id}: {' '.join(str(error).split())[:200]}")
            continue
        for outcome in outcomes:
            if outcome.name not in merged or outcome.status in ("made", "failed", "stopped"):
                merged[outcome.name] = outcome
    for name in names:
        found, manifest = merged.get(name), job.manifest(name)
        if manifest is not None:  # also of tasks that did not live to tell
            on_outcome(Outcome(name, "made", frames=manifest["frames"]))
        elif found is not None and found.status in ("failed", "stopped"):
            on_outcome(found)
        else:
            on_outcome(
                Outcome(name, "failed", f"no task finished it ({lost[0] if lost else 'it was held by another run'})")
            )


def run_array_task(job: AnnotationJob, names: Sequence[str]) -> list[Outcome]:
    """What one array task does: make what no other task is making, then what others claimed and did not finish.

    Returns:
        The last outcome of every name.
    """
    outcomes: dict[str, Outcome] = {}
    left = list(names)
    while left:
        run_here(job, left, lambda outcome: outcomes.__setitem__(outcome.name, outcome))
        if any(outcome.status == "stopped" for outcome in outcomes.values()):
            break
        left = [name for name in left if outcomes[name].status == "busy"]
        if left:
            time.sleep(BUSY_WAIT)
    with suppress(UserError):  # the process that submitted the tasks does it again, if it still runs
        for outcome in outcomes.values():
            if outcome.status == "failed":
                record_failure(job.out, outcome.name, outcome.reason)
        update_lists(job.out, job.settings.formats)
    return list(outcomes.values())
