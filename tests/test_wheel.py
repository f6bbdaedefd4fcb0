"""What a wheel puts where, and that it works where there is no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("ltr_ext", "tracker_ext", "minihost", "settings", "weights")
OURS = ("ltr_ext", "tracker_ext")
pytestmark = pytest.mark.slow
SCRIPT = """
import numpy as np
from pathlib import Path
from ltr_ext import host
from ltr_ext.paths import load_paths
from tracker_ext.segmentation import masks_from_boxes
frames = list(np.random.default_rng(0).integers(0, 256, (3, 48, 64, 3), np.uint8))
boxes = np.tile([20.0, 12, 24, 20], (3, 1))
print(*[frame.labels.shape for frame in masks_from_boxes(frames, boxes)])
print(host.resolve().home)
print(load_paths().source, load_paths().results_dir, load_paths().workspace_dir)
from tracker_ext.tracker.track_video import track_video
from tracker_ext.tracker_handle import TrackerHandle
from tracker_ext.registration import register
register()
track_video(TrackerHandle("lwl", "box2mask_init"), Path("clip"), [(20, 12, 24, 20)], Path("tracked"))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built of a copy, so that nothing is left in the checkout and nothing of an earlier build comes along."""
    if subprocess.run([sys.executable, "-c", "import setuptools, pip"], check=False, capture_output=True).returncode:
        pytest.skip("pip and setuptools, which build a wheel, are not both installed")
    source, dist = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    (source / "settings" / "paths.toml").write_text('davis_dir = "/home/me/secret"\n')
    (source / "tests").mkdir()
    (source / "tests" / "__init__.py").touch()
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "--wheel-dir", dist, source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def test_nothing_lies_beside_our_packages(names):
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == set(OURS)


def test_every_module_of_the_checkout_is_in_it(names):
    modules = {path.relative_to(ROOT).as_posix() for name in OURS for path in (ROOT / name).rglob("*.py")}
    modules |= {f"ltr_ext/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "minihost").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules


def test_weights_their_calibration_and_their_cards_are_in_it(names):
    shipped = {f"ltr_ext/shipped/{path.name}" for path in (ROOT / "weights").iterdir()}
    assert len(shipped) >= 5 and {name for name in names if "/shipped/" in name} == shipped


def test_the_example_of_a_settings_file_is_in_it_and_the_user_s_own_is_not(names):
    assert {name for name in names if name.endswith(".toml")} == {"ltr_ext/settings/paths.example.toml"}


def test_the_review_page_is_in_it(names):
    page = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tracker_ext/annotation/review/page").iterdir()}
    assert len(page) > 3 and page <= names


def test_it_segments_and_tracks_from_an_empty_folder(wheel, tmp_path):
    site, work = tmp_path / "site", tmp_path / "work"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (work / "clip").mkdir(parents=True)
    for number, frame in enumerate(np.random.default_rng(0).integers(0, 256, (3, 48, 64, 3), np.uint8)):
        cv2.imwrite(str(work / "clip" / f"{number:03d}.png"), frame)
    unset = ("BOX2MASK_SETTINGS", "BOX2MASK_HOST", "PYTRACKING_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"PYTHONPATH": str(site), "XDG_CONFIG_HOME": str(tmp_path / "config"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=work, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stdout.splitlines()
    assert lines[0] == "(48, 64) (48, 64) (48, 64)"
    assert lines[1] == str(site / "ltr_ext" / "minihost")
    assert lines[2] == f"{tmp_path}/config/box2mask/paths.toml {work}/results {work}/workspace"
    assert len(list((work / "tracked" / "masks").glob("*.png"))) == 3
