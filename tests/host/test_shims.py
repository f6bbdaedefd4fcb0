"""The repairs for upstream, each on a module made here; and on upstream itself when that is the host."""

from __future__ import annotations

import importlib
import re
import sys
from collections import OrderedDict
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from ltr_ext import host, host_shims
from ltr_ext.paths import REPOSITORY


@pytest.fixture
def no_stand_ins(monkeypatch):
    """Stand-ins made in a test are gone after it."""
    monkeypatch.setattr(sys, "modules", sys.modules.copy())


def test_a_module_is_mended_right_after_its_import(monkeypatch, tmp_path):
    (tmp_path / "to_be_mended.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    finder = host_shims._MendAfterImport({"to_be_mended": lambda module: setattr(module, "VALUE", module.VALUE + 1)})
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    module = importlib.import_module("to_be_mended")
    assert module.VALUE == 2
    finder.mend_loaded()
    assert module.VALUE == 3, "a module that was imported before is mended in place"
    del sys.modules["to_be_mended"]


def test_reserved_names_are_hidden_from_torch():
    class Eager(list):
        def __getattr__(self, name):
            return name

    module = SimpleNamespace(Eager=Eager)
    assert hasattr(Eager(), "__torch_function__")
    host_shims._hide_dunder_names("Eager")(module)
    assert not hasattr(Eager(), "__torch_function__")
    assert Eager().mean == "mean"


@pytest.mark.parametrize(
    ("state", "boxes"),
    [
        pytest.param([1, 2, 3, 4], [[1, 2, 3, 4]], id="bare box"),
        pytest.param(np.array([1, 2, 3, 4]), [[1, 2, 3, 4]], id="bare array"),
        pytest.param(None, [], id="none"),
        pytest.param([[1, 2, 3, 4], [5, 6, 7, 8]], [[1, 2, 3, 4], [5, 6, 7, 8]], id="list of boxes"),
        pytest.param([None, [5, 6, 7, 8]], [[5, 6, 7, 8]], id="list with a gap"),
        pytest.param(OrderedDict({"1": [1, 2, 3, 4], "2": [5, 6, 7, 8]}), [[1, 2, 3, 4], [5, 6, 7, 8]], id="by object"),
        pytest.param([{"1": [1, 2, 3, 4]}, [5, 6, 7, 8]], [[1, 2, 3, 4], [5, 6, 7, 8]], id="mixed"),
    ],
)
def test_boxes_to_draw(state, boxes):
    assert [list(box) for box in host_shims._boxes_in(state)] == boxes


def test_without_a_scheduler_the_rate_stays():
    class BaseTrainer:
        def __init__(self, optimizer, lr_scheduler=None):
            self.optimizer, self.lr_scheduler = optimizer, lr_scheduler

    host_shims._scheduler_may_be_none(SimpleNamespace(BaseTrainer=BaseTrainer))
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    trainer = BaseTrainer(optimizer)
    optimizer.step()
    trainer.lr_scheduler.step()
    assert optimizer.param_groups[0]["lr"] == 0.5
    given = object()
    assert BaseTrainer(optimizer, given).lr_scheduler is given


@pytest.mark.skipif(torch.cuda.is_available(), reason="with a GPU the parameters stay as they are")
def test_parameters_do_not_ask_for_a_gpu_that_is_not_there():
    class Tracker:
        def get_parameters(self):
            return SimpleNamespace(use_gpu=True, net=SimpleNamespace(use_gpu=True), other=1)

    host_shims._run_without_gpu(SimpleNamespace(Tracker=Tracker))
    params = Tracker().get_parameters()
    assert (params.use_gpu, params.net.use_gpu, params.other) == (False, False, 1)


def test_jpeg_stand_in_reads_rgb_and_raises_on_what_it_cannot_read(no_stand_ins, tmp_path):
    host_shims._stand_in_for_jpeg4py()
    from jpeg4py import JPEG

    path = tmp_path / "red.png"
    cv2.imwrite(str(path), np.full((4, 5, 3), (0, 0, 255), np.uint8))
    assert JPEG(str(path)).decode()[0, 0].tolist() == [255, 0, 0]
    with pytest.raises(OSError, match=r"none\.jpg"):
        JPEG(str(tmp_path / "none.jpg")).decode()


def test_skimage_stand_in_dilates_like_the_original(no_stand_ins, monkeypatch):
    monkeypatch.setattr(host_shims, "_installed", lambda name: False)
    host_shims._stand_in_for_skimage()
    from skimage.morphology import binary_dilation, disk

    assert disk(1).tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert disk(2).sum() == 13
    point = np.zeros((5, 5), bool)
    point[2, 2] = True
    np.testing.assert_array_equal(binary_dilation(point, disk(2)), disk(2).astype(bool))


def test_a_missing_package_says_what_to_install_once_it_is_used(no_stand_ins, monkeypatch):
    monkeypatch.setattr(host_shims, "_installed", lambda name: False)
    host_shims._stand_in_for_unused_packages()
    from lvis import LVIS

    with pytest.raises(ImportError, match="lvis"):
        LVIS("annotations.json")


def test_the_page_lists_every_shim_once_with_its_reason(no_stand_ins, monkeypatch):
    page = (REPOSITORY / "docs" / "shims.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| `")]
    listed = [name for row in rows for name in re.findall(r"`([\w.]+)`", row[0])]
    monkeypatch.setattr(host_shims, "_installed", lambda name: False)
    monkeypatch.setattr(sys, "modules", {name: module for name, module in sys.modules.items() if "tikz" not in name})
    made = []
    monkeypatch.setattr(host_shims, "_module", lambda name, **parts: made.append(name) or ModuleType(name))
    monkeypatch.setattr(host_shims.importlib, "import_module", _not_there)
    host_shims.stand_in_for_packages()
    tops = {name if name.startswith("ltr.") else name.split(".")[0] for name in made}
    assert len(tops) > 8
    assert sorted(listed) == sorted(tops | host_shims.repairs().keys())
    assert all(len(row) == 3 and all(len(cell.split()) > 2 for cell in row[1:]) for row in rows)


def _not_there(name):
    raise ImportError(name)


needs_upstream = pytest.mark.skipif(host.resolve().name != "upstream", reason="the host is minihost")


@needs_upstream
def test_upstreams_solver_runs():
    """TensorList as the argument of `torch.autograd.grad` is what every solver of upstream does."""
    from ltr.models.meta.steepestdescent import GNSteepestDescent
    from pytracking import TensorList

    class Residual(torch.nn.Module):
        def forward(self, filters, **kwargs):
            return TensorList([filters[0] - 3])

    start = TensorList([torch.zeros(1, 1)])
    solver = GNSteepestDescent(Residual(), num_iter=3, compute_losses=False)
    filters, *_ = solver(start, num_iter=3)
    torch.testing.assert_close(filters[0].detach(), torch.full((1, 1), 3.0))


@needs_upstream
@pytest.mark.parametrize("module", ["ltr.dataset", "ltr.models.lwl.sta_net", "pytracking.analysis.evaluate_vos"])
def test_upstreams_modules_import(module):
    assert isinstance(importlib.import_module(module), ModuleType)


@needs_upstream
def test_upstream_reads_its_own_checkpoints_and_executes_nothing(tmp_path):
    from ltr.admin.loading import torch_load_legacy
    from ltr.admin.model_constructor import NetConstructor
    from ltr.admin.settings import Settings

    path = tmp_path / "net.pth.tar"
    torch.save({"constructor": NetConstructor("f", "m", [], {}), "settings": Settings()}, path)
    assert torch_load_legacy(path)["constructor"].fun_name == "f"

    class Harmful:
        def __reduce__(self):
            return (print, ("executed",))

    torch.save({"net": Harmful()}, path)
    with pytest.raises(Exception, match="Weights only load failed"):
        torch_load_legacy(path)
