"""Repairs that upstream pytracking (commit 7eb9e74) needs to run on today's Python, PyTorch and NumPy.

There are two kinds, neither of which changes upstream's files: a stand-in for a package that is not installed, and a
change to a module right after its import. The docstring of each function says why it is needed. `host.resolve` calls
`install` before the first import of upstream; on minihost it is not called.

There is no stand-in for TraX, which only VOT runs need, nor for TensorBoard, which is one of our own requirements.
"""

from __future__ import annotations

import collections.abc
import importlib
import importlib.machinery
import importlib.util
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import cv2
import numpy as np

Mend = Callable[[ModuleType], None]


def install() -> None:
    """Install all stand-ins and repairs; this imports nothing of upstream."""
    stand_in_for_packages()
    finder = _MendAfterImport(repairs())
    sys.meta_path.insert(0, finder)
    finder.mend_loaded()


def stand_in_for_packages() -> None:
    """Install all stand-ins, which docs/shims.md lists."""
    _stand_in_for_jpeg4py()
    _stand_in_for_visdom()
    _stand_in_for_tikzplotlib()
    _stand_in_for_skimage()
    _stand_in_for_timm()
    _stand_in_for_unused_packages()


def repairs() -> dict[str, Mend]:
    """The repairs by the module that they change, which docs/shims.md lists."""
    return {
        "pytracking.libs.tensorlist": _hide_dunder_names("TensorList"),
        "pytracking.libs.tensordict": _hide_dunder_names("TensorDict"),
        "pytracking.evaluation.tracker": _mend_tracker,
        "pytracking.analysis.vos_utils": _numpy_int,
        "pytracking.utils.plotting": _numpy_int,
        "pytracking.evaluation.environment": _ask_settings("pytracking.evaluation.local", "local_env_settings"),
        "ltr.admin.environment": _ask_settings("ltr.admin.local", "EnvironmentSettings"),
        "ltr.admin.loading": _allow_checkpoint_classes,
        "ltr.data.loader": _collate_names,
        "ltr.trainers.base_trainer": _scheduler_may_be_none,
        "torchvision.models.resnet": _model_urls,
    }


class _MendAfterImport(importlib.machinery.PathFinder):
    """Finds the listed modules as usual, and repairs each one after its code has been executed."""

    def __init__(self, mends: dict[str, Mend]) -> None:
        self._mends = mends

    def mend_loaded(self) -> None:
        """Repair the modules that are imported already (as a rule, torchvision's)."""
        for name, mend in self._mends.items():
            if name in sys.modules:
                mend(sys.modules[name])

    def find_spec(  # type: ignore[override]
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        mend = self._mends.get(fullname)
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target) if mend else None
        if mend is None or spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_mend(module: ModuleType) -> None:
            execute(module)
            mend(module)

        spec.loader.exec_module = execute_and_mend  # type: ignore[method-assign]
        return spec


# Repairs of modules after their import.


def _hide_dunder_names(class_name: str) -> Mend:
    """Upstream's containers have every attribute, even `__torch_function__`, so torch takes them for tensors."""

    def mend(module: ModuleType) -> None:
        kind = getattr(module, class_name)
        look_up = kind.__getattr__

        def hide_dunder(self: Any, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return look_up(self, name)

        kind.__getattr__ = hide_dunder

    return mend


def _ask_settings(local: str, function: str) -> Mend:
    """After any error in the user's settings, upstream writes a template into its own tree and hides the error."""

    def mend(module: ModuleType) -> None:
        def env_settings() -> Any:
            return getattr(importlib.import_module(local), function)()

        module.env_settings = env_settings  # type: ignore[attr-defined]

    return mend


def _mend_tracker(module: ModuleType) -> None:
    _run_without_gpu(module)
    _draw_any_boxes(module)


def _draw_any_boxes(module: ModuleType) -> None:
    """Without visdom, upstream cannot display a single box, a dict of boxes by object, or more than nine boxes."""
    draw = module.Tracker.visualize

    def visualize(self: Any, image: np.ndarray, state: Any, segmentation: np.ndarray | None = None) -> None:
        draw(self, image, list(_boxes_in(state))[:9], segmentation)

    module.Tracker.visualize = visualize


def _boxes_in(state: Any) -> Iterator[Any]:
    """The boxes in a state, which is a box, a list or dict of boxes, a list of such dicts, or None."""
    if isinstance(state, dict):
        state = list(state.values())
    if state is None or len(state) == 0:
        return
    if np.ndim(state[0]) == 0 and not isinstance(state[0], dict) and state[0] is not None:
        yield state
        return
    for part in state:
        yield from _boxes_in(part)


def _run_without_gpu(module: ModuleType) -> None:
    """Upstream's parameter files all demand a GPU; without one, every sequence fails and the run reports success."""
    load = module.Tracker.get_parameters

    def get_parameters(self: Any) -> Any:
        import torch

        params = load(self)
        if not torch.cuda.is_available():
            for holder in (params, getattr(params, "net", None)):
                if holder is not None and "use_gpu" in vars(holder):
                    holder.use_gpu = False
        return params

    module.Tracker.get_parameters = get_parameters


def _numpy_int(_: ModuleType) -> None:
    """NumPy 1.24 removed `np.int`, which evaluate_vos and the overlays use."""
    vars(np)["int"] = int


def _allow_checkpoint_classes(_: ModuleType) -> None:
    """`torch.load` refuses upstream's own classes by default; naming them allows them and still nothing else."""
    import torch

    admin = {name: importlib.import_module(f"ltr.admin.{name}") for name in ("model_constructor", "stats", "settings")}
    torch.serialization.add_safe_globals(
        [
            admin["model_constructor"].NetConstructor,
            admin["stats"].AverageMeter,
            admin["stats"].StatValue,
            admin["settings"].Settings,
            importlib.import_module("ltr.admin.local").EnvironmentSettings,
        ]
    )


def _collate_names(module: ModuleType) -> None:
    """Collating lists, dicts and arrays uses names that `collections` and torch's `dataloader` no longer have."""
    import torch
    from torch.utils.data import dataloader

    module.collections = collections.abc  # type: ignore[attr-defined]
    dataloader.re = re  # type: ignore[attr-defined]
    integers: dict[str, type] = dict.fromkeys(("int64", "int32", "int16", "int8", "uint8"), torch.LongTensor)
    floats: dict[str, type] = {"float64": torch.DoubleTensor, "float32": torch.FloatTensor, "float16": torch.HalfTensor}
    dataloader.numpy_type_map = integers | floats  # type: ignore[attr-defined]


def _scheduler_may_be_none(module: ModuleType) -> None:
    """`lr_scheduler=None`, the default, crashes after the first epoch; a constant schedule has the same effect."""
    construct = module.BaseTrainer.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        construct(self, *args, **kwargs)
        if self.lr_scheduler is None:
            from torch.optim.lr_scheduler import LambdaLR

            self.lr_scheduler = LambdaLR(self.optimizer, lambda epoch: 1.0)

    module.BaseTrainer.__init__ = __init__


def _model_urls(module: ModuleType) -> None:
    """Upstream's backbones import a table of download addresses that torchvision no longer has."""
    if not hasattr(module, "model_urls"):
        module.model_urls = {}  # type: ignore[attr-defined]


# Stand-ins for packages.


class _Jpeg:
    """The only call that upstream makes: `JPEG(path).decode()` -> [H, W, 3] uint8 RGB."""

    def __init__(self, path: str) -> None:
        self._path = path

    def decode(self) -> np.ndarray:
        image = cv2.imread(str(self._path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            raise OSError(f"{self._path} cannot be decoded as a picture")
        return image


def _stand_in_for_jpeg4py() -> None:
    """jpeg4py needs a system library, and OpenCV decodes as fast, so jpeg4py is always replaced."""
    _module("jpeg4py", JPEG=_Jpeg)


def _stand_in_for_visdom() -> None:
    """visdom is optional; upstream uses matplotlib instead if it cannot make a visdom client."""
    if not _installed("visdom"):
        _module("visdom", Visdom=_unavailable("visdom", "Visdom"), server=_module("visdom.server"))


def _stand_in_for_tikzplotlib() -> None:
    """The plots import tikzplotlib without using it, and its release cannot be imported with today's matplotlib."""
    try:
        importlib.import_module("tikzplotlib")
    except ImportError:
        _module("tikzplotlib", save=_unavailable("tikzplotlib-patched", "save"))


def _stand_in_for_skimage() -> None:
    """The contour measure uses two functions of scikit-image, which OpenCV has, too."""
    if _installed("skimage"):
        return

    def disk(radius: float) -> np.ndarray:
        """[2r + 1, 2r + 1] uint8 that is 1 within `radius` r of the centre."""
        reach = np.arange(-int(radius), int(radius) + 1)
        return (reach[:, None] ** 2 + reach[None, :] ** 2 <= radius**2).astype(np.uint8)

    def binary_dilation(image: np.ndarray, footprint: np.ndarray) -> np.ndarray:
        """The dilated image [H, W] bool."""
        return cv2.dilate(np.asarray(image, np.uint8), footprint).astype(bool)

    _module("skimage", morphology=_module("skimage.morphology", disk=disk, binary_dilation=binary_dilation))


def _stand_in_for_timm() -> None:
    """A backbone that we do not use imports `timm.models.layers`, and all networks of upstream import that backbone."""
    if _installed("timm"):
        warnings.filterwarnings("ignore", message="Importing from timm.models.layers")
    else:
        _module(
            "timm.models.layers",
            **{name: _unavailable("timm", name) for name in ("DropPath", "to_2tuple", "trunc_normal_")},
        )


def _stand_in_for_unused_packages() -> None:
    """Modules that we need import these packages for functions that we do not use."""
    if not _installed("pycocotools"):
        coco = _module("pycocotools.coco", COCO=_unavailable("pycocotools", "COCO"))
        _module("pycocotools", coco=coco, mask=_module("pycocotools.mask"))
    if not _installed("lvis"):
        _module("lvis", LVIS=_unavailable("lvis", "LVIS"))
        _module("lvis.lvis", LVIS=_unavailable("lvis", "LVIS"))
    if not _installed("scipy"):
        _module("scipy.io", loadmat=_unavailable("scipy", "loadmat"))
    pool = "ltr.external.PreciseRoIPooling.pytorch.prroi_pool"
    _module(pool, PrRoIPool2D=_unavailable("PreciseRoIPooling", "PrRoIPool2D"))


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _module(name: str, **attributes: Any) -> ModuleType:
    """Put a module with these attributes into `sys.modules`."""
    module = ModuleType(name, "Stand-in, see ltr_ext.host_shims.")
    vars(module).update(attributes)
    module.__path__ = []  # a package without files: its submodules are in sys.modules already
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    sys.modules[name] = module
    return module


def _unavailable(package: str, name: str) -> type:
    """A class that can be imported; using it raises `ImportError`, which names the missing package."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        raise ImportError(f"{name} needs the package {package}, which is not installed")

    return type(name, (), {"__init__": __init__})
