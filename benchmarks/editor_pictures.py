"""Pictures of the editor at work, taken in headless Chromium: a film of its use, and the page at two sizes.

A box is drawn on three frames of a clip, masks are made, looked through, mended with the brush, and exported. What is
seen is what a person sees; only the pointer is drawn in. Boxes come from the clip's true masks.

Example: python -m benchmarks.editor_pictures DAVIS_FOLDER --sequence tennis --out docs
Needs the extras editor and browser, and Chromium with its driver.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.speed import find_sequence
from ltr_ext import host
from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import CommandLine, UserError, run_command

ROOT = Path(__file__).resolve().parent.parent
WINDOW = (1280, 800)
NARROW = (420, 900)
MOST_BYTES = 700_000
READY = "every frame has its mask|doubtful"
"""What the page says when nothing is left to be made."""
POINTER = ((0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (13, 12))
"""Corners of the pointer's arrow, pixels from its tip."""


class Film:
    """Drives the page, and takes pictures of it."""

    def __init__(self, browser: Any, size: tuple[int, int]) -> None:
        """Args: browser with the page open; (height, width) of the clip."""
        self.browser, self.size = browser, size
        self.pictures: list[Image.Image] = []
        self.durations: list[int] = []
        self.pointer = (640, 400)

    def shoot(self, milliseconds: int) -> None:
        """Take a picture that is shown for so long."""
        self.pictures.append(with_pointer(screenshot(self.browser), self.pointer))
        self.durations.append(milliseconds)

    def on_screen(self, x: float, y: float) -> tuple[int, int]:
        """A point of the frame, shown whole, in pixels of the window."""
        left, top, width, height = self.browser.execute_script(
            "const r = document.getElementById('view').getBoundingClientRect();"
            "return [r.left, r.top, r.width, r.height]"
        )
        scale = min(width / self.size[1], height / self.size[0])
        across, down = (width - self.size[1] * scale) / 2, (height - self.size[0] * scale) / 2
        return round(left + across + x * scale), round(top + down + y * scale)

    def drag(self, points: list[tuple[float, float]], every: int, milliseconds: int) -> None:
        """Press the mouse on the first point, go along the others, let go; a picture of every so many."""
        from selenium.webdriver.common.action_chains import ActionChains

        places = [self.on_screen(*point) for point in points]
        self._move(places[0])
        chain = ActionChains(self.browser, duration=0)
        chain.w3c_actions.pointer_action.pointer_down()
        chain.perform()
        for number, place in enumerate(places[1:], 1):
            self._move(place)
            if number % every == 0:
                time.sleep(0.1)
                self.shoot(milliseconds)
        chain = ActionChains(self.browser, duration=0)
        chain.w3c_actions.pointer_action.pointer_up()
        chain.perform()

    def press(self, key: str) -> None:
        """A key."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.browser).send_keys(key).perform()

    def click(self, selector: str) -> None:
        """Go to a thing, and click it."""
        found = self.browser.find_element("css selector", selector)
        box = found.rect
        self.pointer = (round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2))
        found.click()

    def go(self, frame: int) -> None:
        """To a frame, as one types its number; away from the field afterwards."""
        script = (
            "const f = document.getElementById('frame'); f.value = arguments[0]; f.dispatchEvent(new Event('change'))"
        )
        self.browser.execute_script(script, frame)
        time.sleep(0.5)

    def said(self) -> str:
        """The page's sentence, and its notice if there is one."""
        return " ".join(self.browser.find_element("css selector", name).text for name in ("#hint", "#toast"))

    def wait(self, pattern: str, seconds: float, milliseconds: int = 0, every: float = 1.5) -> None:
        """Until what the page says fits a regular expression; meanwhile pictures, if they are wanted.

        Raises:
            UserError: it does not come, or the page says that something is wrong.
        """
        end = time.monotonic() + seconds
        while not re.search(pattern, said := self.said()):
            if "did not work" in said or time.monotonic() > end:
                raise UserError(f"the page says {said!r} where {pattern!r} was expected")
            if milliseconds:
                self.shoot(milliseconds)
            time.sleep(every if milliseconds else 0.2)

    def _move(self, place: tuple[int, int]) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        chain = ActionChains(self.browser, duration=0)
        chain.w3c_actions.pointer_action.move_to_location(*place)
        chain.perform()
        self.pointer = place


def with_pointer(picture: Image.Image, tip: tuple[int, int]) -> Image.Image:
    """A screenshot has no pointer of the mouse."""
    corners = [(tip[0] + x, tip[1] + y) for x, y in POINTER]
    ImageDraw.Draw(picture).polygon(corners, fill="white", outline="black")
    return picture


def screenshot(browser: Any) -> Image.Image:
    return Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")


def down_the_middle(mask: np.ndarray) -> list[tuple[float, float]]:
    """Nine points (x, y) down the lower trunk of an object [H, W] bool, each in the middle of its row's widest run."""
    box = mask_to_box(mask)
    assert box is not None
    points = []
    for share in np.linspace(0.3, 0.55, 9):
        row = int(box[1] + box[3] * share)
        edges = np.flatnonzero(np.diff(np.pad(mask[row].astype(np.int8), 1)))
        start, end = max(zip(edges[::2], edges[1::2], strict=True), key=lambda run: run[1] - run[0])
        points.append((float(start + end) / 2, float(row)))
    return points


def play(film: Film, boxes: dict[int, np.ndarray], strokes: list[tuple[float, float]], mended: int) -> None:
    """What the film shows.

    Args:
        film: of the page with a clip that nothing was said about.
        boxes: frame -> (x, y, w, h), three of them.
        strokes: points along which the brush goes.
        mended: the frame that it is used on.
    """
    film.shoot(1200)
    for number, (frame, (x, y, w, h)) in enumerate(boxes.items()):
        film.go(frame)
        steps = np.linspace(0, 1, 7)
        film.drag([(x + w * step, y + h * step) for step in steps], 2, 130)
        time.sleep(0.8)
        film.shoot(900 if number == 0 else 600)
    film.click("#run")
    film.wait("to go", 120)
    film.wait(READY, 560, milliseconds=350)
    film.shoot(900)
    first, last = min(boxes), max(boxes)
    for frame in range(first, last + 1, 2):
        film.go(frame)
        film.shoot(120)
    film.go(mended)
    film.click('[data-tool="paint"]')
    film.browser.execute_script(
        "const b = document.getElementById('brush'); b.value = 4; b.dispatchEvent(new Event('input'))"
    )
    film.shoot(700)
    film.drag(strokes, 2, 150)
    time.sleep(1.0)
    film.shoot(1100)
    film.wait(READY, 560)
    film.click("#export")
    time.sleep(0.4)
    film.shoot(1500)
    film.click('#exports button[value="go"]')
    film.wait("written into", 120)
    film.shoot(2200)


def write_film(film: Film, path: Path, width: int) -> int:
    """Write the pictures as animated WebP, as good as `MOST_BYTES` allow; returns its bytes."""
    height = round(WINDOW[1] * width / WINDOW[0])
    first, *others = [picture.resize((width, height), Image.Resampling.LANCZOS) for picture in film.pictures]
    for quality in (60, 40, 25, 15):
        first.save(
            path, format="WEBP", save_all=True, append_images=others, duration=film.durations, loop=0, quality=quality,
            method=4,
        )  # fmt: skip
        if path.stat().st_size <= MOST_BYTES:
            break
    return path.stat().st_size


@contextmanager
def editor(place: Path, out: Path) -> Iterator[str]:
    """The program; gives its address."""
    command = [sys.executable, "-u", str(ROOT / "run_editor.py"), str(place), "--out", str(out), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(found[1] for line in process.stdout if (found := re.match(r"editor: (http://\S+)", line)))
        finally:
            process.terminate()


@contextmanager
def chromium() -> Iterator[Any]:
    """Headless.

    Raises:
        UserError: it is not installed.
    """
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        raise UserError("Chromium or its driver is not installed: apt-get install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "force-color-profile=srgb"):
        options.add_argument(f"--{flag}")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()


def resized(browser: Any, size: tuple[int, int]) -> None:
    """What the page sees of the window, exactly."""
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    time.sleep(0.5)


def main() -> int:
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="folder with JPEGImages and Annotations")
    parser.add_argument("--sequence", required=True, metavar="NAME")
    parser.add_argument("--frames", type=int, default=13, help="how many of the clip (default %(default)s)")
    parser.add_argument("--width", type=int, default=900, help="of the film in pixels (default %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="folder for editor.webp, editor.jpg, editor_narrow.jpg")
    args = parser.parse_args()
    if not args.out.is_dir():
        raise UserError(f"output folder {args.out} does not exist; create it")
    host.resolve()
    sequence = find_sequence(args.root, args.sequence)
    pictures = [Path(path) for path in sequence.frames][: args.frames]
    truths = [read_mask(path) == 1 for path in (sequence.ground_truth_seg or [])[: args.frames]]
    chosen = (0, args.frames // 2, args.frames - 1)
    boxes = {frame: mask_to_box(truths[frame]) for frame in chosen}
    if any(box is None for box in boxes.values()):
        raise UserError(f"sequence {args.sequence}: object 1 is not on frames {chosen}; choose other --frames")
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        clip = Path(folder) / args.sequence
        clip.mkdir()
        for path in pictures:
            shutil.copy(path, clip)
        with editor(clip, Path(folder) / f"{args.sequence}_masks") as address:
            resized(browser, WINDOW)
            browser.get(address)
            while not browser.execute_script("return document.documentElement.dataset.ready"):
                time.sleep(0.1)
            time.sleep(0.5)
            film = Film(browser, truths[0].shape)
            mended = chosen[1] - 2
            strokes = down_the_middle(truths[mended])
            play(film, boxes, strokes, mended)  # type: ignore[arg-type]
            film.click("#toast")
            film.go(chosen[1])
            time.sleep(1)
            screenshot(browser).save(args.out / "editor.jpg", quality=88)
            resized(browser, NARROW)
            screenshot(browser).save(args.out / "editor_narrow.jpg", quality=85)
    size = write_film(film, args.out / "editor.webp", args.width)
    print(f"{args.out / 'editor.webp'}: {len(film.pictures)} pictures, {size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
