"""Dask and SLURM arrays, on this machine; one worker is killed in the middle of a sequence."""

from __future__ import annotations

import pytest
from test_command_processes import data, finished, job, killer

from ltr_ext.errors import UserError
from tracker_ext.annotation import cluster
from tracker_ext.annotation.sequence_run import Outcome

__all__ = ["data", "job"]
NAMES = ["a", "long", "c", "d"]
pytestmark = pytest.mark.slow


def test_dask_with_a_worker_killed(job):
    pytest.importorskip("distributed", reason="extra cluster is not installed")
    outcomes: list[Outcome] = []
    thread = killer(job.out, times=1)
    cluster.run_on_cluster(job, NAMES, "local", 2, outcomes.append)
    thread.join(10)
    assert not thread.is_alive(), "a worker was killed"
    assert sorted((outcome.name, outcome.status) for outcome in outcomes) == [(name, "made") for name in sorted(NAMES)]
    assert finished(job.out) == sorted(NAMES)


def test_array_with_a_task_killed(job, monkeypatch):
    pytest.importorskip("submitit", reason="extra cluster is not installed")
    monkeypatch.setattr(cluster, "BUSY_WAIT", 0.2)
    outcomes: list[Outcome] = []
    thread = killer(job.out, times=1)
    cluster.run_on_slurm(job, NAMES, 2, outcomes.append, {}, executor="local")
    thread.join(10)
    assert not thread.is_alive(), "a task was killed"
    assert sorted((outcome.name, outcome.status) for outcome in outcomes) == [(name, "made") for name in sorted(NAMES)]
    assert finished(job.out) == sorted(NAMES)


def test_no_scheduler_there(job):
    pytest.importorskip("distributed", reason="extra cluster is not installed")
    with pytest.raises(UserError, match="no Dask scheduler answers"):
        cluster.run_on_dask(job, NAMES, "tcp://127.0.0.1:9", 2, print, timeout=1)


def test_no_slurm_there(job):
    pytest.importorskip("submitit", reason="extra cluster is not installed")
    with pytest.raises(UserError, match="is this a SLURM machine"):
        cluster.run_on_slurm(job, NAMES, 2, print, {})


def test_an_option_that_submitit_does_not_know(job):
    pytest.importorskip("submitit", reason="extra cluster is not installed")
    with pytest.raises(UserError, match="partion"):
        cluster.run_on_slurm(job, NAMES, 2, print, {"partion": "gpu"}, executor="local")


def test_tasks_take_over_what_another_one_lost(job, monkeypatch):
    """The sequence is busy at the first look and free at the second."""
    looks: list[str] = []

    def run_here(job, names, report):
        for name in names:
            looks.append(name)
            report(Outcome(name, "busy" if name == "c" and looks.count("c") == 1 else "made"))

    monkeypatch.setattr(cluster, "run_here", run_here)
    monkeypatch.setattr(cluster, "BUSY_WAIT", 0.0)
    outcomes = cluster.run_array_task(job, NAMES)
    assert looks == [*NAMES, "c"]
    assert {outcome.name: outcome.status for outcome in outcomes} == dict.fromkeys(NAMES, "made")
