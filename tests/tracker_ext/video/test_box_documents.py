"""Exports as they come: COCO, folders, zip archives; nothing is unpacked outside, and no more than is reasonable."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from miniatures.box_exports import (
    FOUR,
    LINE,
    SIZE,
    STEMS,
    box,
    cvat,
    key,
    read,
    region,
    rows,
    shape,
    task,
    track,
    voc_object,
    yolo,
)

from ltr_ext.errors import UserError
from tracker_ext.video.box_files import read_given_boxes


def coco(images: list[dict], boxes: list[tuple], **more: object) -> str:
    annotations = [
        {"id": i, "image_id": image, "bbox": list(box), "attributes": {"track_id": own}}
        for i, (image, own, box) in enumerate(boxes)
    ]
    return json.dumps({"images": images, "annotations": annotations, **more})


def coco_images(names: list[str]) -> list[dict]:
    return [{"id": i + 5, "file_name": name, "width": SIZE[1], "height": SIZE[0]} for i, name in enumerate(names)]


@pytest.mark.parametrize(
    "names, stems",
    [
        pytest.param([f"frame_{i:06d}.PNG" for i in range(4)], None, id="video, as CVAT names its frames"),
        pytest.param([f"img/f{i}.jpg" for i in range(4)], STEMS, id="pictures"),
        pytest.param(["f3.jpg", "f2.jpg", "f1.jpg", "f0.jpg"], STEMS, id="pictures in another order"),
    ],
)
def test_coco_without_videos(tmp_path, names, stems):
    path = tmp_path / "instances_default.json"
    of = {Path(name).stem[-1]: i + 5 for i, name in enumerate(names)}
    path.write_text(coco(coco_images(names), [(of["0"], 7, (10, 20, 30, 40)), (of["2"], 7, (20, 20, 30, 40))]))
    given = read(path, stems=stems)
    assert rows(given) == [[10, 20, 30, 40], None, [20, 20, 30, 40], None]
    assert given.objects == {1: "7"}


def test_coco_of_several_videos(tmp_path):
    images = [
        {**image, "video_id": 1 + (i > 0)} for i, image in enumerate(coco_images(["a/0.jpg", "b/0.jpg", "b/1.jpg"]))
    ]
    videos = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    (tmp_path / "a.json").write_text(coco(images, [(6, 1, (1, 2, 3, 4)), (5, 1, (9, 9, 9, 9))], videos=videos))
    assert rows(read(tmp_path / "a.json", 2, name="b")) == [[1, 2, 3, 4], None]
    with pytest.raises(UserError, match=r"holds 2 videos \(a, b\), 0 of them called clip; run_annotate.py folder"):
        read(tmp_path / "a.json", 2)


def packed(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


EXPORTS = {
    "CVAT": {"annotations.xml": cvat(track(box(0, 0) + box(3, 30))), "images/f0.jpg": "x"},
    "MOT": {
        "gt/labels.txt": "car\n", "gt/gt.txt": "".join(f"{i + 1},1,{10 * i + 1},21,30,40,1,1,1.0\n" for i in range(4)),
    },
    "COCO": {
        "annotations/instances_default.json": coco(
            coco_images(STEMS), [(i + 5, 1, tuple(row)) for i, row in enumerate(FOUR)]
        )
    },
    "YOLO": {
        "obj.data": "classes = 1", "obj.names": "car\n", "train.txt": "obj_train_data/f0.jpg\n",
        **{f"obj_train_data/f{i}.txt": f"0 {(10 * i + 15) / 200} 0.4 0.15 0.4\n" for i in range(4)},
    },
    "YOLO by Label Studio": {
        "classes.txt": "car\n", "notes.json": "{}", "images/f0.jpg": "x",
        **{f"labels/f{i}.txt": f"0 {(10 * i + 15) / 200} 0.4 0.15 0.4\n" for i in range(4)},
    },
    "VOC": {
        "labelmap.txt": "# x\n", "ImageSets/Main/default.txt": "f0\n", "JPEGImages/f0.jpg": "x",
        **{f"Annotations/f{i}.xml": f"<annotation>{voc_object(x=10 * i)}</annotation>" for i in range(4)},
    },
    "LabelMe": {
        f"f{i}.json": json.dumps({"shapes": [shape([[10 * i, 20], [10 * i + 30, 60]], group=1)]}) for i in range(4)
    },
    "Label Studio": {"project-1.json": json.dumps([task(region(key(1, 0), key(4, 30)))])},
    "lines": {"boxes.txt": "".join(f"{10 * i},20,30,40\n" for i in range(4))},
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("form", ["folder", "zip", "zip in a folder", "pictures with it"])
def test_exports_as_a_folder_and_as_a_zip(tmp_path, name, form):
    inside = "export/" if form == "zip in a folder" else ""
    folder = write(tmp_path / "clip", {f"{inside}{file}": text for file, text in EXPORTS[name].items()})
    if form == "pictures with it":
        write(folder, {f"{stem}.jpg": "x" for stem in STEMS} | {".hidden.txt": "x", "__MACOSX/a.txt": "x"})
    path = packed(tmp_path / "clip.zip", folder) if form.startswith("zip") else folder
    assert rows(read(path, stems=STEMS)) == FOUR


def test_a_folder_of_several_clips(tmp_path):
    folder = yolo(tmp_path / "labels/a", {"f0": LINE, "f1": LINE}).parent
    yolo(folder / "clip", {"f0": LINE})
    assert rows(read(folder, stems=STEMS)) == [[10, 20, 30, 40], None, None, None]
    with pytest.raises(UserError, match=r"has boxes in several places \(a/f0.txt, clip/f0.txt, ...\)"):
        read(folder, stems=STEMS, name="other")


@pytest.mark.parametrize(
    "files, message",
    [
        ({"a.jpg": "x"}, "has no boxes: no XML, json or text file"),
        ({"a.json": "{}", "b.json": "{}"}, "has several files of boxes .a.json, b.json"),
        ({"a.txt": "1,2,3,4\n", "b.txt": "1,2,3,4\n"}, "has several files of boxes .a.txt, b.txt"),
        ({"annotations.xml": cvat(track(box(9, 0)))}, "clip.zip: annotations.xml car 0: frame 9 of 4"),
    ],
)
def test_mistakes_in_an_archive(tmp_path, files, message):
    path = packed(tmp_path / "clip.zip", write(tmp_path / "clip", files))
    with pytest.raises(UserError, match=message) as raised:
        read(path, stems=STEMS)
    assert "box2mask-boxes" not in str(raised.value)


@pytest.mark.parametrize("name", ["../outside.xml", "/outside.xml", "a/../../outside.xml"])
def test_an_archive_that_leads_out(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, cvat(track(box(0, 0))))
    with pytest.raises(UserError, match="leads out of its folder"):
        read(tmp_path / "a.zip")


def test_an_archive_that_is_too_large(tmp_path, monkeypatch):
    from tracker_ext.video import box_documents
    from tracker_ext.video.zip_files import Limits

    monkeypatch.setattr(box_documents, "ZIP_LIMITS", Limits(entry_bytes=1000, total_bytes=1 << 20))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations.xml", " " * 5000)
    with pytest.raises(UserError, match="unpacks to more than 1000 bytes"):
        read(tmp_path / "a.zip")


def test_parts_of_the_frame_need_its_size(tmp_path):
    with pytest.raises(UserError, match="in parts of the frame, whose size is not known here"):
        read_given_boxes(yolo(tmp_path / "labels", {"f0": LINE, "f1": LINE}), 4, STEMS)


@pytest.mark.parametrize("name", EXPORTS)
def test_a_damaged_export_is_read_or_refused(tmp_path, name):
    """Bytes changed, left out, doubled: an error of one line, or boxes, but nothing else."""
    rng = np.random.default_rng(0)
    folder = write(tmp_path / "clip", EXPORTS[name])
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    read_well, refused = 0, []
    for _ in range(60):
        file = files[rng.integers(len(files))]
        data = bytearray(file.read_bytes())
        at = int(rng.integers(len(data)))
        kind = rng.integers(4)
        if kind == 0:
            data[at] = rng.integers(256)
        elif kind == 1:
            del data[at : at + int(rng.integers(1, 30))]
        elif kind == 2:
            data[at:at] = data[at : at + 20]
        else:
            data[at : at + 1] = rng.choice([b"-9", b"1e999", b"nan", b"null", b'"', b"9" * 40, b"[]"])
        before = file.read_bytes()
        file.write_bytes(bytes(data))
        try:
            given = read(folder, stems=STEMS)
            assert all(track.shape == (4, 4) for track in given.boxes.values())
            read_well += 1
        except UserError as error:
            refused.append(str(error))
        file.write_bytes(before)
    assert read_well > 0
    assert [message for message in refused if "\n" in message or len(message) > 600] == []
