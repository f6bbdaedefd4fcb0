"""Break an annotation command at one file operation after the other, run it again, and compare with an unbroken run.

    python tests/tracker_ext/annotation/fault_sweep.py               # all operations, all faults: minutes
    python tests/tracker_ext/annotation/fault_sweep.py --every 37    # a sample

A fault is the death of the process before the operation (`kill`; the write that it falls on is half done), an
operation that fails once (`EIO`), or a disk that is full from then on (`ENOSPC`). After a fault: exit code 0 only if
the output is right; else one line on stderr, no traceback. After the same command again: exit code 0, and every file is
as it should be.
"""

from __future__ import annotations

import argparse
import builtins
import errno
import io
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import torch  # noqa: E402
from miniatures.job_files import got10k, wandering_boxes, write_boxes  # noqa: E402
from miniatures.networks import write_box_filler  # noqa: E402

import run_annotate  # noqa: E402
from ltr_ext.errors import run_command  # noqa: E402
from tracker_ext.annotation.workers import network_for  # noqa: E402

KILLED = 137
FAULTS = ("kill", "EIO", "ENOSPC")
MAKING = frozenset({"open", "mkdir", "link", "symlink", "write"})
"""Operations that a full disk refuses."""


class Faults:
    """Counts file operations below a folder, and lets one of them fail."""

    def __init__(self, folder: Path, fault: str, at: int) -> None:
        """`at`: number of the operation, from 1; 0 for none."""
        self.folder, self.fault, self.at = str(folder), fault, at
        self.count = 0
        self._lock = threading.Lock()

    def install(self) -> None:
        """From now on, in this process."""
        real_open, real_os_open = io.open, os.open
        for name in ("mkdir", "rename", "replace", "link", "symlink", "unlink", "rmdir"):
            setattr(os, name, self._counted(name, getattr(os, name)))
        os.fsync = lambda descriptor: self.tick("fsync")  # type: ignore[assignment]

        def open_descriptor(path: Any, flags: int, *rest: Any, **options: Any) -> int:
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and self.concerns(path):
                self.tick("open", path)
            return real_os_open(path, flags, *rest, **options)

        def open_file(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if not set(mode) & set("wax+") or not self.concerns(file):
                return real_open(file, mode, *rest, **options)
            self.tick("open", file)
            return CountedFile(real_open(file, mode, *rest, **options), self, file)

        os.open, io.open, builtins.open = open_descriptor, open_file, open_file  # type: ignore[assignment]

    def concerns(self, path: Any) -> bool:
        """Whether a path lies in the folder or beside it with its name in its own."""
        return not isinstance(path, int) and self.folder in os.path.abspath(os.fsdecode(path))

    def tick(self, name: str, path: Any = None, before: Callable[[], object] = lambda: None) -> None:
        """One operation; `before` is done before it fails."""
        with self._lock:
            self.count += 1
            count = self.count
        if not self.at or count < self.at:
            return
        if self.fault == "ENOSPC":
            if name in MAKING:
                before()
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        elif count == self.at:
            before()
            if self.fault == "kill":
                os._exit(KILLED)
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if "dir_fd" in options or any(self.concerns(path) for path in arguments[:2]):
                self.tick(name, arguments[0])
            return function(*arguments, **options)

        return call


class CountedFile:
    """A file whose writes are counted; the one that fails is half done."""

    def __init__(self, file: Any, faults: Faults, path: Any) -> None:
        self._file, self._faults, self._path = file, faults, path

    def write(self, data: Any) -> int:
        self._faults.tick("write", self._path, lambda: (self._file.write(data[: len(data) // 2]), self._file.flush()))
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> CountedFile:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


@dataclass(frozen=True)
class Scenario:
    """A command, and the output folder it finds."""

    name: str
    arguments: tuple[str, ...]
    before: Path | None
    """Copied to the output folder first."""


@dataclass(frozen=True)
class Run:
    """What came of a command."""

    code: int
    stderr: str
    operations: int


def run(arguments: tuple[str, ...], out: Path, fault: str = "kill", at: int = 0) -> Run:
    """Run `run_annotate.py` in a forked process."""
    log, counter = out.parent / "stderr.txt", out.parent / "count.txt"
    child = os.fork()
    if child == 0:
        with log.open("w") as stderr, open(os.devnull, "w") as nothing:
            os.dup2(stderr.fileno(), 2), os.dup2(nothing.fileno(), 1)
            sys.stderr, sys.stdout = stderr, nothing
            faults = Faults(out, fault, at)
            faults.install()
            code = 99
            try:
                code = run_command(lambda: run_annotate.main(list(arguments)))
            except BaseException:
                import traceback

                traceback.print_exc()
            stderr.flush()
            faults.at = 0
            counter.write_text(str(faults.count))
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Run(code, log.read_text(), int(counter.read_text()) if code != KILLED else at)


def contents(out: Path) -> dict[str, Any]:
    """Everything below a folder and beside it, without times."""
    found: dict[str, Any] = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_dir():
            found[name] = None
        elif name.startswith("sequences/") and path.suffix == ".json":
            found[name] = {key: value for key, value in json.loads(path.read_text()).items() if key != "seconds"}
        elif path.name != "overlay.mp4":  # the encoder writes the time
            found[name] = path.read_bytes()
    for path in out.parent.glob(f".{out.name}*"):
        found[f"beside: {path.name}"] = None
    return found


def restore(scenario: Scenario, out: Path) -> None:
    """The output folder as the command finds it."""
    for path in (out, *out.parent.glob(f".{out.name}*")):
        shutil.rmtree(path, ignore_errors=True)
    if scenario.before is not None:
        shutil.copytree(scenario.before, out, symlinks=True)


def try_fault(scenario: Scenario, out: Path, expected: dict[str, Any], fault: str, at: int) -> str:
    """What is wrong after one fault; empty if nothing is."""
    restore(scenario, out)
    broken = run(scenario.arguments, out, fault, at)
    if broken.code not in ({KILLED} if fault == "kill" else {0, 1, 2}):
        return f"exit code {broken.code}: {broken.stderr[-300:]}"
    if "Traceback" in broken.stderr or (broken.code == 2 and broken.stderr.count("error: ") != 1):
        return f"stderr: {broken.stderr[-600:]}"
    if broken.code == 0:
        # What could not be removed at the end is no wrong output; the next run removes it.
        left = (".locks/", f".{out.name}-")
        written = {name: content for name, content in contents(out).items() if not name.startswith(left)}
        if wrong := difference(expected, written):
            return f"exit code 0, but {wrong}"
    again = run(scenario.arguments, out)
    if again.code != 0:
        return f"again: exit code {again.code}: {again.stderr[-300:]}"
    wrong = difference(expected, contents(out))
    return f"again: {wrong}" if wrong else ""


def difference(expected: dict[str, Any], found: dict[str, Any]) -> str:
    """In words."""
    missing, more = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    other = sorted(name for name in expected.keys() & found.keys() if expected[name] != found[name])
    return "; ".join(
        f"{what} {names[:3]}"
        for what, names in zip(("missing", "more", "other"), (missing, more, other), strict=True)
        if names
    )


def scenarios(root: Path) -> list[Scenario]:
    """A fresh run; one that makes rejected masks again; a review; a video over an earlier result."""
    data = got10k(root / "data", {"a": 3, "b": 2})
    weights = write_box_filler(root / "weights.safetensors")
    network_for(weights, None)
    out, done = root / "place" / "out", root / "done"
    out.parent.mkdir()
    windows = ("--weights", str(weights), "--frames", "2", "--interval", "1")
    job = ("folder", str(data), "--out", str(out), *windows, "--format", "davis,ytvos")
    assert run(job, out).code == 0
    (root / "reject.csv").write_text("sequence,decision,comment\nb,reject,no legs\n")
    (root / "swap.csv").write_text("sequence,decision\nb,accept\na,reject\n")
    assert run(("--apply", str(root / "reject.csv"), "--out", str(out)), out).code == 0
    out.rename(done)
    write_boxes(root / "one.txt", wandering_boxes(3))
    write_boxes(root / "two.txt", wandering_boxes(3) + 2)
    video = ("video", str(data / "a"), "--out", str(out), *windows, "--boxes")
    assert run((*video, str(root / "one.txt")), out).code == 0
    out.rename(root / "clip")
    return [
        Scenario("fresh", job, None),
        Scenario("redo a rejected sequence", (*job, "--redo", "b"), done),
        Scenario("apply a review", ("--apply", str(root / "swap.csv"), "--out", str(out)), done),
        Scenario("video", (*video, str(root / "two.txt")), root / "clip"),
    ]


def sweep(every: int, faults: tuple[str, ...], only: str | None = None) -> int:
    """Try all scenarios; returns the number of faults after which something was wrong."""
    torch.set_num_threads(1)
    problems = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        out = root / "place" / "out"
        for scenario in scenarios(root):
            if only is not None and only not in scenario.name:
                continue
            restore(scenario, out)
            whole = run(scenario.arguments, out)
            assert whole.code == 0, whole.stderr
            expected = contents(out)
            for fault in faults:
                tried, wrong = 0, 0
                for at in range(1, whole.operations + 1, every):
                    tried += 1
                    if found := try_fault(scenario, out, expected, fault, at):
                        wrong += 1
                        print(f"{scenario.name}, {fault} at {at}: {found}", flush=True)
                problems += wrong
                print(
                    f"{scenario.name}: {whole.operations} operations, {fault} at {tried} of them: {wrong} wrong",
                    flush=True,
                )
    return problems


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", metavar="K", type=int, default=1, help="every K-th operation (default: all)")
    parser.add_argument("--fault", choices=FAULTS, action="append", help="only this one; repeatable")
    parser.add_argument("--scenario", metavar="WORD", help="only that whose name has this word")
    options = parser.parse_args()
    sys.exit(min(sweep(options.every, tuple(options.fault or FAULTS), options.scenario), 1))
