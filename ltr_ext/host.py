"""The host: upstream pytracking or minihost, found once and made importable as `ltr` and `pytracking`.

    from ltr_ext import host
    host.resolve()          # at the top level of every entry script, which spawned workers import again

The host is the checkout named by `PYTRACKING_HOME`, otherwise the submodule `pytracking/` if it is checked out,
otherwise `minihost/`. In a wheel, minihost lies in `ltr_ext/`, and there is no submodule. `BOX2MASK_HOST` or the
argument of `resolve` can demand `upstream` or `minihost`. Upstream is used unmodified; `host_shims` mends what keeps it
from running on today's libraries. Both hosts get the machine's paths from the settings, through the two `local` modules
that upstream expects every user to write.
"""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ltr_ext.errors import UserError
from ltr_ext.paths import HOSTS, load_paths
from ltr_ext.program import INSTALLED

HOME_VARIABLE = "PYTRACKING_HOME"
CHOICE_VARIABLE = "BOX2MASK_HOST"
CHOICES = ("auto", "upstream", "minihost")
OPTION_HELP = (
    "run on pytracking itself (upstream) or on the stand-in that comes along (minihost); default auto: pytracking "
    "where it is checked out"
)
"""Help text of the commands' option --host."""
_MARKS_OF_A_CHECKOUT = ("ltr/trainers/ltr_trainer.py", "pytracking/evaluation/running.py")


@dataclass(frozen=True)
class Host:
    """The host on which this process runs."""

    name: str
    """`upstream` or `minihost`."""
    home: Path
    """The folder that holds the packages `ltr` and `pytracking`."""
    reason: str
    """Why this host was chosen, in words for the user."""

    def __str__(self) -> str:
        return f"{self.name} at {self.home} ({self.reason})"


_resolved: Host | None = None


def resolve(choice: str = "auto") -> Host:
    """Find the host and make it importable; later calls return the same host.

    The host is put first on `sys.path`, and the `local` modules and, for upstream, the shims are installed. The choice
    is written to `BOX2MASK_HOST`, so that spawned workers use the same host.

    Args:
        choice: `upstream`, `minihost`, or `auto`, which means the value of `BOX2MASK_HOST` or else the order above.

    Raises:
        UserError: the choice is unknown, `PYTRACKING_HOME` is not a checkout of pytracking, upstream was demanded and
            is not there, or the process already runs on the other host.
    """
    global _resolved
    wanted = choice if choice != "auto" else os.environ.get(CHOICE_VARIABLE) or "auto"
    if wanted not in CHOICES:
        raise UserError(f"host {wanted}: unknown; known are {', '.join(CHOICES)}")
    if _resolved is None:
        host = find(wanted)
        _install(host)
        os.environ[CHOICE_VARIABLE] = host.name
        _resolved = host
    if wanted not in ("auto", _resolved.name):
        raise UserError(f"host {wanted}: this process already runs on {_resolved}; start a new one")
    return _resolved


def find(choice: str, hosts: Path = HOSTS) -> Host:
    """Decide which host to use, without importing or changing anything.

    Args:
        choice: one of `CHOICES`; here, `auto` ignores `BOX2MASK_HOST`.
        hosts: the folder that holds `minihost/` and, if it is checked out, the submodule `pytracking/`.

    Raises:
        UserError: `PYTRACKING_HOME` is not a checkout of pytracking, or upstream was demanded and is not there.
    """
    if choice == "minihost":
        return Host("minihost", hosts / "minihost", "asked for")
    named = os.environ.get(HOME_VARIABLE)
    if named:
        home = Path(named).expanduser().resolve()
        if not _is_checkout(home):
            raise UserError(
                f"{HOME_VARIABLE}: {home} is not a checkout of visionml/pytracking; correct or unset the variable"
            )
        return Host("upstream", home, HOME_VARIABLE)
    submodule = hosts / "pytracking"
    if _is_checkout(submodule):
        return Host("upstream", submodule, "submodule")
    if choice == "upstream":
        fetch = "" if INSTALLED else f"{submodule} is not checked out; run `git submodule update --init`, or "
        raise UserError(f"host upstream: {fetch}set {HOME_VARIABLE} to a checkout of visionml/pytracking")
    return Host("minihost", hosts / "minihost", "no checkout of pytracking")


def _is_checkout(folder: Path) -> bool:
    return all((folder / mark).is_file() for mark in _MARKS_OF_A_CHECKOUT)


def _install(host: Host) -> None:
    """Make the host importable; raise `RuntimeError` if another `ltr` or `pytracking` was imported before."""
    for name in ("ltr", "pytracking"):
        module = sys.modules.get(name)
        if module is not None and not str(getattr(module, "__file__", "")).startswith(str(host.home)):
            raise RuntimeError(f"{name} was imported from {module!r} before ltr_ext.host.resolve() was called")
    sys.path.insert(0, str(host.home))
    _install_local_modules()
    if host.name == "upstream":
        from ltr_ext import host_shims

        host_shims.install()


# The two settings modules of the host: its attribute -> (our field of the settings, folder below that path).
_TRAINING_PATHS = {
    "workspace_dir": ("workspace_dir", ""),
    "tensorboard_dir": ("workspace_dir", "tensorboard"),
    "pretrained_networks": ("pretrained_dir", ""),
    "davis_dir": ("davis_dir", ""),
    "davis16_dir": ("davis16_dir", ""),
    "davis_testdev_dir": ("davis_testdev_dir", ""),
    "youtubevos_dir": ("youtubevos_dir", ""),
    "got10k_dir": ("got10k_dir", "train"),
    "lasot_dir": ("lasot_dir", ""),
    "trackingnet_dir": ("trackingnet_dir", ""),
}
_EVALUATION_PATHS = {
    "results_path": ("results_dir", "tracking_results"),
    "segmentation_path": ("results_dir", "segmentation_results"),
    "result_plot_path": ("results_dir", "result_plots"),
    "got_packed_results_path": ("results_dir", "packed_results/got10k"),
    "got_reports_path": ("results_dir", "packed_results/got10k_reports"),
    "tn_packed_results_path": ("results_dir", "packed_results/trackingnet"),
    "network_path": ("weights_dir", ""),
    "got10k_path": ("got10k_dir", ""),
    "lasot_path": ("lasot_dir", ""),
    "trackingnet_path": ("trackingnet_dir", ""),
    "davis_dir": ("davis_dir", ""),
    "youtubevos_dir": ("youtubevos_dir", ""),
}
_PATH_NAME_ENDINGS = ("_dir", "_path", "pretrained_networks", "pregenerated_masks")


def _values(mapping: dict[str, tuple[str, str]]) -> dict[str, str]:
    """The attributes of the host whose paths are set, as strings, since the host concatenates them."""
    paths = load_paths()
    values = dict(paths.host)
    for attribute, (field, below) in mapping.items():
        base = getattr(paths, field)
        if base is not None:
            values[attribute] = str(base / below)
    return values


def _refuse_unset(mapping: dict[str, tuple[str, str]], name: str) -> Any:
    """The `__getattr__` of both settings objects: asking for a path that is not set tells the user where to set it."""
    if name.startswith("_") or not name.endswith(_PATH_NAME_ENDINGS):
        raise AttributeError(name)
    source = load_paths().source
    if name in mapping:
        raise UserError(f"{mapping[name][0]} is not set: set it in {source}")
    raise UserError(f"{name} is not set: set it under [host] in {source}")


class EnvironmentSettings:
    """The training paths; takes the place of `ltr.admin.local.EnvironmentSettings`.

    Upstream pickles an instance into every checkpoint under that name, therefore `__module__` is set.
    """

    __module__ = "ltr.admin.local"

    def __init__(self) -> None:
        vars(self).update(_values(_TRAINING_PATHS))

    def __getattr__(self, name: str) -> Any:
        return _refuse_unset(_TRAINING_PATHS, name)


def local_env_settings() -> Any:
    """The evaluation paths; takes the place of `pytracking.evaluation.local.local_env_settings`."""
    base = importlib.import_module("pytracking.evaluation.environment").EnvSettings
    kind = type("LocalEnvSettings", (base,), {"__getattr__": lambda self, name: _refuse_unset(_EVALUATION_PATHS, name)})
    env = kind()
    for name in [name for name, value in vars(env).items() if value == ""]:
        delattr(env, name)  # "" is upstream's "not set"; without the attribute, `_refuse_unset` names the remedy
    vars(env).update(_values(_EVALUATION_PATHS))
    if _resolved is not None and _resolved.name == "upstream":  # the lists that upstream's got10k_ltrval reads
        vars(env).setdefault("dataspec_path", str(_resolved.home / "ltr" / "data_specs"))
    return env


def _install_local_modules() -> None:
    training = ModuleType("ltr.admin.local", "Training paths, from settings.")
    training.EnvironmentSettings = EnvironmentSettings  # type: ignore[attr-defined]
    evaluation = ModuleType("pytracking.evaluation.local", "Evaluation paths, from settings.")
    evaluation.local_env_settings = local_env_settings  # type: ignore[attr-defined]
    sys.modules.update({training.__name__: training, evaluation.__name__: evaluation})
