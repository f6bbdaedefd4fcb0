"""`run_annotate.py video --box FRAME:... --mask FRAME:FILE`."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from miniatures.job_files import annotate, wandering_boxes, write_boxes, write_frames

from ltr_ext.data.mask_io import read_mask
from ltr_ext.errors import UserError
from tracker_ext.export.clips import find_masks
from tracker_ext.segmentation.prompts import read_prompts
from tracker_ext.video.frames import open_frames

HEIGHT, WIDTH = 48, 64


@pytest.fixture
def frames(tmp_path):
    """Eight frames, `00000010.jpg` to `00000017.jpg`."""
    write_frames(tmp_path / "clip", [f"{number:08d}.jpg" for number in range(10, 18)])
    return tmp_path / "clip"


@pytest.fixture
def run(frames, tmp_path, tiny_weights):
    def call(*options, out="out"):
        windows = ("--weights", tiny_weights, "--frames", 3, "--interval", 1)
        return annotate("video", frames, "--out", tmp_path / out, *windows, *options)

    return call


def mask_file(path, *ids, value=None):
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    for number, object_id in enumerate(ids):
        labels[8:30, 6 + 26 * number : 28 + 26 * number] = object_id if value is None else value
        labels[12:16, 10 + 26 * number : 14 + 26 * number] = 0  # a hole, which no box can say
    cv2.imwrite(str(path), labels)
    return labels


def masks_of(folder):
    return [read_mask(path) for path in sorted((folder / "masks").glob("*.png"))]


def test_boxes_of_single_frames_are_enough(run, tmp_path):
    assert run("--box", "0:8,6,24,20", "--box", "00000017:15,13,24,20") == 0
    assert len(masks_of(tmp_path / "out")) == 8
    track = np.array([[8 + frame, 6 + frame, 24, 20] for frame in range(8)], float)
    track[1:7] = np.nan
    rows = "".join(f"{frame},1,{','.join(f'{v:g}' for v in track[frame])}\n" for frame in (0, 7))
    (tmp_path / "boxes.csv").write_text("frame,object,x,y,w,h\n" + rows)
    assert run("--boxes", tmp_path / "boxes.csv", out="by_file") == 0
    for one, other in zip(masks_of(tmp_path / "out"), masks_of(tmp_path / "by_file"), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["00000017.jpg", "clip/00000017", "17"])
def test_frames_are_named_as_in_box_files(run, tmp_path, capsys, name):
    first = "10" if name.isdigit() else "00000010"
    assert run("--box", f"{first}:8,6,24,20", "--box", f"{name}:15,13,24,20") == 0
    assert ("frames are the numbers of the pictures" in capsys.readouterr().err) == name.isdigit()
    assert run("--box", "0:8,6,24,20", "--box", "7:15,13,24,20", out="expected") == 0
    for one, other in zip(masks_of(tmp_path / "out"), masks_of(tmp_path / "expected"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_box_replaces_that_of_the_file(run, tmp_path):
    boxes = wandering_boxes(8)
    write_boxes(tmp_path / "wrong.txt", np.vstack([boxes[:3], [[0, 0, 5, 5]], boxes[4:]]))
    write_boxes(tmp_path / "right.txt", boxes)
    right = ",".join(str(value) for value in boxes[3])
    assert run("--boxes", tmp_path / "wrong.txt", "--box", f"3:{right}") == 0
    assert run("--boxes", tmp_path / "right.txt", out="expected") == 0
    for one, other in zip(masks_of(tmp_path / "out"), masks_of(tmp_path / "expected"), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("value", [None, 255])
def test_a_mask_is_kept_to_the_pixel(run, tmp_path, value):
    write_boxes(tmp_path / "boxes.txt", wandering_boxes(8))
    labels = mask_file(tmp_path / "painted.png", 1, value=value)
    assert run("--boxes", tmp_path / "boxes.txt", "--mask", f"00000013:{tmp_path / 'painted.png'}") == 0
    found = masks_of(tmp_path / "out")
    np.testing.assert_array_equal(found[3], (labels > 0).astype(np.uint8))
    assert all(mask.any() for mask in found)


def test_masks_alone_name_the_objects(run, tmp_path):
    labels = mask_file(tmp_path / "two.png", 2, 5)
    assert run("--mask", f"0:{tmp_path / 'two.png'}", "--mask", f"7:{tmp_path / 'two.png'}") == 0
    found = masks_of(tmp_path / "out")
    np.testing.assert_array_equal(found[0], labels)
    assert set(np.unique(found[4])) <= {0, 2, 5}


def test_frames_beyond_the_last_box_are_followed_if_that_is_asked_for(run, tmp_path, capsys):
    labels = mask_file(tmp_path / "painted.png", 1)
    options = ("--box", "0:8,6,24,20", "--mask", f"3:{tmp_path / 'painted.png'}")
    assert run(*options) == 0
    said = capsys.readouterr()
    assert "4 frames beyond the last box have no masks; run_annotate.py video ... --follow makes them" in said.err
    assert run(*options, "--follow", out="followed") == 0
    said = capsys.readouterr()
    assert "4 frames without a box followed by the tracker" in said.out and "note" not in said.err
    plain, followed = masks_of(tmp_path / "out"), masks_of(tmp_path / "followed")
    for one, other in zip(plain[:4], followed[:4], strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(followed[3], (labels > 0).astype(np.uint8))
    assert not plain[4].any() and followed[4].shape == plain[4].shape


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "boxes: none given; give --boxes FILE, or --box FRAME:x,y,w,h"),
        (("--box", "8,6,24,20"), "--box 8,6,24,20: is one box on the first frame: run_tracker.py"),
        (
            ("--box", "99:8,6,24,20"),
            "frame 99 of 8 frames; frames count from 0 (clip has 8 frames, 00000010 to 00000017, or 0 to 7)",
        ),
        (("--box", "0:8,6,24,20", "--box", "12:8,6,24,20"), "--box 12:8,6,24,20: frame 12 of 8 frames"),
        (("--box", "0:8,6,24"), "is not four numbers"),
        (("--box", "0:8,6,0,20"), "has no area"),
        (("--box", "0:a:8,6,24,20"), "write FRAME:x,y,w,h or FRAME:OBJECT:x,y,w,h"),
        (("--box", "0:1:2:8,6,24,20"), "write FRAME:x,y,w,h or FRAME:OBJECT:x,y,w,h"),
        (("--box", "0:8,6,24,20", "--box", "0:1:8,6,24,21"), "is the second for object 1 on frame 0"),
        (("--box", "0:2:8,6,24,20", "--box", "5:8,6,24,21"), "say which of objects 2 is meant"),
        (("--mask", "here.png"), "write FRAME:FILE"),
        (("--mask", "0:"), "write FRAME:FILE"),
        (("--mask", "0:missing.png"), "mask missing.png"),
    ],
)
def test_what_is_refused_on_one_line(run, tmp_path, capsys, options, said):
    assert run(*options) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1, error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("shape", "ids", "said"),
    [
        ((HEIGHT, WIDTH), (), "is empty"),
        ((20, 30), (1,), "is 30x20, the frames 64x48"),
        ((HEIGHT, WIDTH), (3,), "no object 3"),
    ],
)
def test_a_mask_of_another_kind_is_refused(run, tmp_path, capsys, shape, ids, said):
    labels = np.zeros(shape, np.uint8)
    for object_id in ids:
        labels[4:16, 4:16] = object_id
    cv2.imwrite(str(tmp_path / "mask.png"), labels)
    write_boxes(tmp_path / "boxes.txt", wandering_boxes(8))
    assert run("--boxes", tmp_path / "boxes.txt", "--mask", f"2:{tmp_path / 'mask.png'}") == 2
    assert said in capsys.readouterr().err


def test_of_several_objects_one_must_be_named(run, tmp_path, capsys):
    rows = "".join(f"{frame},{i},{8 + frame},{6 * i},20,20\n" for i in (1, 2) for frame in range(8))
    (tmp_path / "two.csv").write_text("frame,object,x,y,w,h\n" + rows)
    assert run("--boxes", tmp_path / "two.csv", "--box", "3:8,6,24,20") == 2
    assert "say which of objects 1, 2 is meant" in capsys.readouterr().err
    assert run("--boxes", tmp_path / "two.csv", "--box", "3:2:8,6,24,20") == 0


def test_names_of_objects_go_with_the_masks(run, tmp_path):
    rows = "".join(f"{frame},{name},{8 + frame},6,20,20\n" for name in ("bike", "tower") for frame in range(8))
    (tmp_path / "named.csv").write_text("frame,object,x,y,w,h\n" + rows)
    assert run("--boxes", tmp_path / "named.csv") == 0
    (clip,) = find_masks(tmp_path / "out")
    assert clip.objects == {1: "bike", 2: "tower"}


@pytest.fixture
def source(frames):
    return open_frames(frames)


def said(prompts):
    return {
        object_id: {frame: box.tolist() for frame, box in given.items()} for object_id, given in prompts.boxes.items()
    }


def test_plain_boxes_are_objects_of_the_first_frame(source):
    prompts = read_prompts(["1,2,3,4", "5,6,7,8", "3:2:9,9,9,9"], [], source, plain_is_first=True)
    assert said(prompts) == {1: {0: [1, 2, 3, 4]}, 2: {0: [5, 6, 7, 8], 3: [9, 9, 9, 9]}}
    one = read_prompts(["1,2,3,4", "00000013:9,9,9,9"], [], source, plain_is_first=True)
    assert said(one) == {1: {0: [1, 2, 3, 4], 3: [9, 9, 9, 9]}}
    with pytest.raises(UserError, match="say which of objects 1, 2 is meant; of several objects write FRAME:OBJECT"):
        read_prompts(["1,2,3,4", "5,6,7,8", "3:9,9,9,9"], [], source, plain_is_first=True)
    with pytest.raises(UserError, match="say which of objects 1, 2"):
        read_prompts(["1,2,3,4", "3:2:5,6,7,8", "5:9,9,9,9"], [], source, plain_is_first=True)


def test_a_mask_comes_before_a_box_and_names_its_object(source, tmp_path):
    labels = mask_file(tmp_path / "ids.png", 3, 5)
    both = read_prompts(["0:3:1,2,3,4"], [f"0:{tmp_path / 'ids.png'}"], source)
    assert said(both) == {3: {0: [6, 8, 22, 22]}, 5: {0: [32, 8, 22, 22]}}
    one = read_prompts([], [f"0:5:{tmp_path / 'ids.png'}"], source)
    assert list(one.boxes) == [5]
    np.testing.assert_array_equal(one.masks[5][0], labels == 5)
    with pytest.raises(UserError, match="has objects 3, 5, and not 4"):
        read_prompts([], [f"0:4:{tmp_path / 'ids.png'}"], source)


def test_black_and_white_masks_of_several_objects(source, tmp_path):
    mask_file(tmp_path / "a.png", 1, value=255)
    mask_file(tmp_path / "1:b.png", 1, value=255)
    prompts = read_prompts([], [f"0:1:{tmp_path / 'a.png'}", f"2:7:{tmp_path / 'a.png'}"], source)
    assert {i: list(given) for i, given in prompts.masks.items()} == {1: [0], 7: [2]}
    assert list(read_prompts([], [f"0:{tmp_path / '1:b.png'}"], source).masks) == [1], "a file with a colon in its name"
    with pytest.raises(UserError, match="say which of objects 1, 7"):
        read_prompts([], [f"0:{tmp_path / 'a.png'}"], source, [1, 7])


def test_soft_edges_are_stored_if_that_is_asked_for(run, tmp_path):
    labels = mask_file(tmp_path / "two.png", 2, 5)
    options = ("--mask", f"0:{tmp_path / 'two.png'}", "--mask", f"7:{tmp_path / 'two.png'}")
    assert run(*options, "--soft") == 0
    out = tmp_path / "out"
    soft = {i: cv2.imread(str(out / f"soft/{i}/00000010.png"), cv2.IMREAD_UNCHANGED) for i in (2, 5)}
    assert all(alpha.shape == (HEIGHT, WIDTH) and alpha.dtype == np.uint8 for alpha in soft.values())
    assert soft[2][20, 20] == 255 and soft[2][20, 60] == 0 and labels[20, 20] == 2
    (clip,) = find_masks(out)
    np.testing.assert_array_equal(clip.soft.alpha(5, "00000010", (HEIGHT, WIDTH)), soft[5])
    assert len(list((out / "soft/2").iterdir())) == sum((mask == 2).any() for mask in masks_of(out))
    assert run(*options) == 0
    assert not (out / "soft").exists(), "of the earlier result"
    assert find_masks(out)[0].soft is None
