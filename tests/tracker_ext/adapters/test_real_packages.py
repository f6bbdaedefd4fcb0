"""Each adapter with the real package and random weights; skipped where the package is not installed."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np
import pytest
import torch

from ltr_ext.errors import UserError
from tracker_ext.adapters import packages, parameters
from tracker_ext.adapters.whole_frame import WholeFrameTracker

HEIGHT, WIDTH = 64, 96
MODULES = {"cutie": "cutie", "stcn_official": "stcnbuf", "deaot": "aot"}


def installed(name: str) -> bool:
    return importlib.util.find_spec(MODULES[name]) is not None


@pytest.fixture(
    params=[
        ("cutie", "default"),
        ("stcn_official", "default"),
        ("deaot", "default"),
    ],
    ids=" ".join,
)
def adapter(request, tmp_path, monkeypatch):
    """(name, parameters) with the random weights that the package itself begins with, stored and read again."""
    name, parameter = request.param
    if not installed(name):
        pytest.skip(f"the package of {name} is not installed")
    module = importlib.import_module(f"tracker_ext.parameter.{name}.{parameter}")
    path = tmp_path / f"{name}.pth"
    torch.manual_seed(0)
    stored = []

    def store(net, state, file, *, spare=()):
        if not file.is_file() or file.stat().st_size == 0:
            torch.save(net.state_dict(), file)
            stored.append(file)
        else:
            fill(net, packages.read_state(file), file, spare=spare)

    fill = packages.fill
    loader = importlib.import_module("tracker_ext.adapters." + {"stcn_official": "stcn"}.get(name, name))
    path.touch()
    with monkeypatch.context() as context:
        context.setattr(loader, "fill", store)
        context.setattr(loader, "read_state", lambda *_: {})
        context.setattr(parameters, "load_box2mask", lambda: None)
        module.parameters(weights=(path,))
    assert stored == [path]
    monkeypatch.setattr(parameters, "load_box2mask", lambda: None)
    return name, module.parameters(weights=(path,))


def labels(**boxes) -> np.ndarray:
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    for name, (x, y, w, h) in boxes.items():
        found[y : y + h, x : x + w] = int(name[1:])
    return found


def test_two_objects_and_one_that_enters_late(adapter):
    name, params = adapter
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8) for _ in range(4)]
    places = {"2": (10, 8, 24, 30), "4": (50, 20, 24, 30)}
    tracker = WholeFrameTracker(params)
    first = tracker.initialize(frames[0], {
        "init_object_ids": list(places), "init_bbox": {i: list(map(float, box)) for i, box in places.items()},
        "init_mask": labels(_2=places["2"], _4=places["4"]),
    })  # fmt: skip
    if tracker.starts_from == "mask":
        given = labels(_2=places["2"], _4=places["4"])
        wrong = (first["segmentation"] != given).mean()
        assert wrong < 0.08, f"the first mask is what was given, but at its edges; {wrong:.2f} differ"
    late = {
        "init_object_ids": ["9"],
        "init_bbox": {"9": [4.0, 44.0, 20.0, 16.0]},
        "init_mask": labels(_9=(4, 44, 20, 16)),
    }
    for index, frame in enumerate(frames[1:], 1):
        found = tracker.track(frame, late if index == 2 else {"previous_output": {}})
        assert found["segmentation"].shape == (HEIGHT, WIDTH)
        assert set(np.unique(found["segmentation"])) <= {0, 2, 4, 9}
        assert list(found["target_bbox"]) == (["2", "4", "9"] if index > 1 else ["2", "4"])
    assert name in params.weights[0].name


def test_the_same_frames_give_the_same_masks(adapter):
    _, params = adapter
    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8) for _ in range(2)]
    info = {"init_bbox": [10.0, 8, 24, 30], "init_mask": labels(_1=(10, 8, 24, 30))}
    runs = []
    for _ in range(2):
        tracker = WholeFrameTracker(params)
        tracker.initialize(frames[0], dict(info))
        runs.append(tracker.track(frames[1])["segmentation"])
    assert np.array_equal(*runs)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_is_not_installed_is_said_in_one_line(name, tmp_path):
    if installed(name):
        pytest.skip("it is installed")
    file = tmp_path / "some.pth"
    file.touch()
    module = importlib.import_module(f"tracker_ext.parameter.{name}.default")
    with pytest.raises(UserError, match=f"{name} default: (needs )?the package") as caught:
        module.parameters(weights=(file,))
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match=r"no weights; get .* --weights FILE"):
        module.parameters()
