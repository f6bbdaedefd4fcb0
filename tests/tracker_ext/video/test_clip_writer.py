"""What a clip's result folder holds."""

from __future__ import annotations

import json
import resource
import signal

import numpy as np
import pytest

from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import UserError
from tracker_ext.video.box_files import read_boxes
from tracker_ext.video.clip_writer import ClipWriter, refuse_loss, write_box_table
from tracker_ext.video.frames import open_frames

SIZE = (24, 32)
FRAME = np.full((*SIZE, 3), 90, np.uint8)
LABELS = np.zeros(SIZE, np.uint8)
LABELS[4:10, 5:15] = 1
BOX = np.array([5, 4, 10, 6.5])


def test_one_object(tmp_path):
    with ClipWriter(tmp_path / "out", size=SIZE, object_ids=[1]) as writer:
        writer.add("a1", FRAME, LABELS, {1: BOX})
        writer.add("a2", FRAME, LABELS * 0, {1: None})
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == ["boxes.txt", "masks", "overlay.mp4", "result.json"]
    assert (out / "boxes.txt").read_text() == "5,4,10,6.5\nnan,nan,nan,nan\n"
    assert (read_mask(out / "masks" / "a1.png") == LABELS).all()
    assert not read_mask(out / "masks" / "a2.png").any()
    assert len(open_frames(out / "overlay.mp4")) == 2


def test_several_objects(tmp_path):
    with ClipWriter(tmp_path / "out", size=SIZE, object_ids=[1, 2]) as writer:
        writer.add("a", FRAME, LABELS, {1: BOX, 2: None})
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["boxes_1.txt", "boxes_2.txt", "masks", "overlay.mp4", "result.json"]


def test_tables_of_what_is_known_and_none_of_an_earlier_result(tmp_path):
    for given, confidences in (("frame,object,x,y,w,h\n", {1: 0.5}), (None, None)):
        with ClipWriter(tmp_path / "out", size=SIZE, object_ids=[1], given=given) as writer:
            writer.add("a", FRAME, LABELS, {1: BOX}, confidences)
        files = json.loads((tmp_path / "out" / "result.json").read_text())["files"]
        for name in ("given_boxes.csv", "confidence.csv"):
            assert ((tmp_path / "out" / name).is_file(), name in files) == (given is not None,) * 2
    (tmp_path / "out" / "given_boxes.csv").write_text("mine")
    with pytest.raises(UserError, match=r"given_boxes\.csv is of no earlier result"):
        refuse_loss(tmp_path / "out", [])


def test_nothing_half_written(tmp_path):
    def break_off() -> None:
        with ClipWriter(tmp_path / "out", size=SIZE, object_ids=[1]) as writer:
            writer.add("a", FRAME, LABELS, {1: BOX})
            raise UserError("frame 2 is damaged")

    with pytest.raises(UserError, match="frame 2"):
        break_off()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [pytest.param(1, id="met at the end"), pytest.param(40, id="met on the way")])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, count):
    """As far as a limit on the length of files is like one; the overlay is what hits it."""

    def fill_up() -> None:
        with ClipWriter(tmp_path / "out", size=(200, 300), object_ids=[1]) as writer:
            for index in range(count):
                writer.add(str(index), noise, np.zeros((200, 300), np.uint8), {1: None})

    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, before[1]))
        with pytest.raises(UserError, match="nothing was written"):
            fill_up()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_box_table_comes_back(tmp_path):
    boxes = {1: np.array([BOX, BOX + 1]), 2: np.array([[np.nan] * 4, BOX])}
    write_box_table(tmp_path / "boxes.csv", boxes)
    back = read_boxes(tmp_path / "boxes.csv", 2)
    assert list(back) == [1, 2]
    for object_id, track in boxes.items():
        np.testing.assert_allclose(back[object_id], track)


def test_an_earlier_result_that_a_dead_process_left_half_moved_is_finished_first(tmp_path):
    """Else it would be taken for one that was changed by hand, and refused for ever."""
    out = tmp_path / "out"
    (out / "masks").mkdir(parents=True)
    (out / "masks/0.png").write_text("new")
    (out / "result.json").write_text('{"files": ["masks/1.png"]}')
    ready = out / ".out-x.ready"
    ready.mkdir()
    (ready / "result.json").write_text('{"files": ["masks/0.png"]}')
    refuse_loss(out, [])
    assert sorted(path.name for path in out.iterdir()) == ["masks", "result.json"]
    assert "0.png" in (out / "result.json").read_text()


@pytest.mark.parametrize(
    ("file", "refused"),
    [
        pytest.param("holiday.MOV", True, id="a video"),
        pytest.param("00000.jpg", True, id="pictures"),
        pytest.param("walk/00000.png", True, id="folders of pictures"),
        pytest.param("walk/img/00000.tif", True, id="clips"),
        pytest.param("notes.txt", False, id="something else"),
        pytest.param(".cache/a.png", False, id="hidden"),
        pytest.param("earlier/masks/00000.png", False, id="earlier results"),
    ],
)
def test_a_folder_of_ones_own_clips_is_no_output_folder(tmp_path, file, refused):
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier/result.json").write_text("{}")
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    if refused:
        with pytest.raises(UserError, match=f"holds {file}, a picture or video of no earlier result; name a folder"):
            refuse_loss(tmp_path, [])
    else:
        refuse_loss(tmp_path, [])


def test_what_was_put_beside_an_earlier_result_does_not_matter(tmp_path):
    frame = np.zeros((48, 64, 3), np.uint8)
    for _ in range(2):
        with ClipWriter(tmp_path / "out", size=(48, 64), object_ids=[1]) as writer:
            writer.add("00000", frame, frame[..., 0], {1: None})
        (tmp_path / "out/still.png").touch()
    assert (tmp_path / "out/still.png").exists()
