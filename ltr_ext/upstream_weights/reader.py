"""Reads a checkpoint of pytracking without executing anything in it.

Such a file is a pickle of a dict, in torch's zip format or in the older one. Besides tensors it holds objects of
pytracking's own classes: the network's constructor, statistics, settings. torch's restricted unpickler rebuilds the
tensors; each object of pytracking becomes an `Inert` with the same attributes. Nothing that the file names is imported
or called, and a name outside the namespaces below is refused.
"""

from __future__ import annotations

import pickle
import pickletools
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from ltr_ext.errors import UserError

SUFFIXES = (".pth", ".pt", ".tar")
"""Suffixes of pytracking's files."""

_INERT_NAMESPACES = ("ltr.", "pytracking.", "dlframework.", "torch.nn.modules.", "numpy.dtypes.")
"""pytracking itself, its name before 2019, and the layers of a network that was saved as an object."""
_INERT_NAMES = frozenset(
    f"numpy.{name}"
    for name in (
        "dtype", "ndarray", "core.multiarray.scalar", "core.multiarray._reconstruct", "_core.multiarray.scalar",
        "_core.multiarray._reconstruct",
    )
)  # fmt: skip
"""NumPy's numbers and arrays, which statistics and settings may hold."""
_PICKLES_BEFORE_TENSORS = 4
"""Number of pickles in torch's older format: magic number, version, system, and the object itself."""

_LAYERS_OF_NETWORKS = 10
"""Largest depth of networks built around networks; it ends the search in a file whose networks form a circle."""


class Inert:
    """Takes the place of an object whose class is not imported, and has the attributes of that object."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.arguments = (args, kwargs)

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            vars(self).update({name: value for name, value in state.items() if isinstance(name, str)})

    def __setitem__(self, key: Any, value: Any) -> None:
        """Ignore an item of a mapping, since none is needed."""

    def append(self, item: Any) -> None:
        """Ignore an item of a list, since none is needed."""

    def extend(self, items: Any) -> None:
        """Ignore items of a list."""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read the dict in a file.

    Args:
        path: a file that pytracking (or `torch.save`) wrote.

    Returns:
        Its entries, with tensors on the CPU and objects of pytracking as `Inert`.

    Raises:
        UserError: the file is missing or damaged, holds no dict, or names anything other than tensors, numbers and
            pytracking's classes.
    """
    require_content(path)
    try:
        with _only_known({name: _inert_class(name) for name in _global_names(path) if _is_inert(name)}):
            content = load_tensors(path)
    except pickle.UnpicklingError as error:
        refused = re.search(r"GLOBAL (\S+)", str(error))
        if refused:
            raise UserError(
                f"weights {path} ask for {refused[1]}, which a weight file has no use for; nothing was executed: "
                "get the file from its authors"
            ) from error
        raise _damaged(path, error) from error
    except Exception as error:  # a damaged or malicious file can cause any error
        raise _damaged(path, error) from error
    if not isinstance(content, dict):
        raise UserError(f"weights {path} hold a {type(content).__name__}, not a checkpoint: name another file")
    return content


def load_tensors(path: Path) -> Any:
    """Load a file with torch's restricted unpickler, without its warnings; errors are those of the unpickler."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged files cause warnings about pickle protocols
        return torch.load(path, map_location="cpu", weights_only=True)


def require_content(path: Path) -> None:
    """Refuse a missing or empty file.

    Raises:
        UserError: the file is missing or empty.
    """
    if not path.is_file():
        raise UserError(f"weights {path} do not exist: restore the file, or name another one")
    if path.stat().st_size == 0:
        raise UserError(f"weights {path} are an empty file: restore it, a copy or download may have been cut off")


def network_state(content: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    """The state dict of a checkpoint, its entry `net`.

    Raises:
        UserError: there is none, or it is empty.
    """
    state = content.get("net")
    if isinstance(state, Mapping) and not state:
        raise UserError(f"weights {path} hold a network without tensors: restore the file")
    if not isinstance(state, Mapping) or not is_state(state, path.stat().st_size):
        entries = ", ".join(f"{entry!s:.40}" for entry in list(content)[:5]) or "nothing"
        raise UserError(f"weights {path} hold no network 'net' (but {entries}): name a checkpoint of pytracking")
    return dict(state)


def is_state(state: Any, size: int) -> bool:
    """Whether `state` maps names to tensors, none of which is too large for a file of `size` bytes."""
    return isinstance(state, Mapping) and all(
        isinstance(name, str) and isinstance(tensor, Tensor) and tensor.layout == torch.strided
        and tensor.numel() <= size
        for name, tensor in state.items()
    )  # fmt: skip


def constructor_arguments(content: Mapping[str, Any], names: tuple[str, ...], path: Path) -> dict[str, Any]:
    """The arguments with which the network of a checkpoint was built.

    Args:
        content: the contents of the file.
        names: the names of the builder's arguments, in their order.
        path: the file, for the message.

    Raises:
        UserError: the file does not contain them.
    """
    constructor = content.get("constructor")
    for _ in range(_LAYERS_OF_NETWORKS):
        keywords, positional = getattr(constructor, "kwds", None), getattr(constructor, "args", ())
        if not isinstance(constructor, Inert) or not isinstance(keywords, dict):
            break
        if not isinstance(positional, list | tuple) or len(positional) > len(names):
            break
        if not isinstance(keywords.get("net"), Inert):
            return dict(zip(names, positional, strict=False)) | keywords
        # The network was built around another one, which has its own constructor.
        constructor = getattr(keywords["net"], "constructor", None)
    raise UserError(f"weights {path} do not say how their network was built (constructor): name another file")


def first_line(error: Exception) -> str:
    """The first line of an error's message, at most 200 characters; the error's class if there is no message."""
    lines = str(error).splitlines()
    return f"{lines[0]:.200}" if lines else type(error).__name__


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(f"weights {path} are damaged or no weight file ({first_line(error)}): restore the file")


def _is_inert(name: str) -> bool:
    return name in _INERT_NAMES or name.startswith(_INERT_NAMESPACES)


def _inert_class(name: str) -> type:
    return type(name.rpartition(".")[2], (Inert,), {"__module__": "inert"})


def _global_names(path: Path) -> set[str]:
    """The dotted names that the pickles of a file use; the pickles are parsed, not executed."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            records = [name for name in archive.namelist() if name.endswith("data.pkl")]
            return {name for record in records for name in _names_in(archive.open(record))}
    with open(path, "rb") as file:
        return {name for _ in range(_PICKLES_BEFORE_TENSORS) for name in _names_in(file)}


def _names_in(file: IO[bytes]) -> Iterator[str]:
    for operation, argument, _ in pickletools.genops(file):
        if operation.name == "GLOBAL":
            yield str(argument).replace(" ", ".")


@contextmanager
def _only_known(classes: dict[str, type]) -> Iterator[None]:
    """A context in which torch's restricted unpickler allows only its own names and these classes."""
    before = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals([(kind, name) for name, kind in classes.items()])
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)
