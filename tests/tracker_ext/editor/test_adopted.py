"""Results of the other commands are taken over: seen, mended, and left alone where nobody mends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from miniatures.editor import settle

import run_annotate
from ltr_ext.data.mask_io import read_mask, write_mask
from ltr_ext.errors import UserError
from tracker_ext.editor.catalogue import clips_at
from tracker_ext.editor.desk import Desk, Opened
from tracker_ext.editor.maker import MaskMaker
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.video.clip_writer import ClipWriter
from tracker_ext.video.result_tables import given_csv

NUM_FRAMES = 30


@pytest.fixture
def result(clip, box_filler, tmp_path) -> Path:
    """Two objects: boxes on frames 0, 10 and 20 of one, a known mask on frame 12 of the other."""
    boxes = tmp_path / "boxes.csv"
    rows = [f"{frame},1,{5 + frame},5,20,20" for frame in (0, 10, 20)]
    boxes.write_text("\n".join(["frame,object,x,y,w,h", *rows, "25,1,nan,nan,nan,nan", "10,2,2,28,20,16"]) + "\n")
    mask = np.zeros((48, 64), np.uint8)
    mask[30:40, 4:20] = 2
    write_mask(tmp_path / "known.png", mask)
    out = tmp_path / "clip_masks"
    options = ["--boxes", str(boxes), "--mask", f"12:{tmp_path / 'known.png'}", "--out", str(out)]
    assert run_annotate.main(["video", str(clip), *options, "--weights", str(box_filler), "--tolerance", "0"]) == 0
    return out


@pytest.fixture
def open_it(box_filler):
    """Open a place, as often as wanted; the desk before it is closed."""
    desks: list[Desk] = []

    def opening(place: Path, out: Path | None = None) -> Opened:
        for desk in desks:
            desk.close()
        desks.append(Desk(clips_at(place, out), MaskMaker(AnnotateConfig(), box_filler), 60))
        return desks[-1].open(0)

    yield opening
    for desk in desks:
        desk.close()


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def pixels(folder: Path) -> list[np.ndarray]:
    return [read_mask(path) for path in sorted((folder / "masks").glob("*.png"))]


def test_masks_boxes_and_confidences_are_there_and_nothing_is_made_again(result, open_it):
    before = pixels(result)
    opened = open_it(result)
    session = opened.session
    assert not session.stale().count
    assert {frame: mark["kind"] for frame, mark in session.document.marks(1).items()} == {
        0: "box", 10: "box", 20: "box", 25: "absent"
    }  # fmt: skip
    assert session.document.marks(2)[12]["kind"] == "painted" and session.plans[1].kinds[5] == "between"
    assert all(np.array_equal(session.results.labels(frame), mask) for frame, mask in enumerate(before))
    confidence = session.results.made[1, 5].confidence
    assert confidence is not None and f"5,1,{confidence:.4f}\n" in (result / "confidence.csv").read_text()
    assert session.results.made[2, 12].confidence is None


def test_looked_at_and_closed_it_is_as_it_was_to_the_byte(result, open_it, clip):
    before = contents(result)
    opened = open_it(result)
    opened.close()
    assert contents(result) == before


def test_mended_in_its_place_and_undone_to_the_pixel(result, open_it):
    before = pixels(result)
    opened = open_it(result)
    opened.act({"do": "absent", "object": 1, "frame": 10})
    settle(opened)
    assert not (pixels(result)[10] == 1).any() and not (pixels(result)[5] == 1).any()
    opened.act({"do": "undo"})
    settle(opened)
    assert all(map(np.array_equal, pixels(result), before))
    opened.act({"do": "again"})
    settle(opened)
    opened = open_it(result)  # goes on where it was
    assert opened.session.document.done[-1].says == "all masks made again" and not opened.session.stale().count
    opened.act({"do": "undo"})
    settle(opened)
    assert all(map(np.array_equal, pixels(result), before))


def test_masks_come_back_by_undo_though_these_weights_would_make_others(result, open_it):
    """They may be those of other weights, or of `--mode centred --flip`."""
    theirs = read_mask(result / "masks" / "00000000.png")
    theirs[:3] = 1
    write_mask(result / "masks" / "00000000.png", theirs)
    opened = open_it(result)
    opened.act({"do": "box", "object": 1, "frame": 0, "box": [1, 1, 9, 9]})
    settle(opened)
    assert (opened.session.results.labels(0) == 1).sum() < 150
    opened.act({"do": "undo"})
    settle(opened)
    assert np.array_equal(opened.session.results.labels(0), theirs)


def test_into_a_folder_of_its_own(result, open_it, tmp_path):
    before = contents(result)
    opened = open_it(result, tmp_path / "mended")
    opened.act({"do": "absent", "object": 1, "frame": 10})
    settle(opened)
    opened.close()
    assert contents(result) == before
    assert not (pixels(tmp_path / "mended")[10] == 1).any() and (pixels(tmp_path / "mended")[0] == 1).any()


def test_the_clip_with_the_result_as_its_folder_is_the_same(result, open_it, clip, tmp_path):
    moved = shutil.copy(clip, tmp_path / "moved.mp4")
    facts = json.loads((result / "result.json").read_text())
    (result / "result.json").write_text(json.dumps({**facts, "inputs": [str(tmp_path / "gone.mp4")]}))
    with pytest.raises(UserError, match=r"gone\.mp4 is gone; name the clip, and this folder with --out"):
        open_it(result)
    opened = open_it(Path(moved), result)
    assert not opened.session.stale().count and 20 in opened.session.document.marks(1)


@pytest.mark.parametrize("table", [None, "frame,object\n1\n"])
def test_without_its_boxes_every_mask_is_kept_as_it_is(result, open_it, table, capsys):
    before = pixels(result)
    (result / "given_boxes.csv").unlink()
    if table:
        (result / "given_boxes.csv").write_text(table)
    opened = open_it(result)
    marks = opened.session.document.marks(1)
    assert len(marks) == 21 and all(mark["kind"] == "painted" and mark["found"] for mark in marks.values())
    opened.act({"do": "box", "object": 1, "frame": 5, "box": [1, 1, 9, 9]})
    settle(opened)
    after = pixels(result)
    assert [frame for frame in range(NUM_FRAMES) if not np.array_equal(before[frame], after[frame])] == [5]
    assert bool(capsys.readouterr().err) == bool(table)


def test_what_a_tracker_made_is_followed_from_its_first_frame(clip, open_it, tmp_path):
    facts, given = {"tracker": "lwl box2mask_init"}, given_csv([(0, 1, [2, 8, 20, 16])])
    out = tmp_path / "tracked"
    with ClipWriter(out, size=(48, 64), object_ids=[1], inputs=[clip], facts=facts, given=given) as writer:
        for frame in range(NUM_FRAMES):
            labels = np.zeros((48, 64), np.uint8)
            labels[8:24, 2 + frame : 22 + frame] = 1
            writer.add(f"{frame:08d}", np.zeros((48, 64, 3), np.uint8), labels, {1: [2 + frame, 8, 20, 16]}, {1: 0.75})
    opened = open_it(out)
    assert opened.session.document.follows(1) == [0] and not opened.session.stale().count
    assert opened.session.plans[1].kinds[29] == "tracked" and opened.session.results.labels(29).any()
    assert opened.session.results.made[1, 29].confidence == 0.75
    mask = np.zeros((48, 64), bool)
    mask[8:24, 20:40] = True
    opened.session.paint(1, 20, mask)
    assert {frame for _, frame in opened.session.stale().tracked} == set(range(21, 30))


def test_masks_of_another_clip_are_refused_and_nothing_is_left(result, open_it, tmp_path):
    from miniatures.videos import write_video

    before = contents(result)
    other = write_video(tmp_path / "other.mp4", 12)
    with pytest.raises(UserError, match=r"has 30 masks, \d+ to \d+, of another clip than other with 12 frames"):
        open_it(other, result)
    assert contents(result) == before


def test_a_take_over_that_was_killed_begins_anew(result, open_it, monkeypatch):
    from tracker_ext.editor import session

    before = pixels(result)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(session.Session, "close", lambda self: self._journal.close())
    monkeypatch.setattr(session.Session, "fingerprint", killed)
    with pytest.raises(KeyboardInterrupt):
        open_it(result)
    monkeypatch.undo()
    opened = open_it(result)
    assert not opened.session.stale().count and 20 in opened.session.document.marks(1)
    assert all(map(np.array_equal, pixels(result), before))
