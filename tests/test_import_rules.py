"""Who may import whom, read from the source of every file.

run_*.py -> tracker_ext, ltr_ext -> ltr_ext.models, ltr_ext.losses
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOST = ("ltr", "pytracking")
OURS = ("ltr_ext", "tracker_ext", "minihost")
FILES = sorted(
    path.relative_to(ROOT)
    for pattern in ("run_*.py", "ltr_ext/**/*.py", "tracker_ext/**/*.py", "minihost/**/*.py")
    for path in ROOT.glob(pattern)
)

MAY_IMPORT_THE_HOST = (
    "ltr_ext/actors/",
    "ltr_ext/data/sampler.py",
    "ltr_ext/data/processing.py",
    "ltr_ext/dataset/",
    "ltr_ext/trainers/",
    "ltr_ext/train_settings/",
    "tracker_ext/tracker/",
    "tracker_ext/parameter/",
    "tracker_ext/adapters/",
    "tracker_ext/evaluation/datasets.py",
    "tracker_ext/evaluation/mask_sets.py",
    "tracker_ext/evaluation/sequences.py",
    # the seams: finding the host, adding our names to it, running through it
    "ltr_ext/host.py",
    "tracker_ext/registration.py",
    "tracker_ext/tracker_handle.py",
    "tracker_ext/commands/train.py",
)

HOST_SURFACE = {
    "ltr": {"load_network", "model_constructor", "MultiGPU"},
    "ltr.actors": {"BaseActor"},
    "ltr.admin.environment": {"env_settings"},
    "ltr.admin.loading": {"load_network"},
    "ltr.admin.settings": {"Settings"},
    "ltr.admin.stats": {"AverageMeter", "StatValue"},
    "ltr.data": {"LTRLoader", "transforms"},
    "ltr.data.processing": {"BaseProcessing"},
    "ltr.dataset": {"Davis", "Got10k", "Got10kVOS", "Lasot", "LasotVOS", "TrackingNet", "YouTubeVOS"},
    "ltr.run_training": {"run_training"},
    "ltr.trainers": {"LTRTrainer"},
    "pytracking": {"TensorDict", "TensorList"},
    "pytracking.analysis.plot_results": {"plot_results", "print_results"},
    "pytracking.evaluation": {"Sequence", "Tracker", "get_dataset", "trackerlist"},
    "pytracking.evaluation.data": {"BaseDataset", "Sequence", "SequenceList"},
    "pytracking.evaluation.datasets": {"DatasetInfo", "dataset_dict"},
    "pytracking.evaluation.multi_object_wrapper": {"MultiObjectWrapper"},
    "pytracking.evaluation.running": {"run_dataset"},
    "pytracking.parameter": set(),
    "pytracking.tracker.base": {"BaseTracker"},
    "pytracking.utils": {"TrackerParams"},
}
"""The names of the host we build on: both hosts have them. A new name is added here, to minihost and to tests/host."""

LAYERS = (
    "video", "segmentation", "tracker", "evaluation", "annotation", "export", "vot", "editor", "systems", "adapters",
    "commands",
)  # fmt: skip

FILE_AND_MACHINE_MODULES = {"cv2", "io", "json", "os", "pathlib", "PIL", "pickle", "safetensors", "shutil", "tempfile"}


@cache
def imports(path: Path) -> tuple[tuple[str, str | None], ...]:
    """(module, name) of every import statement; name is None for `import module`."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, str | None]]:
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.with_suffix("").parts[: -node.level] if node.level else ()
            module = ".".join([*package, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


def is_below(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def everywhere(condition: str) -> list[Path]:
    return [path for path in FILES if path.as_posix().startswith(condition)]


def above(*allowed: str) -> tuple[str, ...]:
    """The layers of `tracker_ext` but for those allowed: video <- segmentation <- tracker, ... <- vot."""
    return tuple(f"tracker_ext.{layer}" for layer in LAYERS if layer not in allowed)


def test_there_is_something_to_check():
    assert {path.parts[0] for path in FILES} >= {"ltr_ext", "tracker_ext", "minihost", "run_tracker.py"}


@pytest.mark.parametrize(
    ("below", "forbidden"),
    [
        pytest.param("minihost/", OURS, id="minihost stands alone"),
        pytest.param("ltr_ext/", ("tracker_ext", "minihost"), id="training does not know tracking"),
        pytest.param("tracker_ext/", ("minihost",), id="the host is reached by its own name only"),
        pytest.param("ltr_ext/paths.py", ("tracker_ext", "minihost", *HOST), id="paths are plain"),
        pytest.param("ltr_ext/models/", ("ltr_ext.paths", "tracker_ext", *HOST), id="models are pure torch"),
        pytest.param("ltr_ext/losses/", ("ltr_ext.paths", "tracker_ext", *HOST), id="losses are pure torch"),
        pytest.param("tracker_ext/video/", above("video"), id="video is the lowest layer"),
        pytest.param("tracker_ext/segmentation/", above("video", "segmentation"), id="segmentation knows video"),
        pytest.param("tracker_ext/tracker/", above("video", "segmentation", "tracker"), id="tracker and no sibling"),
        pytest.param(
            "tracker_ext/evaluation/", above("video", "segmentation", "evaluation"), id="evaluation and no sibling"
        ),
        pytest.param(
            "tracker_ext/annotation/", above("video", "segmentation", "annotation"), id="annotation and no sibling"
        ),
        pytest.param(
            "tracker_ext/editor/",
            above("video", "segmentation", "tracker", "annotation", "export", "editor"),
            id="the editor knows neither scores nor the VOT toolkit",
        ),
        pytest.param(
            "tracker_ext/adapters/",
            above("video", "segmentation", "tracker", "adapters"),
            id="adapters are trackers",
        ),
        pytest.param("tracker_ext/export/", above("video", "export"), id="export needs no network"),
    ],
)
def test_direction(below, forbidden):
    wrong = [
        f"{path}: {module}" for path in everywhere(below) for module, _ in imports(path) if is_below(module, *forbidden)
    ]
    assert wrong == []


@pytest.mark.parametrize("below", ["ltr_ext/models/", "ltr_ext/losses/"])
def test_networks_and_losses_use_no_files_and_nothing_else_of_ours(below):
    wrong = []
    for path in everywhere(below):
        for module, _ in imports(path):
            outside = is_below(module, "ltr_ext") and not is_below(module, "ltr_ext.models", "ltr_ext.losses")
            if outside or module.split(".")[0] in FILE_AND_MACHINE_MODULES:
                wrong.append(f"{path}: {module}")
    assert wrong == []


def test_only_the_listed_files_touch_the_host():
    wrong = [
        f"{path}: {module}"
        for path in FILES
        if path.parts[0] != "minihost" and not path.as_posix().startswith(MAY_IMPORT_THE_HOST)
        for module, _ in imports(path)
        if is_below(module, *HOST)
    ]
    assert wrong == []


def test_the_host_is_touched_only_by_names_that_both_hosts_have():
    wrong = []
    for path in FILES:
        if path.parts[0] == "minihost":
            continue
        for module, name in imports(path):
            known = HOST_SURFACE.get(module)
            if is_below(module, *HOST) and (known is None or (name is not None and name not in known)):
                wrong.append(f"{path}: {module} {name or ''}")
    assert wrong == []


def test_nobody_imports_an_entry_script():
    scripts = {path.stem for path in FILES if len(path.parts) == 1}
    assert [f"{path}: {module}" for path in FILES for module, _ in imports(path) if module in scripts] == []


def test_no_two_test_files_share_a_name():
    """Folders of tests are no packages: pytest refuses to collect a second module of the same name."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def test_the_reading_of_imports_is_right(tmp_path, monkeypatch):
    """The other tests are worth what this function is worth."""
    package = tmp_path / "ltr_ext" / "models"
    package.mkdir(parents=True)
    (package / "a.py").write_text(
        "import os.path\nfrom . import b\nfrom .. import host\ndef f():\n    from pytracking import C\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    found = list(_imports(Path("ltr_ext/models/a.py")))
    assert found == [("os.path", None), ("ltr_ext.models", "b"), ("ltr_ext", "host"), ("pytracking", "C")]
