"""`run_export.py`: all or nothing, and nothing of the user's is replaced."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from miniatures.job_files import annotate, wandering_boxes, write_boxes, write_frames
from miniatures.mask_results import SIZE, davis_result, drawn_labels, write_masks
from miniatures.networks import write_box_filler
from miniatures.shapes import write_picture
from miniatures.videos import damage_frames, write_video

from tracker_ext.export.formats import FORMATS
from tracker_ext.video.clip_writer import ClipWriter

LABELS = drawn_labels()


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_every_format_writes_an_empty_clip_and_one_with_16_bits(tmp_path, run):
    """Nothing to be seen is a result, too."""
    davis_result(tmp_path / "empty", "none", [LABELS[2]] * 3)
    out = run(tmp_path / "empty", ",".join(FORMATS))
    assert sorted(path.name for path in out.iterdir()) == sorted(FORMATS)


def test_several_formats_at_once_and_again(tmp_path, run, capsys):
    result = davis_result(tmp_path / "result")
    out = run(result, "coco,binary")
    said = capsys.readouterr().out
    assert said.startswith("1 clip, 4 frames, 2 objects\n") and f"coco: {out / 'coco'}" in said
    (out / "mine.txt").write_text("mine")
    before = files(out)
    assert run(result, "coco", "--format", "binary") == out
    assert files(out) == before


def test_the_result_of_a_video_remembers_its_frames(tmp_path, run):
    video = write_video(tmp_path / "clip.mp4", 4, SIZE)
    with ClipWriter(tmp_path / "masks_of_clip", size=SIZE, object_ids=[1, 3], inputs=[video]) as writer:
        for index, labels in enumerate(LABELS):
            writer.add(f"{index:08d}", np.zeros((*SIZE, 3), np.uint8), labels, {1: None, 3: None})
    out = run(tmp_path / "masks_of_clip", "cutout")
    assert files(out / "cutout/masks_of_clip") == ["1/00000000.png", "1/00000003.png", *(
        f"3/0000000{index}.png" for index in (0, 1, 3)
    )]  # fmt: skip
    video.unlink()
    run(tmp_path / "masks_of_clip", "cutout", code=2)


def test_the_folder_that_a_result_remembers_may_have_its_pictures_in_another(tmp_path, run):
    for index in range(4):
        write_picture(tmp_path / f"clip/images/{index:05d}.jpg", np.zeros((*SIZE, 3), np.uint8))
    with ClipWriter(tmp_path / "result", size=SIZE, object_ids=[1], inputs=[tmp_path / "clip"]) as writer:
        for index, labels in enumerate(LABELS):
            writer.add(f"{index:05d}", np.zeros((*SIZE, 3), np.uint8), labels, {1: None})
    assert files(run(tmp_path / "result", "cutout") / "cutout/result/1") == ["00000.png", "00003.png"]


def test_chosen_objects_and_clips(tmp_path, run, capsys):
    for name in ("a", "b"):
        write_masks(tmp_path / "result" / name, LABELS)
    out = run(tmp_path / "result", "binary", "--objects", "3", "--clip", "b")
    assert files(out / "binary")[1:] == [f"b/3/0000{index}.png" for index in range(4)]
    assert capsys.readouterr().out.startswith("1 clip, 4 frames, 1 object\n")
    run(tmp_path / "result", "binary", "--objects", "2", code=2)
    assert "--objects 2: no mask has it; there are 1, 3" in capsys.readouterr().err


def test_a_frame_that_cannot_be_read_is_said(tmp_path, run, capsys):
    result = write_masks(tmp_path / "walk", LABELS * 3)
    video = write_video(tmp_path / "clip.mp4", 12, SIZE, options={"g": "1", "bf": "0"}, noise=80)
    damage_frames(video, [5])
    run(result, "cutout", "--frames", video, code=1)
    assert "damaged: walk: 1 frame cannot be read (5, from 0)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, message",
    [
        (["cooc"], "--format cooc: unknown; did you mean coco?"),
        ([""], "--format: is missing; known are coco, "),
        (["cutout"], "--format cutout: the frames of walk are not known; give --frames VIDEO_OR_FOLDER"),
        (["coco", "--extract-frames"], "--extract-frames: the frames of walk are not known"),
        (["coco", "--objects", "1;2"], "--objects 1;2: give object ids with commas between"),
        (["coco", "--label", "a", "--label", "b"], "give one NAME for all objects, or ID=NAME"),
        (["coco", "--label", "3="], "--label 3=: give one NAME"),
        (["coco", "--simplify", "-1"], "--simplify -1.0: must be 0 or more"),
        (["gif", "--gif-width", "2"], "--gif-width 2: must be 8 to 8192"),
    ],
)
def test_mistakes(tmp_path, run, capsys, words, message):
    out = run(write_masks(tmp_path / "walk", LABELS), *words, code=2)
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not out.exists()


def test_nothing_of_the_user_is_replaced(tmp_path, run, capsys):
    result = write_masks(tmp_path / "walk", LABELS)
    out = tmp_path / "out"
    (out / "coco").mkdir(parents=True)
    (out / "coco/mine.json").write_text("mine")
    run(result, "binary,coco", code=2)
    assert "mine.json is of no earlier export; name another folder" in capsys.readouterr().err
    (out / "coco/mine.json").unlink()
    run(result, "coco")
    later = (out / "coco/.export.json").stat().st_mtime + 60
    os.utime(out / "coco/annotations/instances_default.json", (later, later))
    run(result, "coco", code=2)
    assert "annotations/instances_default.json was changed since it was exported" in capsys.readouterr().err


def test_inputs_are_no_place_for_the_output(tmp_path, run, capsys):
    result = write_masks(tmp_path / "out/coco", LABELS)
    run(result, "coco", code=2)
    assert "lies in the input" not in capsys.readouterr().err
    run(tmp_path, "coco", code=2)
    assert "lies in the input" in capsys.readouterr().err


def test_a_damaged_mask_stops_before_anything_is_written(tmp_path, run, capsys):
    result = write_masks(tmp_path / "walk", LABELS)
    (result / "00003.png").write_bytes((result / "00003.png").read_bytes()[:60])
    out = run(result, "coco", code=2)
    assert "00003.png" in capsys.readouterr().err
    assert not out.exists()


def test_the_record_lists_what_was_written(tmp_path, run):
    out = run(davis_result(tmp_path / "result"), "yolo-seg")
    listed = json.loads((out / "yolo-seg/.export.json").read_text())["files"]
    assert sorted([*listed, ".export.json"]) == files(out / "yolo-seg")


def test_an_annotated_data_set_has_its_pictures_names_and_not_what_was_rejected(tmp_path, run, capsys):
    write_frames(tmp_path / "clips/walk", ["shot5.jpg", "shot10.jpg"], seed=1)
    write_frames(tmp_path / "clips/run", ["a.jpg", "b.jpg"], seed=2)
    for name in ("walk", "run"):
        write_boxes(tmp_path / f"clips/{name}/groundtruth.txt", wandering_boxes(2))
    weights = write_box_filler(tmp_path / "filler.safetensors")
    job = tmp_path / "job"
    assert annotate("folder", tmp_path / "clips", "--out", job, "--weights", weights) == 0
    assert "davis: frames are named 00000, 00001" in capsys.readouterr().out
    (tmp_path / "decisions.csv").write_text("sequence,decision\nrun,reject\n")
    assert annotate("--apply", tmp_path / "decisions.csv", "--out", job) == 0
    out = run(job, "coco,binary")
    said = capsys.readouterr().err
    assert "1 sequence left out, rejected by the review: run" in said
    assert "frames have the names of their pictures (shot5, ...), not those of the masks (00000, ...)" in said
    assert files(out / "binary/walk/1") == ["shot10.png", "shot5.png"]
    assert [path for path in files(out / "coco") if path.endswith(".jpg")] == [
        "images/walk/shot10.jpg", "images/walk/shot5.jpg"
    ]  # fmt: skip
    run(job, "coco", "--clip", "run", code=2)
    run(job, "binary", "--frames", tmp_path / "clips")
