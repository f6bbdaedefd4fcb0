"""An editor that runs in a thread, and what a person does on its page in headless Chromium."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from miniatures.review_browser import find, wait_for
from tracker_ext.editor.catalogue import clips_at
from tracker_ext.editor.dataset import DatasetFolder
from tracker_ext.editor.desk import Desk, Opened
from tracker_ext.editor.guard import Guard, new_token
from tracker_ext.editor.maker import MaskMaker
from tracker_ext.editor.serve import listen
from tracker_ext.editor.server import application
from tracker_ext.segmentation.config import AnnotateConfig


@contextmanager
def running_editor(place: Path, out: Path, weights: Path) -> Iterator[tuple[str, Desk]]:
    """Serve the clips at a place; gives the address and the desk."""
    with serving(Desk(clips_at(place, out), MaskMaker(AnnotateConfig(encode_batch=2), weights), 60)) as served:
        yield served


@contextmanager
def running_dataset(out: Path, weights: Path) -> Iterator[tuple[str, Desk]]:
    """The same of the output of an annotation job."""
    folder = DatasetFolder(out)
    with serving(Desk(folder.clips(), MaskMaker(folder.config(AnnotateConfig()), weights), 60, folder)) as served:
        yield served


@contextmanager
def serving(desk: Desk) -> Iterator[tuple[str, Desk]]:
    """A server on a free port, in a thread."""
    listener = listen(0)
    port, token = listener.getsockname()[1], new_token()
    guard = Guard(application(desk), token, frozenset({f"127.0.0.1:{port}"}))
    server = uvicorn.Server(uvicorn.Config(guard, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/{token}/", desk
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        desk.close()


def settle(opened: Opened, seconds: float = 60) -> None:
    """Wait until there is nothing to make."""
    end = time.monotonic() + seconds
    while opened.session.stale().count or opened.worker.progress.state != "idle":
        assert not opened.worker.progress.error, opened.worker.progress.error
        assert time.monotonic() < end, "masks are not made"
        time.sleep(0.02)


def open_editor(browser: Any, address: str) -> None:
    """Open the page, and wait until it can be used."""
    browser.get(address)
    wait_for(lambda: browser.execute_script("return document.documentElement.dataset.ready"))
    time.sleep(0.2)


def drag(browser: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press the mouse at one point of the frame, in its pixels, and let go at another."""
    from selenium.webdriver.common.action_chains import ActionChains

    points = [on_screen(browser, *point) for point in (start, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end)]
    chain = ActionChains(browser, duration=10)
    mouse = chain.w3c_actions.pointer_action
    mouse.move_to_location(*points[0])
    mouse.pointer_down()
    for point in points[1:]:
        mouse.move_to_location(*point)
    mouse.pointer_up()
    chain.perform()


def on_screen(browser: Any, x: float, y: float) -> tuple[int, int]:
    """A point of the frame, shown whole, in pixels of the window."""
    left, top, width, height = browser.execute_script(
        "const r = document.getElementById('view').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]"
    )
    image_w, image_h = (int(word) for word in find(browser, "#where").text.split(", ")[1].split(";")[0].split(" x "))
    scale = min(width / image_w, height / image_h)
    return (
        round(left + (width - image_w * scale) / 2 + x * scale),
        round(top + (height - image_h * scale) / 2 + y * scale),
    )
