"""Boxes on every frame of a clip of which some frames cannot be read: the others get their masks, nothing is lost."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest
from miniatures.networks import write_box_filler
from miniatures.videos import SIZE, cut_file, damage_frames, grey, write_video
from PIL import Image

import run_annotate
from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import UserError, run_command
from tracker_ext.annotation.sources.folder import open_folder
from tracker_ext.video.box_files import read_boxes

COUNT = 12
FILL = {"--tolerance": "0", "--frames": "2", "--interval": "1"}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_box_filler(tmp_path_factory.mktemp("weights") / "tiny.safetensors")


def write_lines(path, count=COUNT):
    path.write_text("".join(f"{8 + i},8,20,16\n" for i in range(count)))
    return path


def run(video, boxes, out, weights):
    options = [word for pair in FILL.items() for word in pair]
    arguments = ["video", str(video), "--boxes", str(boxes), "--out", str(out), "--weights", str(weights), *options]
    return run_command(lambda: run_annotate.main(arguments))


def empty_frames(out):
    return [i for i, path in enumerate(sorted((out / "masks").iterdir())) if not read_mask(path).any()]


def test_damaged_frames_of_a_video(tmp_path, weights, capsys):
    video = damage_frames(write_video(tmp_path / "clip.mp4", COUNT, options={"g": "1", "bf": "0"}), (4, 5))
    assert run(video, write_lines(tmp_path / "b.txt"), tmp_path / "out", weights) == 1
    sentence = "clip.mp4 announces 12 frames, 10 can be decoded: frames 4, 5 are damaged"
    said = capsys.readouterr().err
    assert f"note: {sentence}\n" in said and f"damaged: {sentence}; their masks are empty\n" in said
    assert empty_frames(tmp_path / "out") == [4, 5]
    boxes = read_boxes(tmp_path / "out/boxes.txt", COUNT)[1]
    assert np.flatnonzero(np.isnan(boxes[:, 0])).tolist() == [4, 5]
    assert boxes[11].tolist() == [19, 8, 20, 16], "boxes stay with their frames"


def cut_video(path):
    return cut_file(write_video(path, 30, noise=30, options={"bf": "0"}, container={"movflags": "+faststart"}), 0.6)


@pytest.mark.parametrize("given", ["announced", "decodable"])
def test_a_cut_video_takes_boxes_of_all_frames_or_of_those_that_are_there(tmp_path, weights, given, capsys):
    video = cut_video(tmp_path / "clip.mp4")
    from tracker_ext.video.frames import open_frames

    there = len(open_frames(video))
    boxes = write_lines(tmp_path / "b.txt", 30 if given == "announced" else there)
    assert run(video, boxes, tmp_path / "out", weights) == 1
    assert f"damaged: clip.mp4 announces 30 frames, {there} can be decoded: the file is cut" in capsys.readouterr().err
    assert len(list((tmp_path / "out/masks").iterdir())) == there and empty_frames(tmp_path / "out") == []


def test_a_cut_video_is_not_the_fault_of_its_boxes(tmp_path, weights, capsys):
    video = cut_video(tmp_path / "clip.mp4")
    assert run(video, write_lines(tmp_path / "b.txt", 29), tmp_path / "out", weights) == 2
    error = capsys.readouterr().err
    assert re.search(r"clip\.mp4 announces 30 frames, \d+ can be decoded: .*; box file .* 29 boxes for 30", error)
    assert not (tmp_path / "out").exists()


def test_a_data_set_refuses_a_damaged_video_by_name(tmp_path):
    damage_frames(write_video(tmp_path / "clip.mp4", COUNT, options={"g": "1", "bf": "0"}), (4, 5))
    write_lines(tmp_path / "clip.txt")
    with pytest.raises(UserError, match=r"clip\.mp4 announces 12 frames, 10 can be decoded: frames 4, 5 are damaged"):
        open_folder(tmp_path, None).load("clip")


def test_a_picture_that_is_found_damaged_late(tmp_path, weights, capsys):
    folder = tmp_path / "walk"
    folder.mkdir()
    for number in range(COUNT):
        noise = np.random.default_rng(number).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{number:03d}.jpg")
    (folder / "010.jpg").write_bytes((folder / "010.jpg").read_bytes()[:-200])
    (folder / "003.jpg").write_bytes(b"")
    boxes = write_lines(tmp_path / "b.txt")
    assert run(folder, boxes, tmp_path / "out", weights) == 1
    said = capsys.readouterr().err
    assert "damaged: walk: 2 frames of 12 cannot be read (3, 10, from 0); their masks are empty: " in said
    assert "003.jpg cannot be decoded as a picture: it is empty (0 bytes)" in said
    assert empty_frames(tmp_path / "out") == [3, 10]


def test_pictures_of_a_folder_are_turned_and_that_is_said(tmp_path, weights, capsys):
    exif = Image.Exif()
    exif[0x112] = 6
    (tmp_path / "walk").mkdir()
    for number in range(2):
        Image.fromarray(grey(9)).save(tmp_path / f"walk/{number}.jpg", exif=exif)
    boxes = write_lines(tmp_path / "b.txt", 2)
    assert run(tmp_path / "walk", boxes, tmp_path / "out", weights) == 0
    assert "2 of 2 pictures are turned as their EXIF orientation says" in capsys.readouterr().err
    assert read_mask(tmp_path / "out/masks/0.png").shape == SIZE[::-1]
    sequence = open_folder(tmp_path / "walk", boxes).load("walk")
    assert sequence.frames.sizes() == [SIZE[::-1]] * 2


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_a_video_that_is_no_file(tmp_path, weights, capsys, kind):
    os.mkfifo(tmp_path / "clip.mp4") if kind == "pipe" else (tmp_path / "clip.mp4").mkdir()
    assert run(tmp_path / "clip.mp4", write_lines(tmp_path / "b.txt"), tmp_path / "out", weights) == 2
    assert ("is no file but a pipe" if kind == "pipe" else "has no") in capsys.readouterr().err
