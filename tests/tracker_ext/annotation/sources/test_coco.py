"""Boxes in json files: what order, what is refused, that nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from miniatures.job_files import boxed, write_frames
from PIL import Image

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.coco import CocoVideoSource
from tracker_ext.annotation.sources.folder import open_folder
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.segmentation.prepare import prepare

BOX = [5, 6, 20, 18]


def per_image(names: list[str], keys: dict[str, list[Any]] | None = None, **more: Any) -> dict[str, Any]:
    """COCO-VID with one video; annotation i is of image i and its x is i."""
    images = [{"id": 100 + index, "video_id": 1, "file_name": name} for index, name in enumerate(names)]
    for key, values in (keys or {}).items():
        for image, value in zip(images, values, strict=True):
            image[key] = value
    annotations = [{"id": i, "image_id": 100 + i, "track_id": 7, "bbox": [i, 6, 20, 18]} for i in range(len(names))]
    return {"videos": [{"id": 1, "name": "v"}], "images": images, "annotations": annotations, **more}


def per_object(boxes: list[Any], names: list[str] | None = None) -> dict[str, Any]:
    """YouTube-VIS with one object."""
    names = names or [f"v/{index}.jpg" for index in range(len(boxes))]
    annotations = [{"id": 4, "video_id": 1, "bboxes": boxes}]
    return {"videos": [{"id": 1, "name": "v", "file_names": names}], "annotations": annotations}


def source(root: Path, content: Any) -> CocoVideoSource:
    (root / "b.json").write_text(content if isinstance(content, str) else json.dumps(content))
    found = open_folder(root, root / "b.json")
    assert isinstance(found, CocoVideoSource)
    return found


def load(root: Path, content: dict[str, Any], name: str = "v") -> BoxedSequence:
    return source(root, content).load(name)


@pytest.mark.parametrize(
    ("names", "keys", "order"),
    [
        pytest.param(["v/frame10.jpg", "v/frame2.jpg", "v/frame1.jpg"], {}, [2, 1, 0], id="natural order of names"),
        pytest.param(["v/c.jpg", "v/b.jpg", "v/a.jpg"], {"frame_id": [1, 0, 2]}, [1, 0, 2], id="frame_id"),
        pytest.param(["v/c.jpg", "v/b.jpg", "v/a.jpg"], {"frame_index": [0.5, 0, 2]}, [1, 0, 2], id="frame_index"),
        pytest.param(["v/2.jpg", "v/1.jpg"], {"frame_id": [0, 0]}, [1, 0], id="a frame_id that says nothing"),
    ],
)
def test_order_of_the_frames(tmp_path, names, keys, order):
    write_frames(tmp_path, [])
    write_frames(tmp_path / "v", [Path(name).name for name in names])
    sequence = load(tmp_path, per_image(names, keys))
    assert [path.relative_to(tmp_path).as_posix() for path in sequence.frames.paths] == [names[i] for i in order]
    assert sequence.boxes[1][:, 0].tolist() == order


def test_images_without_videos(tmp_path):
    names = ["a/1.jpg", "b/2.jpg", "b/10.jpg", "0.jpg"]
    write_frames(tmp_path / "a", ["1.jpg"])
    write_frames(tmp_path / "b", ["2.jpg", "10.jpg"])
    write_frames(tmp_path, ["0.jpg"])
    content = per_image(names)
    del content["videos"]
    for image in content["images"]:
        del image["video_id"]
    found = source(tmp_path, content)
    assert found.names() == ["a", "b", tmp_path.name]
    assert [path.name for path in found.load("b").frames.paths] == ["2.jpg", "10.jpg"]
    assert found.load("b").boxes[1][:, 0].tolist() == [1, 2]


def test_track_ids_of_cvat(tmp_path):
    write_frames(tmp_path / "v", ["1.jpg"])
    content = per_image(["v/1.jpg"])
    del content["annotations"][0]["track_id"]
    content["annotations"][0]["attributes"] = {"track_id": 3, "occluded": False}
    assert load(tmp_path, content).objects == {1: "3"}


@pytest.mark.parametrize(
    ("box", "words"),
    [
        pytest.param(5, "annotation 4 frame 1: box 5 is not four numbers", id="number"),
        pytest.param([7], r"box \[7\] is not four numbers", id="one number"),
        pytest.param(True, "box true is not four numbers", id="truth"),
        pytest.param([True, 1, 2, 3], "is not four numbers", id="truth among numbers"),
        pytest.param("1,2,3,4", "is not four numbers", id="text"),
        pytest.param(["1", "2", "3", "4"], "is not four numbers", id="numbers as text"),
        pytest.param([None] * 4, "is not four numbers", id="nothing"),
        pytest.param({"x": 1}, "is not four numbers", id="object"),
        pytest.param([1] * 500, r"\.\.\. is not four numbers", id="many"),
    ],
)
def test_a_box_that_is_none_is_refused(tmp_path, box, words):
    write_frames(tmp_path / "v", ["0.jpg", "1.jpg", "2.jpg"])
    with pytest.raises(UserError, match=words) as caught:
        load(tmp_path, per_object([BOX, box, BOX]))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300
    images = per_image(["v/0.jpg", "v/1.jpg", "v/2.jpg"])
    images["annotations"][1]["bbox"] = box
    with pytest.raises(UserError, match=words.replace("annotation 4 frame 1", "annotation 1 image 101")):
        load(tmp_path, images)


def test_numbers_beyond_all_bounds(tmp_path):
    write_frames(tmp_path / "v", ["0.jpg", "1.jpg"])
    content = json.dumps(per_object([BOX, [0, 0, 9, 9]])).replace("[0, 0, 9, 9]", f"[Infinity, -1e999, {10**400}, 2]")
    boxes = source(tmp_path, content).load("v").boxes[1]
    np.testing.assert_array_equal(boxes[1], [np.inf, -np.inf, np.inf, 2])
    large = per_image(["v/0.jpg"], {"frame_id": [10**400]})
    large["images"][0]["id"] = large["annotations"][0]["image_id"] = 10**300
    assert boxed(load(tmp_path, large)) == [0]


@pytest.mark.parametrize("row", [[0, 0, 0, 0], [-1, -1, -1, -1], [-1.0, -1, -1, -1]])
def test_four_zeros_or_minus_one_say_absent(tmp_path, row):
    write_frames(tmp_path / "v", ["0.jpg", "1.jpg", "2.jpg", "3.jpg"])
    sequence = load(tmp_path, per_object([BOX, row, None, BOX]))
    assert sequence.absent[1].tolist() == [False, True, False, False]
    assert boxed(sequence) == [0, 3]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda c: c["annotations"][0].update(image_id=5), "annotation 0 is of image 5", id="image"),
        pytest.param(lambda c: c["images"][0].update(video_id=5), "image 100 is of video 5", id="video"),
        pytest.param(lambda c: c["images"][0].pop("video_id"), "image 100 without video_id", id="no video"),
        pytest.param(lambda c: c["images"][0].update(id=101), "1 images have the id", id="image twice"),
        pytest.param(lambda c: c["videos"].append({"id": 1}), "same id", id="video twice"),
        pytest.param(lambda c: c["images"][0].update(id=[1]), r"has id \[1\]", id="a list as id"),
        pytest.param(lambda c: c["images"][0].update(file_name=5), "has file_name 5", id="a number as name"),
        pytest.param(lambda c: c["annotations"][0].update(track_id=[1]), "track", id="a list as track"),
        pytest.param(lambda c: c["annotations"][0].pop("track_id"), "no track_id", id="one without a track"),
        pytest.param(lambda c: c["annotations"][0].pop("bbox"), "box null is not four", id="no box"),
        pytest.param(lambda c: c["images"][0].update(frame_id="x"), "frame_id 'x'", id="frame number as text"),
        pytest.param(lambda c: [i.update(frame_id=k // 2) for k, i in enumerate(c["images"])], "two images", id="k"),
        pytest.param(lambda c: c.update(images=5), "'images' is no list", id="images"),
        pytest.param(lambda c: c.update(annotations=[5]), "'annotations' is no list", id="annotations"),
        pytest.param(lambda c: c.update(videos=[]), "is not listed", id="no videos"),
        pytest.param(lambda c: c.update(videos={}), "no list 'videos'", id="videos"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, words):
    write_frames(tmp_path / "v", ["0.jpg", "1.jpg", "2.jpg"])
    content = per_image(["v/0.jpg", "v/1.jpg", "v/2.jpg"])
    change(content)
    with pytest.raises(UserError, match=words):
        load(tmp_path, content)


def test_as_many_boxes_as_frames(tmp_path):
    write_frames(tmp_path / "v", ["0.jpg", "1.jpg"])
    for boxes in ([BOX], [BOX] * 3):
        with pytest.raises(UserError, match=f"has {len(boxes)} bboxes for 2 frames"):
            load(tmp_path, per_object(boxes, ["v/0.jpg", "v/1.jpg"]))


@pytest.mark.parametrize("text", ["[" * 100000 + "]" * 100000, '{"videos":' + "[" * 100000 + "]" * 100000 + "}"])
def test_deep_nesting_is_refused(tmp_path, text):
    with pytest.raises(UserError, match="nested too deeply"):
        source(tmp_path, text).names()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
def test_any_encoding_of_json(tmp_path, encoding):
    write_frames(tmp_path / "v", ["0.jpg"])
    (tmp_path / "b.json").write_bytes(json.dumps(per_object([BOX])).encode(encoding))
    assert boxed(CocoVideoSource(tmp_path, tmp_path / "b.json").load("v")) == [0]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[1]", b'"text"', b"null"])
def test_what_is_no_json_of_boxes(tmp_path, content):
    (tmp_path / "b.json").write_bytes(content)
    with pytest.raises(UserError, match=r"b\.json is no"):
        CocoVideoSource(tmp_path, tmp_path / "b.json").names()


@pytest.mark.parametrize("name", ["../out.jpg", "v/../../out.jpg", "{root}/../out.jpg", "/etc/hostname", "..\\out.jpg"])
def test_frames_outside_the_folder_are_refused(tmp_path, name):
    root = tmp_path / "in"
    write_frames(root / "v", ["0.jpg"])
    write_frames(tmp_path, ["out.jpg"])
    with pytest.raises(UserError, match="lies outside the folder"):
        load(root, per_object([BOX], [name.format(root=root)]))


@pytest.mark.parametrize("name", ["{root}/v/0.jpg", "v\\0.jpg", "v/../v/0.jpg"])
def test_other_ways_to_name_a_frame(tmp_path, name):
    write_frames(tmp_path / "v", ["0.jpg"])
    assert load(tmp_path, per_object([BOX], [name.format(root=tmp_path)])).frames.paths[0].is_file()


def test_frames_of_another_size_than_the_boxes_are_refused(tmp_path):
    paths = write_frames(tmp_path / "v", ["0.jpg", "1.jpg"], size=(48, 64))
    content = per_image(["v/0.jpg", "v/1.jpg"], {"width": [64, 128], "height": [48, 96]})
    with pytest.raises(UserError, match=r"v: frame .*1\.jpg is 64x48, but its boxes in .*b\.json are for 128x96"):
        load(tmp_path, content)
    per_video = per_object([BOX, BOX])
    for size, good in (({"width": 64, "height": 48}, True), ({"width": 0, "height": 0}, True), ({"width": 9}, True),
                       ({"width": 640, "height": 480}, False)):  # fmt: skip
        per_video["videos"][0] |= {"width": None, "height": None} | size
        if good:
            assert boxed(load(tmp_path, per_video)) == [0, 1]
        else:
            with pytest.raises(UserError, match="are for 640x480"):
                load(tmp_path, per_video)
    with Image.open(paths[0]) as picture:
        exif = picture.getexif()
        exif[0x0112] = 6
        picture.save(paths[0], exif=exif)
    turned = load(tmp_path, per_image(["v/0.jpg"], {"width": [48], "height": [64]}))
    assert turned.frames.size == (64, 48), "boxes of a labelling tool are for the picture as people see it"
    assert load(tmp_path, per_image(["v/0.jpg"], {"width": [64], "height": [48]})).frames.size == (48, 64)


STRANGE = [None, True, -1, 0, 1.5, 10**400, float("inf"), float("nan"), "", "x", "\ud800", [], [1], {}, {"id": 1}, [[]]]
"""What may stand anywhere in a json."""


def mutated(content: Any, rng: np.random.Generator) -> Any:
    """One entry somewhere replaced, doubled or left out."""
    if isinstance(content, dict | list) and content and rng.random() < 0.85:
        keys = list(content) if isinstance(content, dict) else list(range(len(content)))
        key = keys[rng.integers(len(keys))]
        changed = content.copy()
        if rng.random() < 0.15:
            del changed[key]
        elif rng.random() < 0.15 and isinstance(changed, list):
            changed.append(changed[key])
        else:
            changed[key] = mutated(content[key], rng)
        return changed
    return STRANGE[rng.integers(len(STRANGE))]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_stands_in_a_json_is_read_or_refused(tmp_path, seed):
    write_frames(tmp_path / "v", [f"{index}.jpg" for index in range(3)])
    rng = np.random.default_rng(seed)
    names = [f"v/{index}.jpg" for index in range(3)]
    size = {"width": [64] * 3, "height": [48] * 3, "frame_id": [0, 1, 2]}
    without_videos = {key: value for key, value in per_image(names).items() if key != "videos"}
    starts = [per_image(names, size), per_object([BOX, None, BOX], names), without_videos]
    read, refused = 0, []
    for number in range(150):
        content = json.loads(json.dumps(starts[number % 3]))
        for _ in range(rng.integers(1, 4)):
            content = mutated(content, rng)
        try:
            found = source(tmp_path, json.dumps(content))
            for name in found.names():
                prepare(found.load(name), bad="skip")
                read += 1
        except UserError as error:
            refused.append(str(error))
    assert read > 5 and len(refused) > 20
    assert [message for message in refused if "\n" in message or len(message) > 600] == []
