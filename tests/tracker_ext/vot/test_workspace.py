"""What the workspace command writes and what it refuses."""

from __future__ import annotations

import configparser
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ltr_ext import host
from ltr_ext.data.image_io import read_image, write_jpeg, write_mask
from ltr_ext.errors import UserError
from tracker_ext.video.regions import decode_region
from tracker_ext.vot import workspace

SIZE = (24, 32)
FRAMES = 12


@pytest.fixture(autouse=True)
def no_networks(monkeypatch):
    """Loading the trackers has its own test, in `test_run`."""
    monkeypatch.setattr(workspace, "check_trackers", lambda names, truth: None)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Two clips in DAVIS layout: `one` with one object, hidden in frame 4; `two` with PNG frames and two objects."""
    root = tmp_path / "clips"
    for name, ids, suffix in (("one", [1], "jpg"), ("two", [1, 3], "png")):
        images, masks = root / "JPEGImages/480p" / name, root / "Annotations/480p" / name
        images.mkdir(parents=True)
        masks.mkdir(parents=True)
        for t in range(FRAMES):
            labels = np.zeros(SIZE, np.uint8)
            for row, object_id in enumerate(ids):
                if not (name == "one" and t == 4):
                    labels[3 + 10 * row : 9 + 10 * row, 2 + t : 9 + t] = object_id
            write_mask(masks / f"{t:05d}.png", labels)
            image = np.full((*SIZE, 3), 20 * t, np.uint8)
            if suffix == "jpg":
                write_jpeg(images / f"{t:05d}.jpg", image, quality=90)
            else:
                Image.fromarray(image).save(images / f"{t:05d}.png")
    return root


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def write(*arguments: object) -> None:
    assert workspace.main([str(argument) for argument in arguments]) == 0


def test_masks_of_a_data_set(clips, tmp_path, capsys):
    out = tmp_path / "ws"
    write(out, "--dataset", clips, "--spacing", 6)
    assert lines(out / "sequences/list.txt") == ["one", "two_1", "two_3"]
    one = out / "sequences/one"
    truth = [decode_region(line, *SIZE) for line in lines(one / "groundtruth.txt")]
    for t, mask in enumerate(truth):
        expected = np.zeros(SIZE, bool)
        if t != 4:
            expected[3:9, 2 + t : 9 + t] = True
        assert np.array_equal(mask, expected)
    assert [int(line) for line in lines(one / "anchor.value")] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, -1]
    assert [int(line) for line in lines(one / "occlusion.tag")] == [int(t == 4) for t in range(FRAMES)]
    assert set(lines(one / "sequence")) >= {"channels.color=color/%08d.jpg", "length=12", "width=32", "height=24"}
    assert (one / "color/00000012.jpg").read_bytes() == (clips / "JPEGImages/480p/one/00011.jpg").read_bytes()
    converted = read_image(out / "sequences/two_3/color/00000003.jpg")
    assert converted.shape == (*SIZE, 3) and abs(int(converted.mean()) - 40) <= 1
    second = decode_region(lines(out / "sequences/two_3/groundtruth.txt")[0], *SIZE)
    assert second[13:19, 2:9].all() and second.sum() == 42
    assert "low: 6, high: 12" in (out / "stack.yaml").read_text()
    assert (
        out / "config.yaml"
    ).read_text() == 'registry:\n- ./trackers.ini\nstack: ./stack.yaml\nsequences: "sequences"\n'
    assert "vot evaluate lwl_default lwl_box2mask_init" in capsys.readouterr().out


def test_boxes_of_a_data_set(clips, tmp_path):
    out = tmp_path / "ws"
    write(out, "--dataset", clips, "--truth", "rectangle")
    truth = lines(out / "sequences/one/groundtruth.txt")
    assert truth[0] == "2,3,7,6" and truth[4] == "0"
    entries = read_ini(out)
    assert entries.sections() == ["lwl_box2mask_init"]
    assert shlex.split(entries["lwl_box2mask_init"]["command"])[-2:] == ["--report", "rectangle"]


def read_ini(folder: Path) -> configparser.ConfigParser:
    """As the toolkit reads it."""
    entries = configparser.ConfigParser()
    entries.read(folder / "trackers.ini")
    return entries


def test_tracker_entries_start_this_interpreter_on_this_host(tmp_path, monkeypatch):
    """Also with blanks and percent signs in the paths: the toolkit splits the command, its file format knows %."""
    monkeypatch.setattr(sys, "executable", "/opt/my 100% env/bin/python")
    monkeypatch.setattr(workspace, "REPOSITORY", Path("/data/50% done/box2mask"))
    write(tmp_path / "ws", "--stack", "vot2020/shortterm")
    entry = read_ini(tmp_path / "ws")["lwl_default"]
    command = shlex.split(entry["command"])
    assert command[:5] == ["/opt/my 100% env/bin/python", "-m", "tracker_ext.vot.run", "lwl", "default"]
    assert command[5:] == ["--host", host.resolve().name]
    assert entry["protocol"] == "trax"
    assert entry["env_PYTHONPATH"] == "/data/50% done/box2mask"
    assert Path(entry["env_BOX2MASK_SETTINGS"]).is_file()


def test_a_stack_of_the_toolkit_with_sequences_that_are_there(clips, tmp_path):
    write(tmp_path / "first", "--dataset", clips)
    write(tmp_path / "second", "--stack", "vot2022/shorttermbox", "--sequences", tmp_path / "first/sequences")
    config = (tmp_path / "second/config.yaml").read_text()
    assert "stack: vot2022/shorttermbox" in config and str(tmp_path / "first/sequences") in config
    assert read_ini(tmp_path / "second").sections() == ["lwl_box2mask_init"]


def test_trackers_for_a_workspace_that_the_toolkit_made(tmp_path):
    (tmp_path / "config.yaml").write_text("stack: vot2020/shortterm\n")
    (tmp_path / "trackers.ini").touch()
    write(tmp_path, "--tracker", "lwl/default")
    assert read_ini(tmp_path).sections() == ["lwl_default"]
    assert (tmp_path / "config.yaml").read_text() == "stack: vot2020/shortterm\n"
    with pytest.raises(UserError, match="has trackers in it"):
        workspace.main([str(tmp_path), "--tracker", "lwl/default"])


@pytest.mark.parametrize(
    "arguments, said",
    [
        pytest.param([], "not there yet", id="nothing to write, nothing there"),
        pytest.param(["--sequences", "x"], "goes with --stack", id="sequences without stack"),
        pytest.param(["--stack", "vot2020/shortterm", "--sequences", "nowhere"], "list.txt", id="not VOT's layout"),
        pytest.param(["--stack", "vot2020/shortterm", "--truth", "mask"], "--truth", id="the stack's truth is known"),
        pytest.param(["--stack", "vot2020/shortterm", "--spacing", "5"], "--spacing", id="the stack has its anchors"),
        pytest.param(["--dataset", "demo", "--spacing", "0"], "at least 1", id="no spacing"),
        pytest.param(["--dataset", "demo", "--experiments", "baseline,x"], "x is none of", id="unknown experiment"),
        pytest.param(
            ["--stack", "vot2020/shortterm", "--experiments", "baseline"], "--experiments", id="the stack's own"
        ),
        pytest.param(["--dataset", "dmeo"], "dmeo", id="unknown data set"),
    ],
)
def test_refusals_leave_nothing_behind(arguments, said, tmp_path):
    with pytest.raises(UserError, match=said):
        workspace.main([str(tmp_path / "ws"), *arguments])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_not_touched(clips, tmp_path):
    mine = tmp_path / "ws" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(UserError, match="has files in it"):
        workspace.main([str(mine.parent), "--dataset", str(clips)])
    assert list(mine.parent.iterdir()) == [mine]


@pytest.mark.parametrize("names", ["baseline", "unsupervised,baseline", "baseline,realtime,unsupervised"])
def test_experiments_can_be_left_out(names, clips, tmp_path):
    write(tmp_path / "ws", "--dataset", clips, "--experiments", names)
    stack = lines(tmp_path / "ws/stack.yaml")
    found = [line.strip(" :") for line in stack if line.startswith("  ") and line[2] != " "]
    assert sorted(found) == sorted(names.split(","))


def test_a_frame_without_mask_is_refused(clips, tmp_path):
    (clips / "Annotations/480p/two/00007.png").unlink()
    with pytest.raises(UserError, match="two: 1 of 12 frames"):
        workspace.main([str(tmp_path / "ws"), "--dataset", str(clips)])
    assert not (tmp_path / "ws").exists()
