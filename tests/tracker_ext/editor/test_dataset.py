"""The output of run_annotate.py on a data set: looked through, decided about, corrected in its place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from miniatures.editor import open_editor, running_dataset, settle
from miniatures.job_files import NAMES, got10k
from miniatures.review_browser import find, open_page, press, wait_for
from miniatures.review_browser import names as shown_names

import run_annotate
from ltr_ext.data.decisions import read_decisions
from ltr_ext.data.mask_io import read_mask
from ltr_ext.data.trust_table import read_trust
from ltr_ext.errors import UserError
from tracker_ext.editor.dataset import DatasetFolder
from tracker_ext.editor.desk import Desk
from tracker_ext.editor.maker import MaskMaker
from tracker_ext.segmentation.config import AnnotateConfig


@pytest.fixture
def job(tmp_path, box_filler, capsys) -> Path:
    """Three sequences, annotated in two formats."""
    data, out = got10k(tmp_path / "data", NAMES), tmp_path / "out"
    options = ["--weights", str(box_filler), "--format", "davis,upstream", "--frames", "3", "--interval", "2"]
    assert run_annotate.main(["folder", str(data), "--out", str(out), *options]) == 0
    return out


@pytest.fixture
def desk(job, box_filler):
    folder = DatasetFolder(job)
    maker = MaskMaker(folder.config(AnnotateConfig()), box_filler)
    desk = Desk(folder.clips(), maker, 60, folder)
    yield desk
    desk.close()


def number_of(desk: Desk, name: str) -> int:
    return [clip.name for clip in desk.clips].index(name)


def test_options_of_the_job_are_taken_over(job):
    config = DatasetFolder(job).config(AnnotateConfig(encode_batch=2))
    assert (config.num_frames, config.interval, config.encode_batch) == (3, 2, 2)


def test_the_worst_comes_first(job):
    clips = DatasetFolder(job).clips()
    assert sorted(clip.name for clip in clips) == sorted(NAMES)
    assert [clip.worst for clip in clips] == sorted(clip.worst for clip in clips)


def test_it_opens_with_its_boxes_and_masks_and_makes_nothing_again(desk, job):
    opened = desk.open(number_of(desk, "a"))
    assert not opened.session.stale().count and not opened.session.is_changed
    assert len(opened.session.document.marks(1)) == NAMES["a"]
    for frame in range(NAMES["a"]):
        theirs = read_mask(job / "davis" / "Annotations" / "480p" / "a" / f"{frame:05d}.png")
        assert np.array_equal(opened.session.results.labels(frame), theirs) and theirs.any()
    rows = read_trust(job / "trust" / "a.csv")
    assert opened.session.results.made[1, 2].confidence == rows[2].trust.confidence


def test_what_was_corrected_is_put_in_place_in_all_formats(desk, job, tmp_path):
    before = {path: path.read_bytes() for path in (job / "davis").rglob("*.png") if "/b/" in str(path)}
    opened = desk.open(number_of(desk, "a"))
    mask = np.zeros((48, 64), bool)
    mask[3:9, 4:30] = True
    opened.session.paint(1, 2, mask)
    settle(opened)
    assert opened.act({"do": "save"})["done"] == "a is corrected in the data set"
    assert np.array_equal(read_mask(job / "davis" / "Annotations" / "480p" / "a" / "00002.png") == 1, mask)
    assert np.array_equal(read_mask(job / "upstream" / "a" / "00000003.png") == 1, mask)
    assert {path: path.read_bytes() for path in before} == before
    manifest = json.loads((job / "sequences" / "a.json").read_text())
    assert manifest["corrected"] is True and manifest["trust_bytes"] == (job / "trust" / "a.csv").stat().st_size
    assert [row.trust.confidence for row in read_trust(job / "trust" / "a.csv")][2] == 1
    assert opened.act({"do": "save"})["done"] == "" and not list((job / ".work").iterdir())


def test_the_same_command_leaves_corrections_alone(desk, job, tmp_path, box_filler, capsys):
    opened = desk.open(number_of(desk, "a"))
    opened.act({"do": "absent", "object": 1, "frame": 3})
    settle(opened)
    desk.close()  # saves
    assert not read_mask(job / "davis" / "Annotations" / "480p" / "a" / "00003.png").any()
    options = ["--weights", str(box_filler), "--format", "davis,upstream", "--frames", "3", "--interval", "2"]
    assert run_annotate.main(["folder", str(tmp_path / "data"), "--out", str(job), *options]) == 0
    assert "3 done before, 0 to do" in capsys.readouterr().out
    assert not read_mask(job / "davis" / "Annotations" / "480p" / "a" / "00003.png").any()


def test_an_object_that_the_data_set_does_not_have(desk, job):
    opened = desk.open(number_of(desk, "b"))
    opened.act({"do": "box", "frame": 1, "box": [2, 2, 8, 8]})
    settle(opened)
    opened.put_back()
    assert 2 in np.unique(read_mask(job / "davis" / "Annotations" / "480p" / "b" / "00001.png"))
    manifest = json.loads((job / "sequences" / "b.json").read_text())
    assert manifest["objects"]["2"] == "object 2" and "upstream" in manifest["left_out"]


def test_all_masks_again_and_back_by_undo(desk, job):
    """Those of the job may be of other weights: they are kept."""
    opened = desk.open(number_of(desk, "a"))
    before = [opened.session.results.labels(frame) for frame in range(NAMES["a"])]
    opened.act({"do": "again"})
    settle(opened)
    assert opened.session.is_changed
    assert opened.act({"do": "save"})["done"]
    opened.act({"do": "undo"})
    settle(opened)
    assert all(np.array_equal(opened.session.results.labels(frame), mask) for frame, mask in enumerate(before))
    assert opened.act({"do": "save"})["done"] == "a is corrected in the data set"


def test_looked_at_and_closed_nothing_is_left(desk, job):
    before = sorted(path for path in job.rglob("*") if path.is_file())
    desk.open(number_of(desk, "a"))
    desk.open(number_of(desk, "b"))
    desk.close()
    assert sorted(path for path in job.rglob("*") if path.is_file()) == before and not (job / "corrected").exists()


def test_decisions_take_effect_at_once(desk, job):
    number = number_of(desk, "c")
    assert desk.decide(number, {"decision": "reject", "comment": "  bad\nluck "})["decision"] == "reject"
    assert (job / "rejected" / "davis" / "Annotations" / "480p" / "c").is_dir()
    assert read_decisions(job / "decisions.csv")["c"].comment == "bad luck"
    assert desk.open(number).session.results.labels(0).any()  # rejected masks can be looked at
    assert desk.decide(number, {"decision": ""})["decision"] == ""
    assert (job / "davis" / "Annotations" / "480p" / "c").is_dir()
    with pytest.raises(UserError, match="is unknown"):
        desk.decide(number, {"decision": "perhaps"})


def test_a_rejected_sequence_that_was_corrected_is_back(desk, job):
    number = number_of(desk, "c")
    desk.decide(number, {"decision": "reject"})
    opened = desk.open(number)
    opened.act({"do": "absent", "object": 1, "frame": 0})
    settle(opened)
    opened.put_back()
    assert (job / "davis" / "Annotations" / "480p" / "c").is_dir() and not (
        job / "rejected" / "upstream" / "c"
    ).exists()
    assert desk.clips[number].describe()["decision"] == ""


@pytest.mark.parametrize("choice", ["accept", "reject"])
def test_a_decision_about_corrected_masks_stays_when_they_are_put_back(desk, job, choice):
    number = number_of(desk, "c")
    opened = desk.open(number)
    opened.act({"do": "absent", "object": 1, "frame": 0})
    settle(opened)
    desk.decide(number, {"decision": choice, "comment": "seen"})
    opened.put_back()
    assert read_decisions(job / "decisions.csv")["c"].choice == choice
    assert desk.clips[number].describe()["decision"] == choice
    place = job / ("rejected" if choice == "reject" else ".") / "davis" / "Annotations" / "480p" / "c"
    assert not read_mask(place / "00000.png").any()


def test_a_sequence_that_is_being_made_is_not_touched(desk, job):
    from tracker_ext.annotation.lock import SequenceLock
    from tracker_ext.editor import dataset

    opened = desk.open(number_of(desk, "a"))
    opened.act({"do": "absent", "object": 1, "frame": 3})
    settle(opened)
    dataset.CLAIM_WAIT, before = 0.1, dataset.CLAIM_WAIT
    try:
        with SequenceLock(job / ".locks" / "a.lock") as held:
            assert held
            with pytest.raises(UserError, match="is making it just now"):
                opened.act({"do": "save"})
    finally:
        dataset.CLAIM_WAIT = before
    assert opened.act({"do": "save"})["done"]


def test_frames_that_are_gone_are_said(job, tmp_path):
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"its frames \S+ are gone"):
        DatasetFolder(job)


@pytest.fixture
def list_page(browser, job, box_filler):
    """The list of sequences."""
    browser.set_window_size(1280, 800)
    with running_dataset(job, box_filler) as (address, desk):
        open_editor(browser, address)
        yield browser, desk
        browser.get("about:blank")


def row(browser, number: int):
    return browser.find_elements("css selector", "#clips .clip")[number]


def is_pressed(browser, number: int, choice: str) -> bool:
    """In one step: the row is drawn anew when the answer comes."""
    selector = f'[data-row="{number}"] [data-act="{choice}"][aria-pressed="true"]'
    return bool(browser.execute_script("return document.querySelector(arguments[0])", selector))


def test_the_list_decides_corrects_and_makes_again(list_page, job):
    browser, desk = list_page
    names = [one.text for one in browser.find_elements("css selector", "#clips .name")]
    assert sorted(names) == sorted(NAMES)
    for number, choice in enumerate(("accept", "reject", "flag")):
        row(browser, number).find_element("css selector", f'[data-act="{choice}"]').click()
        wait_for(lambda n=names[number], c=choice: n in read_decisions_of(job) and read_decisions_of(job)[n] == c)
        wait_for(lambda n=number, c=choice: is_pressed(browser, n, c))
    press(browser, "j", "1")  # the focus is on the last row, and stays there
    wait_for(lambda: is_pressed(browser, 2, "accept") and read_decisions_of(job)[names[2]] == "accept")
    press(browser, "1")
    wait_for(lambda: not is_pressed(browser, 2, "accept") and names[2] not in read_decisions_of(job))
    press(browser, "k", "2")
    wait_for(lambda: not is_pressed(browser, 1, "reject") and names[1] not in read_decisions_of(job))
    row(browser, 0).find_element("css selector", ".value").click()  # anywhere on the row
    wait_for(lambda: find(browser, "#name").text == names[0])
    find(browser, "#back").click()
    wait_for(lambda: find(browser, "#clips").is_displayed())
    buttons = row(browser, 1).find_elements("css selector", "td:last-child button")
    assert [one.text for one in buttons] == ["Correct", "Again"]
    buttons[1].click()
    wait_for(lambda: find(browser, "#name").text == names[1])
    opened = desk.opened(number_of(desk, names[1]))
    wait_for(lambda: opened.session.document.times_again == 1)
    settle(opened)
    find(browser, "#save").click()
    wait_for(lambda: f"{names[1]} is corrected in the data set" in find(browser, "#toast").text)
    find(browser, "#save").click()
    wait_for(lambda: "nothing had changed" in find(browser, "#toast").text)
    find(browser, "#back").click()
    wait_for(lambda: "corrected" in row(browser, 1).text)


def read_decisions_of(job) -> dict[str, str]:
    file = job / "decisions.csv"
    return {name: one.choice for name, one in read_decisions(file).items()} if file.is_file() else {}


def test_the_report_opens_as_a_file_after_corrections(browser, desk, job):
    opened = desk.open(number_of(desk, "a"))
    opened.act({"do": "absent", "object": 1, "frame": 3})
    settle(opened)
    desk.close()
    open_page(browser, job / "report.html")
    assert sorted(name.strip() for name in shown_names(browser)) == sorted(NAMES)


def test_in_the_browser(browser, job, box_filler):
    browser.set_window_size(1280, 800)
    with running_dataset(job, box_filler) as (address, desk):
        open_editor(browser, address)
        assert find(browser, "#hint").text.startswith("Choose a")
        first = find(browser, "#clips button")
        name = first.text
        first.click()
        wait_for(lambda: find(browser, "#name").text == name)
        wait_for(lambda: find(browser, "#decision").is_displayed())
        find(browser, "#comment").send_keys("looks odd")
        find(browser, '#decision [data-act="flag"]').click()
        wait_for(lambda: name in desk._dataset.decisions())
        decision = desk._dataset.decisions()[name]
        assert (decision.choice, decision.comment) == ("flag", "looks odd")
        find(browser, "#view").click()
        press(browser, "a")
        number = number_of(desk, name)
        wait_for(lambda: desk.opened(number).session.is_changed)
        settle(desk.opened(number))
        find(browser, "#save").click()
        wait_for(lambda: not desk.opened(number).session.is_changed)
        find(browser, "#back").click()
        wait_for(lambda: find(browser, "#clips").is_displayed())
        browser.get("about:blank")
    assert "corrected" in json.loads((job / "sequences" / f"{name}.json").read_text())
