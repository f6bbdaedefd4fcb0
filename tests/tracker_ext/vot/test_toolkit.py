"""The VOT toolkit itself, offline, on a miniature of VOT2020: measures whose value is known, and our trackers.

The toolkit has an environment of its own (`make test-vot` makes one); its folder is named by `BOX2MASK_VOT_TOOLKIT`.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from miniatures.shapes import draw_clip

from ltr_ext.data.image_io import write_jpeg, write_mask
from ltr_ext.paths import REPOSITORY
from tracker_ext.vot import workspace

VARIABLE = "BOX2MASK_VOT_TOOLKIT"
TOOLKIT = Path(os.environ.get(VARIABLE) or "/nonexistent").expanduser()
FRAMES = 18
LOST_AFTER = 3
BASELINE = ("--experiments", "baseline")
GRACE = 10
"""Frames without overlap after which the toolkit takes a run for failed."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (TOOLKIT / "bin" / "vot").is_file(),
        reason=f"{VARIABLE} names no environment with the VOT toolkit; run make test-vot",
    ),
]
pytest.importorskip("trax")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips in DAVIS layout, one ellipse each."""
    root = tmp_path_factory.mktemp("clips")
    for name in ("agility", "ball2"):
        images, masks = root / "JPEGImages/480p" / name, root / "Annotations/480p" / name
        images.mkdir(parents=True)
        masks.mkdir(parents=True)
        for t, frame in enumerate(draw_clip(name, FRAMES, sizes=[(96, 144)] * FRAMES)):
            write_jpeg(images / f"{t:05d}.jpg", frame.image, quality=95)
            write_mask(masks / f"{t:05d}.png", frame.labels)
    return root


def make_workspace(folder: Path, clips: Path, *options: str) -> Path:
    """A workspace with two runs of all frames per clip, and the trackers of `toolkit_trackers` besides ours."""
    arguments = [str(folder), "--dataset", str(clips), "--spacing", "50", *options]
    assert workspace.main(arguments) == 0
    script = Path(__file__).with_name("toolkit_trackers.py")
    entries = []
    for name in ("oracle", "loser", "crasher", "sleeper"):
        command = shlex.join([sys.executable, str(script), name])
        fields = [f"[{name}]", "protocol = trax", f"command = {command}", f"env_PYTHONPATH = {REPOSITORY}"]
        entries += [*fields, "timeout = 5" if name == "sleeper" else "timeout = 120", ""]
    with (folder / "trackers.ini").open("a") as file:
        file.write("\n".join(entries))
    return folder


@pytest.fixture(scope="module")
def mask_stack(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Path:
    return make_workspace(tmp_path_factory.mktemp("vot") / "masks", clips, "--tracker", "lwl/default", *BASELINE)


@pytest.fixture(scope="module")
def box_stack(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Path:
    return make_workspace(
        tmp_path_factory.mktemp("vot") / "boxes with blanks", clips, "--truth", "rectangle", *BASELINE
    )


def vot(folder: Path, *arguments: str) -> str:
    """Run the toolkit; it ends with code 0 even if a tracker failed, so the text is what counts."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [str(TOOLKIT / "bin" / "vot"), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def measures(folder: Path, tracker: str) -> tuple[float, float, float]:
    """Run experiments and analysis; EAO, accuracy, robustness of the baseline."""
    said = vot(folder, "evaluate", tracker)
    assert "Evaluation concluded" in said, said
    said = vot(folder, "analysis", tracker, "--name", tracker)
    assert "Analysis successful" in said, said
    results = json.loads((folder / "analysis" / f"{tracker}.json").read_text())["results"]["baseline"]["results"]
    ((eao,),), _, ((accuracy, robustness, *_),) = results
    return eao, accuracy, robustness


def stored(folder: Path, tracker: str, suffix: str) -> list[Path]:
    return sorted((folder / "results" / tracker / "baseline").glob(f"*/*{suffix}"))


def test_a_perfect_tracker_has_the_measures_that_follow_from_their_definition(mask_stack):
    """The initial frame counts as overlap 0 in accuracy, and not at all in EAO."""
    assert measures(mask_stack, "oracle") == pytest.approx((1.0, (FRAMES - 1) / FRAMES, 1.0))


def test_the_other_experiments_of_vot2020_run_too(clips, tmp_path):
    full = make_workspace(tmp_path / "ws", clips, "--tracker", "lwl/default")
    assert measures(full, "oracle")[0] == pytest.approx(1)
    results = json.loads((full / "analysis/oracle.json").read_text())["results"]
    assert list(results) == ["baseline", "realtime", "unsupervised"]
    assert results["unsupervised"]["results"][0][0][0] == pytest.approx(1)


def test_rectangles_are_measured_against_rectangles(box_stack):
    eao, accuracy, robustness = measures(box_stack, "oracle")
    assert (eao, accuracy) == pytest.approx((1.0, (FRAMES - 1) / FRAMES)) and robustness == 1


def test_empty_masks_are_a_lost_target(mask_stack):
    """Lost for more than the grace: the run counts up to where it was lost."""
    assert FRAMES - LOST_AFTER > GRACE
    eao, accuracy, robustness = measures(mask_stack, "loser")
    assert eao == pytest.approx(LOST_AFTER / (FRAMES - 1))
    assert (accuracy, robustness) == pytest.approx((LOST_AFTER / (LOST_AFTER + 1), (LOST_AFTER + 1) / FRAMES))


def test_our_tracker_on_masks(mask_stack):
    said = vot(mask_stack, "test", "lwl_default", "--sequence", "sequences/ball2")
    assert "Test concluded" in said, said
    eao, accuracy, robustness = measures(mask_stack, "lwl_default")
    assert robustness == 1 and eao > 0.6 and accuracy > 0.6
    assert len(stored(mask_stack, "lwl_default", ".bin")) == 4
    for path in stored(mask_stack, "lwl_default", "_confidence.value"):
        confidences = [float(line) for line in path.read_text().split()[-FRAMES + 1 :]]
        assert np.all((np.array(confidences) > 0) & (np.array(confidences) <= 1))


def test_our_tracker_from_boxes(box_stack):
    eao, accuracy, robustness = measures(box_stack, "lwl_box2mask_init")
    assert robustness == 1 and eao > 0.6 and accuracy > 0.6


@pytest.mark.parametrize(
    "tracker, said",
    [
        pytest.param("crasher", "Server terminated the session: out of luck", id="dies"),
        pytest.param("sleeper", "did not reply in 5 seconds", id="hangs"),
    ],
)
def test_the_toolkit_notices_a_tracker_that_fails(mask_stack, tracker, said):
    output = vot(mask_stack, "evaluate", tracker)
    assert said in output and "Evaluation concluded" not in output
    assert stored(mask_stack, tracker, ".bin") == []


def test_the_toolkit_notices_a_missing_picture(mask_stack, clips, tmp_path):
    """Our tracker says which, in the log that the toolkit writes."""
    broken = make_workspace(tmp_path / "ws", clips, "--tracker", "lwl/default")
    (broken / "sequences/agility/color/00000003.jpg").write_text("no picture")
    said = vot(broken, "evaluate", "lwl_default")
    assert "cannot be decoded" in said and "Evaluation concluded" not in said
    (log,) = (broken / "logs").glob("lwl_default_*.log")
    assert "error: image" in log.read_text().split("@@TRAX:quit")[0]
