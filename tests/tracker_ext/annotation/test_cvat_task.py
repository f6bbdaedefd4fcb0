"""Box tracks of a CVAT task become masks in it: pulled, made, pushed, against a stub of the server."""

from __future__ import annotations

import numpy as np
import pytest
from miniatures.networks import write_box_filler

import run_annotate
from ltr_ext.data.mask_io import read_mask
from ltr_ext.errors import UserError
from tracker_ext.annotation.cvat_command import server_of

pytest.importorskip("cvat_sdk", reason="cvat-sdk is not installed: pip install box2mask[cvat]")

from cvat_sdk.masks import decode_mask, encode_mask
from miniatures import cvat_server
from miniatures.cvat_server import PASSWORD, TASK, TOKEN, USER, Task, serving


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_box_filler(tmp_path_factory.mktemp("network") / "filler.safetensors")


@pytest.fixture
def task():
    """Two boxes and a polygon's track, and shapes of other people."""
    task = Task(deleted=(5,))
    task.add_track({0: (4, 6, 24, 30), 3: (16, 6, 36, 30), 4: None})
    task.add_track({1: (30, 20, 60, 44)}, label=2)
    task.add_track({0: (1, 1, 5, 5, 1, 9)}, kind="polygon")
    mask = np.zeros(cvat_server.SIZE, bool)
    mask[2:5, 2:9] = True
    theirs = {"label_id": 1, "frame": 0, "attributes": [], "occluded": False, "outside": False}
    points = [float(value) for value in encode_mask(mask)]
    task.add_shape(type="mask", group=0, source="manual", points=points, **theirs)
    task.add_shape(type="mask", group=3, source="auto", points=points, **theirs)
    task.add_shape(type="rectangle", group=0, source="manual", points=[1.0, 2.0, 3.0, 4.0], **theirs)
    return task


@pytest.fixture
def run(task, weights, tmp_path, monkeypatch):
    monkeypatch.setenv("CVAT_ACCESS_TOKEN", TOKEN)
    with serving(task) as address:

        def call(*options: str, url: str = address, number: int = TASK) -> int:
            arguments = ["cvat", url, str(number), "--weights", str(weights), "--tolerance", "0", *options]
            return run_annotate.main([*arguments, "--out", str(tmp_path / "out")])

        yield call


def masks_of(task) -> dict[tuple[int, int], np.ndarray]:
    """(frame, group) -> mask of what was sent."""
    ours = [shape for shape in task.shapes.values() if shape.source == "auto" and shape.group > 1000]
    height, width = cvat_server.SIZE
    return {(s.frame, s.group): decode_mask(s.points, image_width=width, image_height=height) for s in ours}


def test_boxes_become_masks_in_the_task(task, run, tmp_path, capsys):
    others = set(task.shapes)
    assert run() == 0
    sent = masks_of(task)
    assert set(sent) == {(frame, 2620001) for frame in range(4)} | {(frame, 2620002) for frame in range(1, 5)}
    assert others < set(task.shapes) and len(task.tracks) == 3
    rows, columns = np.nonzero(sent[1, 2620001])
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (8, 27, 6, 29)  # moved evenly: 4, 8, 12, 16
    for (frame, group), mask in sent.items():
        assert np.array_equal(read_mask(tmp_path / "out" / "masks" / f"{frame:06d}.png") == group - 2620000, mask)
    labels = {shape.group: shape.label_id for shape in task.shapes.values() if shape.group > 1000}
    assert labels == {2620001: 1, 2620002: 2}
    said = capsys.readouterr()
    assert f"8 masks sent to task {TASK}\n" in said.out and "1 track of other shapes" in said.err
    assert not read_mask(tmp_path / "out" / "masks" / "000005.png").any() or (5, 2620002) not in sent


def test_a_second_run_replaces_its_own_and_leaves_what_a_person_edited(task, run, capsys):
    run()
    before = masks_of(task)
    number = next(i for i, s in task.shapes.items() if (s.frame, s.group) == (2, 2620002))
    task.shapes[number].source = "semi-auto"  # as CVAT says of a mask that a person changed
    ids = set(task.shapes)
    run()
    assert number in task.shapes
    after = masks_of(task)
    assert set(after) == set(before) - {(2, 2620002)}
    assert len(task.shapes) == len(ids)
    assert "7 masks sent to task 7, in place of 7 of an earlier run; 1 mask that were edited" in capsys.readouterr().out


def test_frames_are_asked_for_once(task, run):
    run()
    count = sum(asked.endswith("/data") for asked in task.asked)
    run()
    assert count == task.num_frames == sum(asked.endswith("/data") for asked in task.asked)


def test_masks_are_mended_before_they_are_sent(task, run, tmp_path):
    from ltr_ext.data.mask_io import write_mask

    assert run("--no-push") == 0 and not masks_of(task)
    mended = np.zeros(cvat_server.SIZE, np.uint8)
    mended[1:3, 1:3] = 1
    write_mask(tmp_path / "out" / "masks" / "000000.png", mended)
    assert run("--only-push") == 0
    assert masks_of(task)[0, 2620001].sum() == 4


def test_login_with_a_password_that_is_asked_for(task, run, monkeypatch):
    monkeypatch.delenv("CVAT_ACCESS_TOKEN")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: PASSWORD)
    assert run("--user", USER) == 0
    assert task.asked[0] == "POST /api/auth/login" and task.asked[-1] == "POST /api/auth/logout"


@pytest.mark.parametrize(
    "change, options, message",
    [
        ("CVAT_ACCESS_TOKEN=", [], "who are you"),
        ("CVAT_ACCESS_TOKEN=wrong", [], "does not know this access token"),
        ("CVAT_PASSWORD=wrong", ["--user", USER], "refuses user or password"),
        ("", ["--user", USER], "nobody is here to be asked"),
        ("", ["--only-push"], "has no masks"),
    ],
)
def test_what_can_be_mended_is_one_line(task, run, monkeypatch, change, options, message):
    name, _, value = change.partition("=")
    if name:
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(UserError, match=message) as error:
        run(*options)
    assert "\n" not in str(error.value) and "secret" not in str(error.value)


def test_a_task_that_is_not_there_or_has_no_boxes(task, run):
    with pytest.raises(UserError, match="has no such task"):
        run(number=8)
    task.fails["GET /api/tasks/7"] = 403
    with pytest.raises(UserError, match="may not see"):
        run()
    task.fails.clear()
    task.tracks = task.tracks[2:]
    with pytest.raises(UserError, match="has no tracks of boxes"):
        run()


def test_a_server_that_is_not_there(run):
    with pytest.raises(UserError, match="does not answer"):
        run(url="http://127.0.0.1:9")


def test_a_push_that_broke_off_is_finished_by_the_next_run(task, run):
    task.fails["PATCH"] = 500
    with pytest.raises(UserError, match="answers 500"):
        run()
    task.fails.clear()
    run()
    assert len(masks_of(task)) == 8


@pytest.mark.parametrize(
    "url, server",
    [
        ("https://app.cvat.ai/tasks/12/jobs/3", "https://app.cvat.ai"),
        ("localhost:8080", "https://localhost:8080"),
        ("http://cvat.local:8080/", "http://cvat.local:8080"),
    ],
)
def test_addresses(url, server):
    assert server_of(url) == server


@pytest.mark.parametrize("url", ["ftp://x", "http://"])
def test_addresses_that_are_none(url):
    with pytest.raises(UserError, match="give the address"):
        server_of(url)


def test_without_the_package(run, monkeypatch):
    from tracker_ext.annotation import cvat_command

    monkeypatch.setattr(cvat_command.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install '.\[cvat\]'"):
        run()
