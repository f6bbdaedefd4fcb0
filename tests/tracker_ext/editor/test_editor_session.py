"""Masks follow what was said, the folder is valid at any time, and only what is touched is made again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from miniatures.editor import settle
from miniatures.review_browser import wait_for

from ltr_ext.data.mask_io import read_mask
from ltr_ext.errors import UserError
from tracker_ext.export.clips import find_masks
from tracker_ext.video.box_files import read_given_boxes
from tracker_ext.video.clip_writer import refuse_loss
from tracker_ext.video.listing import own_result

ROOT = Path(__file__).resolve().parents[3]
LIVE = {"do": "live", "on": True}


def box(frame: int, xywh, object_id=None) -> dict:
    return {"do": "box", "object": object_id, "frame": frame, "box": xywh}


def areas(out: Path, object_id: int = 1) -> list[int]:
    """Pixels of an object on each frame, as anybody reads the masks."""
    return [int((read_mask(path) == object_id).sum()) for path in sorted((out / "masks").glob("*.png"))]


def made(opened) -> dict:
    return dict(opened.session.results.made)


@pytest.fixture
def two_boxes(start):
    """Boxes on frames 0 and 20, masks made."""
    opened = start()
    for frame in (0, 20):
        opened.act(box(frame, [5 + frame, 5, 20, 20], 1 if frame else None))
    opened.act(LIVE)
    settle(opened)
    return opened


def test_frames_between_boxes_get_masks_and_confidences(two_boxes, tmp_path):
    found = areas(tmp_path / "out")
    assert all(found[:21]) and not any(found[21:])
    assert all(0 < one.confidence <= 1 for one in made(two_boxes).values())


def test_the_folder_is_a_result_like_that_of_run_annotate(two_boxes, clip, tmp_path):
    out = tmp_path / "out"
    two_boxes.session.flush()
    (one,) = find_masks(out)
    assert len(one.masks) == 30 and one.video == clip.resolve()
    assert {"masks", "boxes.txt", "result.json"} <= own_result(out)
    assert (
        np.isfinite(read_given_boxes(out / "boxes.txt", 30).boxes[1]).all(axis=1).tolist() == [True] * 21 + [False] * 9
    )
    two_boxes.act({"do": "absent", "object": 1, "frame": 25})
    given = read_given_boxes(out / "given_boxes.csv", 30)
    assert given.boxes[1][[0, 20]].tolist() == [[5, 5, 20, 20], [25, 5, 20, 20]] and given.absent[1][25]
    with pytest.raises(UserError, match=r"masks of run_editor\.py"):
        refuse_loss(out, [clip])


def test_boxes_of_pictures_name_them(start, tmp_path):
    import cv2

    folder = tmp_path / "walk"
    folder.mkdir()
    for number in range(5, 9):
        cv2.imwrite(str(folder / f"{number:05d}.png"), np.zeros((48, 64, 3), np.uint8))
    opened = start(folder)
    opened.act(box(2, [1, 2, 30, 30]))
    given = read_given_boxes(tmp_path / "out" / "given_boxes.csv", 4, [f"{number:05d}" for number in range(5, 9)])
    assert np.isfinite(given.boxes[1]).all(axis=1).tolist() == [False, False, True, False]
    assert sorted(path.name for path in (tmp_path / "out" / "masks").iterdir()) == [f"{n:05d}.png" for n in range(5, 9)]


def test_nothing_is_made_before_it_is_asked_for(start, tmp_path):
    opened = start()
    opened.act(box(0, [5, 5, 20, 20]))
    time.sleep(0.5)
    assert not any(areas(tmp_path / "out"))


def test_painted_masks_are_final_and_undone_to_the_pixel(two_boxes, tmp_path):
    before = areas(tmp_path / "out")
    mask = np.zeros((48, 64), bool)
    mask[20:30, 3:9] = True
    two_boxes.session.paint(1, 10, mask)
    settle(two_boxes)
    assert np.array_equal(two_boxes.session.results.labels(10) == 1, mask)
    assert areas(tmp_path / "out")[9] != before[9]  # its box is the painted mask's, and those beside it follow
    two_boxes.act({"do": "undo"})
    settle(two_boxes)
    assert areas(tmp_path / "out") == before
    two_boxes.act({"do": "redo"})
    settle(two_boxes)
    assert np.array_equal(two_boxes.session.results.labels(10) == 1, mask)


def test_not_here(two_boxes, tmp_path):
    two_boxes.act({"do": "absent", "object": 1, "frame": 10})
    settle(two_boxes)
    assert [frame for frame, area in enumerate(areas(tmp_path / "out")) if area] == [0, 20]


def test_a_change_leaves_other_masks_alone(start, tmp_path, monkeypatch):
    opened = start(num_frames=2, interval=3)
    opened.act(box(0, [5, 5, 20, 20]))
    for frame in range(2, 30, 2):
        opened.act(box(frame, [5, 5, 20, 20], 1))
    opened.act(LIVE)
    settle(opened)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "masks").iterdir()}
    opened.act(box(28, [7, 5, 20, 20], 1))
    settle(opened)
    touched = [n for n, time_ in before.items() if (tmp_path / "out" / "masks" / n).stat().st_mtime_ns != time_]
    assert "00000028.png" in touched and len(touched) < 10
    assert all(int(name[:8]) > 18 for name in touched)


def test_objects_that_overlap_give_each_other_room(two_boxes, tmp_path):
    alone = areas(tmp_path / "out")
    two_boxes.act(box(0, [15, 5, 20, 20]))
    settle(two_boxes)
    assert areas(tmp_path / "out")[0] + areas(tmp_path / "out", 2)[0] > alone[0] and areas(tmp_path / "out", 2)[0]
    two_boxes.act({"do": "remove", "object": 2})
    settle(two_boxes)
    assert areas(tmp_path / "out") == alone and not any(areas(tmp_path / "out", 2))


def test_reopened_it_is_as_it_was(two_boxes, start, tmp_path):
    two_boxes.act({"do": "follow", "object": 1, "frame": 20})
    two_boxes.act({"do": "undo"})
    settle(two_boxes)
    before, recipes = areas(tmp_path / "out"), made(two_boxes)
    again = start(tmp_path / "out")
    assert again.session.document.undone[0].says.startswith("follow")
    assert not again.session.stale().count and made(again) == recipes and areas(tmp_path / "out") == before


def test_a_mask_that_was_deleted_is_made_again(two_boxes, start, tmp_path):
    before = areas(tmp_path / "out")
    (tmp_path / "out" / "masks" / "00000010.png").unlink()
    again = start()
    settle(again)
    assert areas(tmp_path / "out") == before


def test_a_folder_of_another_clip_is_refused(two_boxes, start, tmp_path):
    from miniatures.videos import write_video

    with pytest.raises(UserError, match="is of another clip"):
        start(write_video(tmp_path / "other.mp4", 12))


def test_a_folder_with_somebodys_masks_is_refused(start, tmp_path):
    (tmp_path / "out" / "masks").mkdir(parents=True)
    with pytest.raises(UserError, match="not made here"):
        start()


def test_following(start, clip, tmp_path):
    """With the tracker that ships: from a box to the end, anew from a later box, not behind an absence."""
    opened = start()
    opened.act(box(12, [30, 22, 30, 22]))
    opened.act({"do": "follow", "object": 1, "frame": 12, "on": True})
    opened.act(LIVE)
    settle(opened)
    assert sorted(frame for _, frame in made(opened)) == list(range(12, 30))
    assert opened.session.plans[1].kinds[13] == "tracked" and areas(tmp_path / "out")[13]
    before = made(opened)
    opened.act({"do": "absent", "object": 1, "frame": 20, "last": 29})
    settle(opened)
    assert sorted(frame for _, frame in made(opened)) == list(range(12, 20))
    assert all(made(opened)[1, frame] == before[1, frame] for frame in range(12, 20))
    again = start()
    assert not again.session.stale().count
    again.act({"do": "follow", "object": 1, "frame": 12, "on": False})
    settle(again)
    assert sorted(frame for _, frame in made(again)) == [12]


def test_a_film(two_boxes, tmp_path):
    two_boxes.act({"do": "film"})
    wait_for(lambda: two_boxes.worker.progress.done)
    with av.open(str(tmp_path / "out" / "overlay.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 30
    assert two_boxes.worker.progress.done == f"The film is {tmp_path / 'out' / 'overlay.mp4'}"
    assert "overlay.mp4" in (tmp_path / "out" / "result.json").read_text()


def test_a_film_that_is_cancelled_leaves_the_one_before(two_boxes, tmp_path, monkeypatch):
    from tracker_ext.editor import errands

    (tmp_path / "out" / "overlay.mp4").write_bytes(b"before")
    draw = errands.draw_overlay

    def slowly(*arguments):
        time.sleep(0.05)
        return draw(*arguments)

    monkeypatch.setattr(errands, "draw_overlay", slowly)
    two_boxes.act({"do": "film"})
    wait_for(lambda: two_boxes.worker.progress.state == "film")
    two_boxes.act({"do": "stop"})
    wait_for(lambda: two_boxes.worker.progress.state == "idle")
    assert (tmp_path / "out" / "overlay.mp4").read_bytes() == b"before"
    assert not (tmp_path / "out" / ".editor" / "overlay.mp4").exists() and not two_boxes.worker.progress.done


def test_masks_are_exported_beside_the_result(two_boxes, tmp_path):
    two_boxes.act({"do": "name", "object": 1, "name": "dog"})
    two_boxes.act({"do": "export", "formats": ["coco", "cutout"]})
    wait_for(lambda: two_boxes.worker.progress.done)
    assert two_boxes.worker.progress.done == f"coco, cutout written into {tmp_path / 'out_export'}"
    coco = json.loads((tmp_path / "out_export" / "coco" / "annotations" / "instances_default.json").read_text())
    assert len(coco["annotations"]) == 21
    assert len(list((tmp_path / "out_export" / "cutout").rglob("*.png"))) == 21
    for formats in (["nonsense"], []):
        with pytest.raises(UserError, match=r"nonsense|at least one format"):
            two_boxes.act({"do": "export", "formats": formats})


def test_a_full_disk_is_said_and_work_goes_on_afterwards(start, tmp_path, monkeypatch):
    from tracker_ext.editor import results

    opened = start()
    opened.act(box(0, [5, 5, 20, 20]))
    write = results.write_bytes

    def full(path, data):
        if "masks" in path.parts:
            raise UserError(f"file {path} cannot be written (No space left on device); make room")
        write(path, data)

    monkeypatch.setattr(results, "write_bytes", full)
    opened.act(LIVE)
    wait_for(lambda: "No space left" in opened.worker.progress.error)
    monkeypatch.undo()
    opened.act(LIVE)
    settle(opened)
    assert areas(tmp_path / "out")[0]


def test_weights_that_are_none_are_said(start, clip, tmp_path):
    from tracker_ext.editor.catalogue import clips_at
    from tracker_ext.editor.desk import Desk
    from tracker_ext.editor.maker import MaskMaker
    from tracker_ext.segmentation.config import AnnotateConfig

    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    desk = Desk(clips_at(clip, tmp_path / "out"), MaskMaker(AnnotateConfig(), tmp_path / "bad.safetensors"), 60)
    opened = desk.open(0)
    opened.act(box(0, [5, 5, 20, 20]))
    opened.act(LIVE)
    wait_for(lambda: "bad.safetensors" in opened.worker.progress.error)
    desk.close()


SCRIPT = """
import sys, time
from pathlib import Path
from tracker_ext.editor.catalogue import clips_at
from tracker_ext.editor.desk import Desk
from tracker_ext.editor.maker import MaskMaker
from tracker_ext.segmentation.config import AnnotateConfig
clip, out, weights = map(Path, sys.argv[1:])
opened = Desk(clips_at(clip, out), MaskMaker(AnnotateConfig(), weights), 60).open(0)
opened.act({"do": "live", "on": True})
for step in range(1000):
    opened.act({"do": "box", "object": 1 if step else None, "frame": step * 7 % 30, "box": [step % 29, 5, 20, 20]})
    print(step, flush=True)
"""


@pytest.mark.parametrize("steps", [1, 9, 40])
def test_kill_9_loses_nothing(start, clip, box_filler, tmp_path, steps):
    """Every step that was answered is there, and the masks become those of an undisturbed run."""
    command = [sys.executable, "-c", SCRIPT, str(clip), str(tmp_path / "out"), str(box_filler)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answered = [int(next(process.stdout)) for _ in range(steps)]
        process.send_signal(signal.SIGKILL)
    for path in (tmp_path / "out" / "masks").glob("[!.]*"):
        read_mask(path)
    again = start()
    said = [edit.says for edit in again.session.document.done]
    assert len(said) >= len(answered) and said[0] == "object 1, its box on frame 0"
    settle(again)
    wanted = areas(tmp_path / "out")
    marks = again.session.document.marks(1)
    fresh = start(clip, **{"encode_batch": 3})
    assert not fresh.session.stale().count and fresh.session.document.marks(1) == marks
    assert all(wanted[frame] for frame in marks)
