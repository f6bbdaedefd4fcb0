"""What a wheel puts where, and that it works where there is no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
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
from tracker_ext.segmentation.prompts import Prompts
from tracker_ext.tracker.track_video import track_video
from tracker_ext.tracker_handle import TrackerHandle
from tracker_ext.registration import register
register()
track_video(TrackerHandle("lwl", "box2mask_init"), Path("clip"), Prompts({1: {0: boxes[0]}}), Path("tracked"))
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
    weights = ROOT / "weights"
    files = [path.relative_to(weights).as_posix() for path in weights.rglob("*") if path.is_file()]
    shipped = {f"ltr_ext/shipped/{name}" for name in files}
    assert len(shipped) >= 5 and {name for name in names if "/shipped/" in name} == shipped


def test_the_example_of_a_settings_file_is_in_it_and_the_user_s_own_is_not(names):
    assert {name for name in names if name.endswith(".toml")} == {"ltr_ext/settings/paths.example.toml"}


def test_the_review_page_is_in_it(names):
    page = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tracker_ext/annotation/review/page").iterdir()}
    assert len(page) > 3 and page <= names


@pytest.fixture(scope="module")
def bin_folder(wheel, tmp_path_factory) -> Path:
    """A virtual environment with the wheel in it, and what it depends on from the environment of the tests."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, symlinks=os.name != "nt")
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    site = subprocess.run(
        [scripts / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    install = [sys.executable, "-m", "pip", "--python", scripts / "python", "install", "--no-deps", "--no-index", wheel]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (Path(site) / "tests.pth").write_text(f"{Path(np.__file__).parents[1]}\n")
    return scripts


@pytest.fixture
def work(tmp_path) -> Path:
    """A folder with three frames of noise, and boxes."""
    folder = tmp_path / "work"
    (folder / "clip").mkdir(parents=True)
    for number, frame in enumerate(np.random.default_rng(0).integers(0, 256, (3, 48, 64, 3), np.uint8)):
        cv2.imwrite(str(folder / "clip" / f"{number:03d}.png"), frame)
    (folder / "boxes.txt").write_text("20,12,24,20\n" * 3)
    return folder


@pytest.fixture
def start(bin_folder, work):
    """Run a program of the environment in the folder, where no variable of ours is set."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        unset = ("BOX2MASK_SETTINGS", "BOX2MASK_HOST", "PYTRACKING_HOME", "PYTHONPATH")
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        environment |= {"XDG_CONFIG_HOME": str(work.parent / "config"), "OMP_NUM_THREADS": "1"}
        command = [bin_folder / str(words[0]), *map(str, words[1:])]
        return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)

    return run


def test_it_segments_and_tracks_from_python(start, work):
    done = start("python", "-c", SCRIPT)
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stdout.splitlines()
    assert lines[0] == "(48, 64) (48, 64) (48, 64)"
    assert lines[1].endswith(os.path.join("site-packages", "ltr_ext", "minihost")) and str(ROOT) not in lines[1]
    assert lines[2] == f"{work.parent}/config/box2mask/paths.toml {work}/results {work}/workspace"
    assert len(list((work / "tracked" / "masks").glob("*.png"))) == 3


COMMANDS = [
    pytest.param(["annotate", "video", "clip", "--boxes", "boxes.txt", "--out", "a"], "a/masks/002.png", id="video"),
    pytest.param(["annotate", "folder", "clip", "--boxes", "boxes.txt", "--out", "b", "--workers", "2"],
                 "b/davis/Annotations/480p/clip/00002.png", id="folder, in a worker"),
    pytest.param(["track", "lwl", "box2mask_init", "--video", "clip", "--box", "20,12,24,20", "--out", "c"],
                 "c/masks/002.png", id="track"),
    pytest.param(["track", "lwl", "box2mask_init", "demo", "--sequence", "dog", "--threads", "1", "--no-report"],
                 "results/tracking_results/lwl/box2mask_init/dog.txt", id="track, in a worker"),
]  # fmt: skip


@pytest.mark.parametrize("words, written", COMMANDS)
def test_commands(start, work, words, written):
    done = start("box2mask", *words)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (work / written).is_file() and "run_" not in done.stdout


def test_masks_are_exported_and_scored(start, work):
    assert start("box2mask", *COMMANDS[0].values[0]).returncode == 0
    assert start("box2mask", "export", "a", "--format", "binary", "--out", "e").returncode == 0
    assert len(list((work / "e" / "binary").rglob("*.png"))) == 3
    shutil.copytree(work / "clip", work / "davis" / "JPEGImages" / "480p" / "clip")
    shutil.copytree(work / "a" / "masks", work / "davis" / "Annotations" / "480p" / "clip")
    scored = start("box2mask", "evaluate", "davis", "--no-box2mask", "--grabcut-frames", "1")
    assert scored.returncode == 0 and "GrabCut" in scored.stdout, scored.stderr[-3000:]


def test_training_begins(start, work):
    done = start("box2mask", "train", "box2mask", "lite", "--max-iterations", "1")
    assert done.returncode == 0, done.stderr[-3000:]
    assert list((work / "workspace").rglob("*.safetensors"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["--help"], 0, "  track     follow objects", id="help"),
        pytest.param(["--version"], 0, "box2mask 0.", id="version"),
        pytest.param(["annotate", "folder", "--help"], 0, "box2mask annotate folder my_clips --out", id="sub-help"),
        pytest.param(["train", "--help"], 0, "  box2mask lite ", id="help of training"),
        pytest.param([], 2, "error: the following arguments are required: COMMAND; see box2mask --help", id="nothing"),
        pytest.param(["anotate"], 2, "did you mean annotate?; see box2mask --help", id="misspelt"),
        pytest.param(["annotate", "video", "clip", "--out", "x", "--box", "1,2,3,4"], 2,
                     "box2mask track lwl box2mask_init --video", id="the other command"),
        pytest.param(["track", "lwl", "box2mask_init", "got10k_val"], 2, "config/box2mask/paths.toml", id="settings"),
    ],
)  # fmt: skip
def test_help_and_mistakes(start, words, code, said):
    done = start("box2mask", *words)
    assert done.returncode == code
    assert said in done.stdout + done.stderr and "run_" not in done.stdout + done.stderr
    assert done.stderr.count("\n") == (code == 2)


def test_it_is_small(wheel):
    assert wheel.stat().st_size < 40e6
