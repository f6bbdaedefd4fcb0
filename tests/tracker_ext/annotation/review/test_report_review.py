"""Deciding on the review page: keys and comments never mix, every step can be undone, bulk decisions are seen first."""

from __future__ import annotations

import pytest
from miniatures.review_browser import comments, export, find, open_page, press, selected
from miniatures.review_job import write_job, write_sequence

from tracker_ext.annotation.review.report_page import write_report

ENTER, ESCAPE = "\ue007", "\ue00c"
HOTKEYS = "rafuzec"


def set_filter(browser, **fields: str) -> None:
    """By element id, with `_` for `-`."""
    for name, value in fields.items():
        browser.execute_script(
            "const f = document.getElementById(arguments[0]); f.value = arguments[1];"
            "f.dispatchEvent(new Event('input', {bubbles: true}))",
            name.replace("_", "-"),
            value,
        )


def decided(browser) -> str:
    """`2 accepted 0 rejected 1 flagged`."""
    return find(browser, "#progress .parts").text


def key_event(browser, target: str, **options) -> None:
    """One key pressed on the element that `target` (JavaScript) gives."""
    browser.execute_script(
        f"{target}.dispatchEvent(new KeyboardEvent('keydown', {{bubbles: true, cancelable: true, ...arguments[0]}}))",
        options,
    )


NOTHING = "0 accepted 0 rejected 0 flagged"


@pytest.mark.parametrize("decision", ["all", "none"], ids=["in sight", "filtered away by its decision"])
def test_a_comment_typed_after_a_decision_belongs_to_it(page, decision):
    set_filter(page, decision=decision)
    press(page, "r", "c", "far too large, " + HOTKEYS)
    assert selected(page) == "seq_00029"
    press(page, ENTER)
    assert selected(page) == "seq_00028"
    press(page, "a")
    assert export(page) == {"seq_00029": "reject", "seq_00028": "accept"}
    assert comments(page) == {"seq_00029": "far too large, " + HOTKEYS, "seq_00028": ""}


def test_a_decision_changed_while_its_comment_is_written_goes_on_where_the_list_was(page):
    press(page, "r", "c", "well")
    find(page, "[data-choice=flag]").click()
    assert selected(page) == "seq_00028"
    assert export(page) == {"seq_00029": "flag"} and comments(page) == {"seq_00029": "well"}


def test_a_comment_on_an_undecided_sequence_waits_for_its_decision(page, report):
    press(page, "j", "c", HOTKEYS, ENTER)
    assert selected(page) == "seq_00028" and find(page, "#comment-waits").is_displayed()
    assert export(page) == {} and "1 comment left out" in find(page, "#live").text
    open_page(page, report)
    press(page, "j", "f")
    assert export(page) == {"seq_00028": "flag"} and comments(page) == {"seq_00028": HOTKEYS}


@pytest.mark.parametrize("field", ["text", "comment", "confidence-from", "decision", "order"])
def test_keys_in_a_field_decide_nothing(page, field):
    page.execute_script("document.getElementById(arguments[0]).focus()", field)
    press(page, *HOTKEYS.replace("e", ""))
    assert decided(page) == NOTHING


def test_keys_in_an_editable_element_decide_nothing(page):
    page.execute_script(
        "const e = document.createElement('div'); e.contentEditable = 'true'; e.innerHTML = '<b>x</b>';"
        "document.body.append(e); e.focus()"
    )
    press(page, "r", "a")
    assert decided(page) == NOTHING


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"ctrlKey": True}, id="Ctrl"),
        pytest.param({"metaKey": True}, id="Cmd"),
        pytest.param({"altKey": True}, id="Alt"),
        pytest.param({"modifierAltGraph": True}, id="AltGr"),
        pytest.param({"isComposing": True}, id="composition"),
        pytest.param({"keyCode": 229}, id="input method"),
        pytest.param({"repeat": True}, id="held down"),
    ],
)
def test_keys_that_are_no_hotkeys(page, options):
    key_event(page, "document.getElementById('list')", key="r", **options)
    assert decided(page) == NOTHING


def test_enter_that_ends_a_composition_stays_in_the_comment(page):
    press(page, "r", "c")
    key_event(page, "document.activeElement", key="Enter", isComposing=True)
    press(page, "a")
    assert find(page, "#comment").get_attribute("value") == "a"


def test_a_text_that_misses_its_field_decides_nothing(page):
    set_filter(page, text="no such sequence")
    press(page, "c", HOTKEYS)
    page.execute_script("document.getElementById('filters').reset(); filtered()")
    press(page, *HOTKEYS)
    assert decided(page) == NOTHING and "rest" in find(page, "#live").text
    press(page, ESCAPE, "r")
    assert decided(page) == "0 accepted 1 rejected 0 flagged"


@pytest.mark.parametrize(
    "steps, left",
    [
        pytest.param(["r", "z"], {}, id="one"),
        pytest.param(["r", "f", "a", "z", "z"], {"seq_00029": "reject"}, id="two of three"),
        pytest.param(["r", "k", "a", "z"], {"seq_00029": "reject"}, id="changed decision"),
        pytest.param(["r", "k", "u", "z"], {"seq_00029": "reject"}, id="taken back"),
        pytest.param(["z", "z", "r"], {"seq_00029": "reject"}, id="nothing to undo"),
        pytest.param(["r", "c", "rafu", ENTER, "z"], {"seq_00029": "reject"}, id="comment"),
        pytest.param(["r", "c", "rafu", ENTER, "z", "z"], {}, id="comment and decision"),
    ],
)
def test_undo(page, report, steps, left):
    press(page, *steps)
    assert export(page) == left and set(comments(page).values()) <= {""}
    open_page(page, report)
    assert export(page) == left


def test_undo_by_button_and_by_control_z_goes_back_to_the_sequence(page):
    assert not find(page, "#undo").is_enabled()
    press(page, "r", "f")
    find(page, "#undo").click()
    assert selected(page) == "seq_00028" and find(page, "#live").text == "Taken back: \u2068seq_00028\u2069 flagged"
    key_event(page, "document.body", key="z", ctrlKey=True)
    assert selected(page) == "seq_00029" and decided(page) == NOTHING


def test_control_z_in_a_field_is_the_fields_own(page):
    press(page, "r", "c", "x")
    key_event(page, "document.activeElement", key="z", ctrlKey=True)
    assert decided(page) == "0 accepted 1 rejected 0 flagged"


def test_bulk_says_what_it_will_do_does_it_and_can_be_undone(page, report):
    press(page, "r", "a")
    set_filter(page, text="seq_0002")
    page.execute_script("document.querySelector('.bulk').open = true")
    assert "10 sequences" in find(page, "#bulk-which").text and "seq_0002" in find(page, "#bulk-which").text
    button = find(page, "[data-bulk=reject]")
    assert button.text == "Reject 9"
    button.click()
    asked = find(page, "#bulk-ask")
    assert "Reject 9 sequences?" in asked.text and "8 undecided, 1 accepted" in asked.text
    assert "1 more are rejected already" in asked.text
    assert page.execute_script("return [...document.querySelectorAll('#bulk-names li')].map(e => e.textContent)") == [
        f"seq_000{number}" for number in range(28, 19, -1)
    ]
    press(page, "a", ESCAPE)
    assert decided(page) == "1 accepted 1 rejected 0 flagged"
    button.click()
    find(page, "#bulk-do").click()
    assert decided(page) == "0 accepted 10 rejected 0 flagged"
    assert find(page, "#live").text == "9 sequences rejected (before: 8 undecided, 1 accepted)"
    assert not find(page, "[data-bulk=reject]").is_enabled()
    find(page, "#undo").click()
    assert export(page) == {"seq_00029": "reject", "seq_00028": "accept"}


def test_what_another_tab_decides_is_kept(page):
    press(page, "r")
    page.execute_script(
        "const text = JSON.stringify([...JSON.parse(localStorage.getItem(KEY)), ['seq_00003', 'flag', 'other tab']]);"
        "localStorage.setItem(KEY, text); dispatchEvent(new StorageEvent('storage', {key: KEY, newValue: text}))"
    )
    press(page, "a")
    assert export(page) == {"seq_00029": "reject", "seq_00028": "accept", "seq_00003": "flag"}


def test_an_applied_decision_is_not_said_to_be_taken_back(browser, tmp_path):
    out = write_job(tmp_path / "out", 3)
    (out / "decisions.csv").write_text("sequence,decision\nseq_00001,reject\n", encoding="utf-8")
    open_page(browser, write_report(out))
    press(browser, "u")
    assert "rejected in OUT/decisions.csv already" in find(browser, "#live").text
    assert export(browser) == {"seq_00001": "reject"}


COLOURS = """
const rgb = (node, pseudo) =>
    getComputedStyle(node, pseudo)[pseudo ? 'backgroundColor' : 'color'].match(/\\d+/g).map(Number);
return Object.fromEntries([...document.querySelectorAll('.row')].map((row) => [row.querySelector('b').textContent,
    [...row.querySelectorAll('.measure')].map((cell) =>
        [cell.querySelector('small').textContent, rgb(cell), rgb(cell, '::after')])]));
"""


def test_low_confidence_is_red_and_a_tight_box_beside_it_is_not_green(browser, tmp_path):
    out = tmp_path / "out"
    for name, confidences, tightness in [
        ("bad", [0.69] * 5, 0.99), ("fair", [0.75] * 5, 0.6), ("good", [0.9] * 5, 0.99), ("loose", [0.9] * 5, 0.2),
        ("good but for a while", [0.97] * 9 + [0.1], 0.99), ("just below", [0.6996] * 5, 0.9),
    ]:  # fmt: skip
        write_sequence(out, name, confidences, tightness)
    open_page(browser, write_report(out))
    shown = browser.execute_script(COLOURS)
    words = {name: [word for word, *_ in cells] for name, cells in shown.items()}
    assert words == {
        "bad": ["low", "low", ""],
        "fair": ["fair", "fair", "fair"],
        "good": ["good", "good", "tight"],
        "loose": ["good", "good", "loose"],
        "good but for a while": ["good", "low", ""],
        "just below": ["low", "low", ""],
    }
    red, green, blue = 0, 1, 2
    for name in ("bad", "just below"):
        for _, text, bar in shown[name][:2]:
            assert text[red] > 1.5 * max(text[green], text[blue]) and bar == text
    for name in ("bad", "good but for a while"):
        _, _, bar = shown[name][2]
        assert bar[green] <= bar[blue], "neither green nor red: grey"
    assert "<0.70" in browser.execute_script("return document.body.innerText")


def overflowing(browser) -> list[str]:
    """Elements in sight that reach over the right edge of the window."""
    return browser.execute_script("""
        const right = document.documentElement.clientWidth + 1;
        return [...document.querySelectorAll('body *')]
            .filter((e) => e.getClientRects().length && e.getBoundingClientRect().right > right)
            .map((e) => e.outerHTML);
    """)


@pytest.fixture
def phone(browser, tmp_path):
    """The page of long and odd names, 420 pixels wide."""
    out = write_job(tmp_path / "long_name_of_a_job_without_any_space_in_it_and_then_some_more", 8, pictures=2)
    write_sequence(out, "name_without_a_space_" * 8, [0.3] * 5, pictures=2)
    write_sequence(out, "שלום " * 8, [0.4] * 5, pictures=2)
    report = write_report(out)
    size = {"width": 420, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    open_page(browser, report)
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_phone_shows_everything_and_reaches_every_button(phone):
    page = phone
    page.execute_script("document.querySelector('.bulk').open = true")
    assert overflowing(page) == []
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    find(page, "[data-choice=reject]").click()
    for button in page.find_elements("css selector", "body > :not(dialog) button"):
        assert button.is_displayed()
        hit = page.execute_script(
            "const b = arguments[0]; b.scrollIntoView({block: 'center'}); const r = b.getBoundingClientRect();"
            "return b.contains(document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2)) && r.height >= 36",
            button,
        )
        assert hit, button.text
    for opener in ("#help-open", "[data-bulk=flag]"):
        page.execute_script("arguments[0].scrollIntoView({block: 'center'})", find(page, opener))
        find(page, opener).click()
        assert overflowing(page) == []
        press(page, ESCAPE)
    find(page, "#undo").click()
    assert export(page) == {}
