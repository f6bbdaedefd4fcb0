"""The page in headless Chromium: from a video to masks, and what a person mends."""

from __future__ import annotations

import time

import pytest
from miniatures.editor import drag, open_editor, running_editor, settle
from miniatures.review_browser import find, press, wait_for

from ltr_ext.data.mask_io import read_mask
from tracker_ext.video.box_files import read_given_boxes

ENTER, DELETE, HOME, END, RIGHT, ESCAPE = "\ue007", "\ue017", "\ue011", "\ue010", "\ue014", "\ue00c"


@pytest.fixture
def page(browser, clip, box_filler, tmp_path):
    """The browser with the clip open, and the desk behind it."""
    browser.set_window_size(1280, 800)
    with running_editor(clip, tmp_path / "out", box_filler) as (address, desk):
        open_editor(browser, address)
        yield browser, desk.opened(0)
        errors = [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]
        browser.get("about:blank")
        assert errors == []


def marks(opened, object_id: int = 1) -> dict:
    return opened.session.document.marks(object_id)


def hint(browser) -> str:
    return find(browser, "#hint").text


def mask(opened, frame: int, object_id: int = 1):
    return opened.session.results.labels(frame) == object_id


def test_from_a_video_to_masks(page, tmp_path):
    browser, opened = page
    assert hint(browser) == "Drag a box around the thing you want, on any frame; then press Make masks."
    drag(browser, (8, 8), (32, 32))
    wait_for(lambda: marks(opened))
    assert marks(opened)[0]["box"] == pytest.approx([8, 8, 24, 24], abs=0.5)
    wait_for(lambda: "Press Make masks" in hint(browser))
    for _ in range(10):
        press(browser, RIGHT)
    drag(browser, (20, 8), (44, 32))
    wait_for(lambda: 10 in marks(opened))
    press(browser, ENTER)
    settle(opened)
    wait_for(lambda: "no mask on 19 frames" in hint(browser))
    assert all(mask(opened, frame).any() for frame in range(11))
    assert "confidence 0.7" in find(browser, "#confidence").text
    find(browser, "[data-act=leave]").click()
    wait_for(lambda: "closed" in find(browser, "body").text)
    given = read_given_boxes(tmp_path / "out" / "given_boxes.csv", 30)
    assert given.boxes[1][10].tolist() == pytest.approx([20, 8, 24, 24], abs=0.5)
    assert read_mask(tmp_path / "out" / "masks" / "00000005.png").any()


@pytest.fixture
def made(page):
    """One object with a box on frame 0, its mask made."""
    browser, opened = page
    drag(browser, (8, 8), (32, 32))
    wait_for(lambda: marks(opened))
    press(browser, ENTER)
    settle(opened)
    wait_for(lambda: "confidence" in find(browser, "#confidence").text)
    return browser, opened


def test_painting_erasing_and_undo(made):
    browser, opened = made
    before = mask(opened, 0)
    browser.execute_script(
        "const b = document.getElementById('brush'); b.value = 4; b.dispatchEvent(new Event('input'))"
    )
    press(browser, "p")
    drag(browser, (48, 20), (56, 20))
    wait_for(lambda: marks(opened)[0]["kind"] == "painted")
    settle(opened)
    painted = mask(opened, 0)
    assert painted[20, 46:58].all() and (painted & before).sum() == before.sum() and painted[20, 62] == 0
    press(browser, "e")
    time.sleep(0.3)
    drag(browser, (20, 20), (20, 22))
    wait_for(lambda: not mask(opened, 0)[20, 20])
    assert mask(opened, 0)[20, 50]
    for expected in (painted, before):
        press(browser, "z")
        wait_for(lambda wanted=expected: (mask(opened, 0) == wanted).all())
    press(browser, "Z")
    wait_for(lambda: (mask(opened, 0) == painted).all())
    press(browser, DELETE)
    wait_for(lambda: marks(opened)[0]["kind"] == "box")


def test_not_here(made):
    browser, opened = made
    press(browser, "a")
    wait_for(lambda: marks(opened)[0]["kind"] == "absent")
    wait_for(lambda: not mask(opened, 0).any())
    wait_for(lambda: find(browser, "#here").text.endswith("you said: not here"))
    press(browser, DELETE)
    wait_for(lambda: not marks(opened))


def test_an_edge_of_a_box_is_dragged(made):
    browser, opened = made
    drag(browser, (32, 20), (40, 20))
    wait_for(lambda: marks(opened)[0]["box"][2] > 30)
    assert marks(opened)[0]["box"] == pytest.approx([8, 8, 32, 24], abs=0.5)


def test_several_objects(made):
    browser, opened = made
    press(browser, "n")
    wait_for(lambda: "new object" in hint(browser))
    drag(browser, (40, 8), (60, 40))
    wait_for(lambda: 2 in opened.session.document.objects())
    settle(opened)
    assert mask(opened, 0, 2).any() and len(browser.find_elements("css selector", ".object")) == 2
    drag(browser, (20, 20), (20, 20))  # a click on the first one's mask
    wait_for(lambda: find(browser, '.object[aria-selected="true"]').text.startswith("object 1"))
    browser.find_elements("css selector", ".object button")[1].click()
    wait_for(lambda: len(browser.find_elements("css selector", ".object")) == 1)


def test_everything_without_a_mouse(page):
    browser, opened = page
    press(browser, "i")
    wait_for(lambda: marks(opened))
    press(browser, END)
    wait_for(lambda: find(browser, "#frame").get_attribute("value") == "29")
    press(browser, "i", ENTER)
    settle(opened)
    wait_for(lambda: len(opened.session.results.made) == 30)
    wait_for(lambda: hint(browser).startswith("Done"))
    press(browser, "k")
    wait_for(lambda: find(browser, "#frame").get_attribute("value") == "0")
    press(browser, "w")
    wait_for(lambda: find(browser, "#frame").get_attribute("value") != "0")
    press(browser, "?")
    wait_for(lambda: find(browser, "#help").is_displayed())
    assert "paint the mask" in find(browser, "#keys").text


def test_the_curve_is_clicked(made):
    from selenium import webdriver

    browser, _ = made
    curve = find(browser, "#curve")
    webdriver.ActionChains(browser).move_to_element_with_offset(curve, 0, 0).click().perform()
    wait_for(lambda: find(browser, "#frame").get_attribute("value") in ("14", "15"))


def test_it_plays_and_pauses(made):
    browser, _ = made
    press(browser, " ")
    wait_for(lambda: find(browser, "#play").text == "Pause")
    press(browser, " ")
    wait_for(lambda: find(browser, "#play").text == "Play")
    press(browser, HOME, " ")
    wait_for(lambda: find(browser, "#frame").get_attribute("value") == "29")
    wait_for(lambda: find(browser, "#play").text == "Play")


def test_an_object_gets_a_name(made):
    browser, opened = made
    press(browser, "r")
    wait_for(lambda: browser.find_elements("css selector", ".object input"))
    press(browser, "the dog z", ENTER)  # z is a letter here, not a key
    wait_for(lambda: opened.session.document.objects() == {1: "the dog z"})
    wait_for(lambda: find(browser, ".object").text.startswith("the dog z"))
    assert "Saved" in find(browser, "#saved").text
    find(browser, "#rename").click()
    wait_for(lambda: browser.find_elements("css selector", ".object input"))
    press(browser, "another", ESCAPE)
    wait_for(lambda: not browser.find_elements("css selector", ".object input"))
    assert opened.session.document.objects() == {1: "the dog z"}


def test_what_is_made_shows_how_far_it_is_and_can_be_cancelled(page, monkeypatch):
    browser, opened = page
    masks = opened.worker._maker.masks

    def slowly(*arguments):
        for result in masks(*arguments):
            yield result
            time.sleep(0.4)

    monkeypatch.setattr(opened.worker._maker, "masks", slowly)
    drag(browser, (8, 8), (32, 32))
    wait_for(lambda: marks(opened))
    press(browser, END)
    drag(browser, (8, 8), (32, 32))
    wait_for(lambda: 29 in marks(opened))
    press(browser, ENTER)
    wait_for(lambda: find(browser, "#progress").is_displayed() and find(browser, "#progress").get_attribute("value"))
    wait_for(lambda: "to go" in find(browser, "#hint").text)
    find(browser, "#cancel").click()
    wait_for(lambda: opened.worker.progress.state == "idle")
    wait_for(lambda: not find(browser, "#progress").is_displayed() and "Make masks" in find(browser, "#run").text)
    left = opened.session.stale().count
    assert 0 < left < 30
    time.sleep(0.6)
    assert opened.session.stale().count == left
    monkeypatch.undo()
    press(browser, ENTER)
    settle(opened)


def test_a_fault_of_the_program_is_said_in_plain_words(page, monkeypatch):
    browser, opened = page

    def broken(*_):
        raise RuntimeError("inner")

    monkeypatch.setattr(opened.session, "act", broken)
    drag(browser, (8, 8), (32, 32))
    wait_for(lambda: "the program has a fault (RuntimeError: inner); all that you did is saved" in toast(browser))
    find(browser, "#toast").click()
    wait_for(lambda: not find(browser, "#toast").is_displayed())
    monkeypatch.undo()

    def without_memory(*_):
        raise MemoryError

    monkeypatch.setattr(opened.worker._maker, "masks", without_memory)
    drag(browser, (8, 8), (32, 32))
    wait_for(lambda: marks(opened))
    press(browser, ENTER)
    wait_for(lambda: "not enough memory" in hint(browser))
    browser.get_log("browser")  # a refused request is a line there, too


def toast(browser) -> str:
    return find(browser, "#toast").text


def test_a_program_that_has_ended_is_said_until_it_is_back(browser, clip, box_filler, tmp_path):
    with running_editor(clip, tmp_path / "out", box_filler) as (address, _):
        open_editor(browser, address)
    wait_for(lambda: "The program has ended" in hint(browser))
    time.sleep(2)
    assert "start run_editor.py again" in hint(browser)
    browser.get("about:blank")
    browser.get_log("browser")


def test_masks_are_exported(made, tmp_path):
    browser, _ = made
    find(browser, "#export").click()
    wait_for(lambda: find(browser, "#exports").is_displayed())
    find(browser, '#formats input[value="labelme"]').click()
    find(browser, '#exports button[value="go"]').click()
    wait_for(lambda: "coco, labelme written into" in toast(browser))
    assert (tmp_path / "out_export" / "labelme").is_dir()


def test_the_legend_has_the_colour_of_the_object(made):
    browser, _ = made
    colours = browser.execute_script(
        "return ['.object i', '.key.tracked'].map(s => getComputedStyle(document.querySelector(s)).backgroundColor)"
    )
    assert colours[0] == colours[1]


def test_it_is_as_it_was_after_a_reload(made):
    browser, _ = made
    open_editor(browser, browser.current_url)
    wait_for(lambda: "confidence" in find(browser, "#confidence").text)
    assert find(browser, ".object").text.startswith("object 1")


def test_what_cannot_be_is_said(page):
    browser, opened = page
    drag(browser, (8, 8), (8.2, 40))
    wait_for(lambda: "too small" in find(browser, "#toast").text)
    assert not opened.session.document.objects()
    browser.get_log("browser")  # a refused request is a line there, too


def test_on_a_telephone_nothing_is_cut_off(made):
    browser, _ = made
    browser.set_window_size(500, 900)
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 420, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        wide = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1] == 420
        assert find(browser, "#view").size["width"] > 400
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_folder_of_clips(browser, box_filler, tmp_path):
    from miniatures.videos import write_video

    (tmp_path / "clips").mkdir()
    for name in ("one", "two"):
        write_video(tmp_path / "clips" / f"{name}.mp4", 5)
    with running_editor(tmp_path / "clips", tmp_path / "out", box_filler) as (address, desk):
        open_editor(browser, address)
        assert [row.text for row in browser.find_elements("css selector", "#clips button")] == ["one", "two"]
        browser.find_elements("css selector", "#clips button")[1].click()
        wait_for(lambda: find(browser, "#name").text == "two")
        press(browser, "i")
        wait_for(lambda: marks(desk.opened(1)))
        find(browser, "#back").click()
        wait_for(lambda: find(browser, "#clips").is_displayed())
        assert find(browser, "#clips tr:nth-child(3)").text == "two begun"
        browser.get("about:blank")
    assert (tmp_path / "out" / "two" / "given_boxes.csv").is_file() and not (tmp_path / "out" / "one").exists()
