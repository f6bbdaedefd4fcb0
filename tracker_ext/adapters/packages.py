"""Packages and weight files of other projects: there, or one line that says where they are to be had."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ltr_ext.errors import UserError
from ltr_ext.paths import load_paths
from ltr_ext.text import one_line


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a network of another project comes from."""

    needed_for: str
    """Tracker and parameter, for messages."""
    package: str
    """Name on the package registry."""
    weights: str
    """Usual name of the weight file."""
    source: str
    """Where a user gets it."""


def require(origin: Origin, *modules: str) -> list[Any]:
    """Modules of a package.

    Raises:
        UserError: it is not installed, or lacks something that it needs.
    """
    try:
        return [importlib.import_module(name) for name in modules]
    except ImportError as error:
        raise UserError(
            f"{origin.needed_for}: needs the package {origin.package} ({error}); "
            f"pip install --no-deps {origin.package}, and what docs/systems.md names beside it"
        ) from error


def find_weights(origin: Origin, given: Sequence[Path]) -> Path:
    """The weight file: the one named with `--weights`, else that in `pretrained_dir`.

    Raises:
        UserError: there is none, or several are named.
    """
    if len(given) > 1:
        raise UserError(f"--weights {given[1]}: {origin.needed_for} takes one file")
    folder = load_paths().pretrained_dir
    known = [*given, *([folder / origin.weights] if folder else [])]
    found = next((path for path in known if path.is_file()), None)
    if found is None:
        raise UserError(
            f"{origin.needed_for}: no weights; get {origin.weights} from {origin.source} and put it into "
            "pretrained_dir, or name it with run_tracker.py ... --weights FILE"
        )
    return found


def read_state(path: Path, *keys: str) -> dict[str, Tensor]:
    """The tensors of a weight file of PyTorch or safetensors; nothing in it is executed.

    Args:
        path: the file.
        keys: under one of which the tensors may lie in a larger file.

    Raises:
        UserError: it cannot be read, or holds something else.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the reader raises whatever a damaged file makes it run into
        reason = one_line(error, 160) or type(error).__name__
        raise UserError(f"weights {path} cannot be read ({reason}); get the file again") from error
    for key in keys:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UserError(f"weights {path} hold no tensors by name; name a weight file of that network")
    return {name.removeprefix("module."): value for name, value in content.items()}


def fill(net: nn.Module, state: Mapping[str, Tensor], path: Path, *, spare: Sequence[str] = ()) -> None:
    """Put tensors into a network; every one of its own must be there.

    Args:
        net: gets them.
        state: tensors by name.
        path: where they come from, for messages.
        spare: beginnings of names that the network has no use for.

    Raises:
        UserError: names or shapes are those of another network.
    """
    kept = {name: value for name, value in state.items() if not name.startswith(tuple(spare))}
    try:
        missing, unexpected = net.load_state_dict(kept, strict=False)
    except RuntimeError as error:
        shown = " ".join(str(error).split())[:160]
        raise UserError(f"weights {path} are of another network ({shown}); name the right file") from error
    counted = [name for name in missing if not name.endswith("num_batches_tracked")]
    if counted or unexpected:
        raise UserError(
            f"weights {path} are of another network ({len(counted)} tensors missing, first "
            f"{next(iter(counted), '-')}; {len(unexpected)} too many, first {next(iter(unexpected), '-')}); name the "
            "right file"
        )


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """An attribute has another value for as long as the context lasts."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def untrained(make: Any) -> Any:
    """A function that makes a network, told to download nothing; the weights come from the user's file."""

    without = {"pretrained": False} if "pretrained" in inspect.signature(make).parameters else {}

    def plain(*args: Any, **options: Any) -> Any:
        options = {name: value for name, value in options.items() if name not in ("pretrained", "weights")}
        return make(*args, **options, **without)

    return plain
