"""The review page in a real browser: headless Chromium, no network."""

from __future__ import annotations

import numpy as np
import pytest
from miniatures.review_browser import comments, export, find, names, open_page, press, selected, wait_for
from miniatures.review_job import AWKWARD, trust_rows, write_job

from ltr_ext.data.decisions import read_decisions
from tracker_ext.annotation.review.report_page import SequenceSummary, render_page, summarise_rows, write_report

ESCAPE, END = "\ue00c", "\ue010"


def test_worst_comes_first_with_its_pictures_and_no_error(page):
    assert names(page)[:3] == ["seq_00029", "seq_00028", "seq_00027"]
    assert selected(page) == "seq_00029"
    wait_for(lambda: page.execute_script("return document.querySelector('.row img').naturalWidth") == 64)
    assert len(page.find_elements("css selector", "#pictures img")) == 2
    assert [entry["message"] for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_click_filter_and_export(page):
    page.find_elements("css selector", ".row")[2].click()
    assert selected(page) == "seq_00027"
    find(page, "[data-choice=reject]").click()
    assert selected(page) == "seq_00026"
    find(page, "#text").send_keys("zebra")
    assert names(page) == [AWKWARD]
    find(page, "[data-choice=flag]").click()
    assert export(page) == {AWKWARD: "flag", "seq_00027": "reject"}


@pytest.mark.parametrize(
    "fields, expected",
    [
        pytest.param({"confidence-to": "0.07"}, ["seq_00029"], id="confidence"),
        pytest.param({"tightness-from": "0.96"}, [AWKWARD], id="tightness"),
        pytest.param({"confidence-from": "0.8", "tightness-to": "0.5"}, ["seq_00003", "seq_00001"], id="both"),
        pytest.param({"text": "SEQ_0001", "confidence-to": "0.39"}, ["seq_00019", "seq_00018"], id="two fields"),
        pytest.param({"text": "no such"}, [], id="nothing"),
    ],
)
def test_filters(page, fields, expected):
    for name, value in fields.items():
        page.execute_script(
            "const f = document.getElementById(arguments[0]); f.value = arguments[1];"
            "f.dispatchEvent(new Event('input', {bubbles: true}))",
            name,
            value,
        )
    assert names(page) == expected
    assert find(page, "#nothing").is_displayed() == (not expected)


def test_keyboard_alone_reviews(page):
    press(page, "j", "j", "k", "r", "f", "a")
    assert selected(page) == "seq_00025"
    press(page, "/")
    press(page, "zebra", ESCAPE)
    press(page, "r")
    assert export(page) == {"seq_00028": "reject", "seq_00027": "flag", "seq_00026": "accept", AWKWARD: "reject"}
    press(page, "?")
    assert find(page, "#help").is_displayed()
    press(page, ESCAPE)
    assert not find(page, "#help").is_displayed()


def test_undecide_comment_and_survive_a_reload(page, report):
    press(page, "r", "k", "u", "j", "f", "k", "c")
    press(page, 'two "legs", missing')
    open_page(page, report)
    assert export(page) == {"seq_00028": "flag"}
    decisions = read_decisions(page.downloads / "decisions.csv")
    assert decisions["seq_00028"].comment == 'two "legs", missing'


def test_applied_decisions_are_there_and_can_be_changed(browser, tmp_path):
    out = write_job(tmp_path / "out", 5)
    (out / "decisions.csv").write_text("sequence,decision\nseq_00003,reject\nseq_00002,accept\n", encoding="utf-8")
    open_page(browser, write_report(out))
    press(browser, "a")
    assert export(browser) == {"seq_00003": "accept", "seq_00002": "accept"}


def test_focus_and_labels(page):
    active = page.execute_script(
        "return document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).ariaLabel"
    )
    assert active.startswith("seq_00029, confidence 0.06") and active.endswith("undecided")
    unnamed = page.execute_script(
        "return [...document.querySelectorAll('button, input, select, [role=listbox], dialog')]"
        ".filter(e => !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.getAttribute('aria-labelledby')))"
        ".map(e => e.outerHTML)"
    )
    assert unnamed == []


def test_ten_thousand_sequences_open(browser, tmp_path):
    """Only rows in sight exist. The time is printed, and bounded generously: the machine may be busy."""
    rng = np.random.default_rng(0)
    measured = summarise_rows(trust_rows("", rng.uniform(0.2, 0.9, 100)))
    shown = [
        SequenceSummary(
            **{**measured, "worst": float(worst), "spark": rng.integers(0, 101, 48).tolist()},
            name=f"GOT-10k_Train_{number:06d}", folder=f"GOT-10k_Train_{number:06d}", decision="", comment="",
            pictures=[("1_00000001.jpg", "00000001", 0.5), ("2_00000050.jpg", "00000050", 0.6)],
        )
        for number, worst in enumerate(np.linspace(0.9, 0.1, 10_000))
    ]  # fmt: skip
    report = tmp_path / "report.html"
    report.write_text(render_page({"id": "many", "name": "many", "facts": ""}, shown), encoding="utf-8")
    open_page(browser, report)
    ready = float(browser.execute_script("return document.documentElement.dataset.ready"))
    filtering = browser.execute_script(
        "const start = performance.now(); document.getElementById('text').value = '0099';"
        "refresh(); return performance.now() - start"
    )
    deciding = browser.execute_script(
        "const start = performance.now(); document.getElementById('text').value = ''; refresh(); decideAll('reject');"
        "undo(); decideAll('flag'); return (performance.now() - start) / 3"
    )
    typing = browser.execute_script(
        "const start = performance.now(); document.getElementById('comment').value = 'x'; comment();"
        "return performance.now() - start"
    )
    browser.execute_script("undo(); undo(); document.getElementById('text').value = '0099'; refresh()")
    print(
        f"{report.stat().st_size / 1e6:.1f} MB, ready after {ready:.0f} ms, filtered in {filtering:.0f} ms, "
        f"all decided in {deciding:.0f} ms, a letter of a comment beside 10,000 decisions in {typing:.0f} ms"
    )
    assert names(browser)[0] == "GOT-10k_Train_009999"
    find(browser, "#filters [type=reset]").click()
    wait_for(lambda: find(browser, "#shown").text == "10000 sequences")
    find(browser, "#list").click()
    press(browser, END)
    wait_for(lambda: names(browser)[-1] == "GOT-10k_Train_000000")
    assert len(names(browser)) < 60
    assert ready < 20_000 and max(filtering, deciding, typing) < 2_000


ODD_NAMES = [
    AWKWARD, "line\nbreak", "carriage\rreturn", "a\tb", "'; alert(1) //", "<!-- <script>", "שלום עולם", "\u202eturned",
    "=1+1", " padded ", "__proto__", "\u2028",
]  # fmt: skip


def test_every_name_is_shown_as_text_and_comes_back_from_the_download(browser, tmp_path):
    shown = [
        SequenceSummary(
            **summarise_rows(trust_rows(name, [0.5] * 3)),
            name=name,
            folder="x",
            pictures=[],
            decision="",
            comment=name,
        )
        for name in ODD_NAMES
    ]
    report = tmp_path / "report.html"
    browser.get_log("browser")  # what earlier pages left
    report.write_text(render_page({"id": "odd", "name": AWKWARD, "facts": AWKWARD}, shown), encoding="utf-8")
    open_page(browser, report)
    assert find(browser, "#job").text == AWKWARD and browser.title.startswith(AWKWARD)
    assert sorted(names(browser)) == sorted(ODD_NAMES)
    press(browser, *"r" * len(ODD_NAMES))
    assert export(browser) == dict.fromkeys(ODD_NAMES, "reject")
    assert comments(browser) == {name: name for name in ODD_NAMES}
    assert browser.execute_script("return document.querySelectorAll('body script, body img[src=x]').length") == 2
    assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
