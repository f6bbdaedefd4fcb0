"""The tracker's process, with the client of vot-trax in the toolkit's place; and what loads a tracker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from ltr_ext.data.image_io import write_jpeg
from ltr_ext.errors import UserError
from ltr_ext.paths import REPOSITORY
from tracker_ext.vot import protocol, workspace

trax = pytest.importorskip("trax")
from trax.client import Client  # noqa: E402

SIZE = (64, 96)
PATIENCE = 120
"""Seconds; a loaded machine needs long to end a process, a hanging one never does."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[np.ndarray]]:
    """A bright disk that moves over noise: picture names, and its masks [H, W] bool."""
    folder, rng = tmp_path_factory.mktemp("clip"), np.random.default_rng(0)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    ground = rng.integers(0, 90, (*SIZE, 3), dtype=np.uint8)
    paths, masks = [], []
    for t in range(4):
        mask = (rows - 30) ** 2 + (columns - 30 - 3 * t) ** 2 < 15**2
        write_jpeg(folder / f"{t + 1:08d}.jpg", np.where(mask[..., None], np.uint8([230, 90, 40]), ground), quality=95)
        paths.append(str(folder / f"{t + 1:08d}.jpg"))
        masks.append(mask)
    return paths, masks


@contextmanager
def tracker_process(*arguments: str) -> Iterator[tuple[subprocess.Popen, Client]]:
    """A process as the toolkit starts it: standard error goes to a file, not to the pipe of the protocol."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1", "TRAX": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tracker_ext.vot.run", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        bufsize=0,
    )
    try:
        yield process, Client(stream=(process.stdin.fileno(), process.stdout.fileno()), log=lambda text: None)
    finally:
        process.kill()
        process.communicate()


def track(client: Client, paths: list[str], region: Any) -> list[np.ndarray]:
    """Masks [H, W] of the frames after the first."""
    images = [{"color": trax.image.FileImage.create(path)} for path in paths]
    client.initialize(images[0], [(region, {})], {})
    found = [client.frame(image, {}, [])[0][0][0] for image in images[1:]]
    assert [region.size() for region in found] == [SIZE[::-1]] * len(found)
    return [protocol.region_mask(region, SIZE) for region in found]


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / (a | b).sum()


@pytest.mark.slow
def test_masks_through_the_process_forward_backward_and_to_a_missing_picture(clip):
    paths, masks = clip
    first, last = protocol.mask_region(masks[0]), protocol.mask_region(masks[-1])
    with tracker_process("lwl", "default") as (process, client):
        forward = track(client, paths, first)
        backward = track(client, paths[::-1], last)
        with pytest.raises(trax.TraxException, match="does not exist"):
            track(client, [paths[0], "/nowhere/00000099.jpg"], first)
        assert process.wait(PATIENCE) == 2
        assert process.stderr.read().decode().splitlines()[-1].startswith("error: image /nowhere/00000099.jpg")
    assert min(overlap(a, b) for a, b in zip(forward, masks[1:], strict=True)) > 0.6
    assert min(overlap(a, b) for a, b in zip(backward, masks[-2::-1], strict=True)) > 0.6
    with tracker_process("lwl", "default") as (process, client):
        alone = track(client, paths[::-1], last)
        client.quit()
        assert process.wait(PATIENCE) == 0
    assert all(np.array_equal(a, b) for a, b in zip(backward, alone, strict=True))


@pytest.mark.slow
def test_boxes_through_the_process(clip):
    paths, _ = clip
    images = [{"color": trax.image.FileImage.create(path)} for path in paths]
    with tracker_process("lwl", "box2mask_init", "--report", "rectangle") as (process, client):
        client.initialize(images[0], [(trax.Rectangle.create(16, 16, 29, 29), {})], {})
        region, properties = client.frame(images[1], {}, [])[0][0]
        assert region.type == "rectangle" and 0 <= float(properties["confidence"]) <= 1
        x, y, w, h = region.bounds()
        assert abs(x + w / 2 - 33.5) < 4 and abs(y + h / 2 - 30.5) < 4
        client.quit()
        assert process.wait(PATIENCE) == 0


@pytest.mark.slow
def test_a_tracker_that_does_not_exist_never_says_hello():
    """The toolkit reports "Unable to connect to tracker" then, and keeps what was printed."""
    process = subprocess.run(
        [sys.executable, "-m", "tracker_ext.vot.run", "lwl", "nothing"],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert process.returncode == 2 and b"@@TRAX" not in process.stdout
    assert process.stderr.decode().splitlines()[-1].startswith("error: parameter nothing of tracker lwl: unknown")


def test_a_crash_is_told_with_its_traceback_before_the_farewell(monkeypatch, capfd):
    """The toolkit stops reading at the farewell."""
    from tracker_ext.vot import run, session

    class Server:
        def __init__(self, *_):
            pass

        def quit(self, reason):
            print(f"farewell: {reason}", file=sys.stderr)

    def crash(*_, **__):
        raise RuntimeError("no\nmemory")

    monkeypatch.setattr(trax, "Server", Server)
    monkeypatch.setattr(session, "serve", crash)
    assert run.main(["lwl", "default"]) == 1
    said = capfd.readouterr().err
    assert said.index("Traceback") < said.index("RuntimeError: no") < said.index("farewell: no memory")


@pytest.mark.parametrize(
    "name, truth, said",
    [
        pytest.param("lwl", "mask", "NAME/PARAMETER", id="no parameter"),
        pytest.param("lwl/nothing", "mask", "parameter nothing", id="unknown parameter"),
        pytest.param("lwl/default", "rectangle", "starts from a mask", id="a mask tracker where there are boxes"),
    ],
)
def test_trackers_are_tried_before_a_workspace_is_written(name, truth, said):
    with pytest.raises(UserError, match=said):
        workspace.check_trackers([name], truth)
