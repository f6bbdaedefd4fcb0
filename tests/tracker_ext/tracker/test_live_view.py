"""The live view: what is sent to visdom, and that tracking does not depend on it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from types import SimpleNamespace

import numpy as np
import pytest

from ltr_ext.errors import UserError
from tracker_ext.tracker import live_view
from tracker_ext.tracker.live_view import LiveView, parse_address, watched

FRAME = np.zeros((40, 60, 3), np.uint8)


class FakeClient:
    """Stands for visdom.Visdom; keeps what it is given."""

    answers = True

    def __init__(self, **options):
        self.options, self.calls = options, []

    def check_connection(self):
        return self.answers

    def image(self, picture, **options):
        self.calls.append(("image", picture, options))

    def line(self, **options):
        self.calls.append(("line", None, options))


@pytest.fixture
def fake_visdom(monkeypatch):
    """`sys.modules["visdom"]` with `FakeClient`."""
    monkeypatch.setitem(sys.modules, "visdom", SimpleNamespace(Visdom=FakeClient))


class Tracker:
    """Moves its box; two objects if it is told so."""

    multiobj_mode = "default"

    def __init__(self, params):
        self.params = params

    def initialize(self, image, info):
        self.boxes = info["init_bbox"]

    def track(self, image, info=None):
        mask = np.zeros(image.shape[:2], np.uint8)
        mask[5:15, 5:15] = 1
        several = isinstance(self.boxes, dict)
        score = dict.fromkeys(self.boxes, 0.5) if several else 0.5
        return {"target_bbox": self.boxes, "segmentation": mask, "object_presence_score": score}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("here:9000", ("here", 9000)),
        ("here", ("here", 8097)),
        (":9000", ("localhost", 9000)),
        ("http://here:9000/", ("here", 9000)),
    ],
)
def test_addresses(text, address):
    assert parse_address(text) == address
    with pytest.raises(UserError, match="is no port"):
        parse_address("here:now")


def test_frames_masks_boxes_and_scores_are_sent(fake_visdom):
    view = LiveView("somewhere:9000")
    client = view._client
    assert (client.options["server"], client.options["port"]) == ("http://somewhere", 9000)
    tracker = watched(Tracker, view, "clip")({})
    assert tracker.initialize(FRAME, {"init_bbox": {"1": [5, 5, 10, 10], "2": [30, 20, 9, 9]}}) is None
    output = tracker.track(FRAME)
    assert output["segmentation"].sum() == 100, "the result is the tracker's"
    kinds = [kind for kind, _, _ in client.calls]
    assert kinds == ["image", "image", "line", "line"]
    first, second = (picture for kind, picture, _ in client.calls if kind == "image")
    assert first.shape == (3, 40, 60) and first[:, 5, 5].any(), "the given box is drawn"
    filled = [picture.any(axis=0)[5:15, 5:15].all() for picture in (first, second)]
    assert filled == [False, True], "the mask is filled, once there is one"
    lines = [options for kind, _, options in client.calls if kind == "line"]
    assert [(line["name"], line["X"].item(), line["Y"].item()) for line in lines] == [
        ("object 1", 1, 0.5),
        ("object 2", 1, 0.5),
    ]
    assert {options["win"] for _, _, options in client.calls} == {"frame clip", "scores clip"}


def test_wide_frames_are_shrunk(fake_visdom):
    view = LiveView()
    view.show("clip", 0, np.zeros((500, 1280, 3), np.uint8), None, {}, {}, 0.1)
    assert view._client.calls[0][1].shape == (3, 250, 640)


def test_one_tracker_per_object_has_windows_of_its_own(fake_visdom):
    view = LiveView()
    for object_id in ("1", "2"):
        info = {"init_bbox": [1, 1, 5, 5], "object_ids": [object_id], "init_other": {}}
        watched(Tracker, view, "clip")({}).initialize(FRAME, info)
    assert [options["win"] for _, _, options in view._client.calls] == ["frame clip object 1", "frame clip object 2"]


def test_a_server_that_goes_away_is_reported_once_and_stops_nothing(fake_visdom, monkeypatch, capsys):
    def refuse(*args, **options):
        raise ConnectionError

    view = LiveView()
    monkeypatch.setattr(view._client, "image", refuse)
    tracker = watched(Tracker, view, "clip")({})
    tracker.initialize(FRAME, {"init_bbox": [1, 1, 5, 5]})
    assert tracker.track(FRAME)["target_bbox"] == [1, 1, 5, 5]
    assert capsys.readouterr().err.count("server is gone") == 1


def test_without_a_server(fake_visdom, monkeypatch):
    monkeypatch.setattr(FakeClient, "answers", False)
    with pytest.raises(UserError, match=r"--visdom localhost:8097: no visdom server answers; start one"):
        LiveView()


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "visdom", None)
    with pytest.raises(UserError, match="visdom is not installed"):
        LiveView()


@pytest.mark.slow
def test_on_a_real_server(tmp_path):
    pytest.importorskip("visdom", reason="extra visdom is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # its own entry point downloads scripts first
    start = "from visdom.server.run_server import main; main()"
    arguments = ["--hostname", "127.0.0.1", "-port", str(port), "-bind_local", "-env_path", str(tmp_path)]
    server = subprocess.Popen(
        [sys.executable, "-c", start, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        view = connect(f"127.0.0.1:{port}")
        tracker = watched(Tracker, view, "clip")({})
        tracker.initialize(FRAME, {"init_bbox": [5, 5, 10, 10]})
        for _ in range(3):
            tracker.track(FRAME)
        assert not view._gone
        windows = json.loads(view._client.get_window_data(win=None, env=live_view.ENVIRONMENT))
        assert set(windows) == {"frame clip", "scores clip"}
        assert windows["scores clip"]["content"]["data"][0]["x"] == [1, 2, 3]
        assert windows["frame clip"]["title"].startswith("clip: frame 3")
    finally:
        server.kill()
        server.wait()


def connect(address: str) -> LiveView:
    """Wait for the server to answer."""
    for _ in range(120):
        try:
            urllib.request.urlopen(f"http://{address}/env_state", timeout=1)
        except urllib.error.HTTPError:
            return LiveView(address)
        except OSError:
            time.sleep(0.5)
        else:
            return LiveView(address)
    raise AssertionError("the server did not start")
