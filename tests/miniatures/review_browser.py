"""A headless Chromium that has the review page open, and what a reviewer does there."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ltr_ext.data.decisions import read_decisions
from miniatures.review_job import write_job
from tracker_ext.annotation.review.report_page import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[Any]:
    """Skips where there is none."""
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="selenium is not installed: pip install box2mask[browser]"
    )
    if not (CHROMIUM and CHROMEDRIVER):
        pytest.skip("no browser: apt-get install chromium chromium-driver")
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    folder = tmp_path_factory.mktemp("browser")
    options = Options()
    options.binary_location = CHROMIUM
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync", "disable-dev-shm-usage", "window-size=1280,800",
        "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"user-data-dir={folder / 'profile'}",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.add_experimental_option("prefs", {"download.default_directory": str(folder / "downloads")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    driver.downloads = folder / "downloads"
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def report(tmp_path_factory) -> Path:
    """Its page; nobody writes to its folder."""
    return write_report(write_job(tmp_path_factory.mktemp("job") / "out", 31, pictures=2))


@pytest.fixture
def page(browser, report) -> Any:
    """The browser with a report of 31 sequences (see `write_job`) about which nothing is decided."""
    open_page(browser, report)
    browser.execute_script("localStorage.clear()")
    open_page(browser, report)
    return browser


def open_page(browser, report: Path) -> None:
    browser.get(report.as_uri())
    wait_for(lambda: browser.execute_script("return document.documentElement.dataset.ready"))


def wait_for(condition, seconds: float = 60.0):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return value


def find(browser, selector: str):
    return browser.find_element("css selector", selector)


def names(browser) -> list[str]:
    """Of the rows in sight, top to bottom."""
    return browser.execute_script(
        "return [...document.querySelectorAll('.row')].sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)"
        ".map(row => row.querySelector('b').textContent)"
    )


def press(browser, *keys: str) -> None:
    from selenium import webdriver

    webdriver.ActionChains(browser).send_keys(*keys).perform()


def selected(browser) -> str:
    return find(browser, "#name").text


def export(browser) -> dict[str, str]:
    """Sequence -> decision of the download, read as `--apply` does."""
    file = browser.downloads / "decisions.csv"
    file.unlink(missing_ok=True)
    find(browser, "#export").click()
    wait_for(file.is_file)
    return {name: decision.choice for name, decision in read_decisions(file).items()}


def comments(browser) -> dict[str, str]:
    """Sequence -> comment of the last download."""
    return {name: one.comment for name, one in read_decisions(browser.downloads / "decisions.csv").items()}
