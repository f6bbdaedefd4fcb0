"""The readers of data sets for training, on miniature trees: the same facts from both hosts."""

from __future__ import annotations

from pathlib import Path

import miniatures
import numpy as np
import pytest
import torch
from ltr.dataset import Davis, Got10k, Got10kVOS, Lasot, LasotVOS, TrackingNet, YouTubeVOS
from miniatures.boxes import LASOT_SEQUENCES, RESIZED, TRACKINGNET_VIDEOS
from miniatures.shapes import SIZE_HW, draw_clip, write_labels
from miniatures.vos import youtubevos_names

from ltr_ext import host
from ltr_ext.data.processing import CropConfig
from ltr_ext.data.sampler import VideoSampler
from ltr_ext.paths import SETTINGS_VARIABLE

ON_UPSTREAM = host.resolve().name == "upstream"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A folder with a miniature of every data set, named by its setting."""
    folder = tmp_path_factory.mktemp("miniatures")
    for field, make in miniatures.FIELDS.items():
        make(folder / field)
    return folder


@pytest.fixture(autouse=True)
def paths(root, tmp_path, monkeypatch) -> None:
    """Settings that name the miniatures."""
    lines = [f'{field} = "{root / field}"\n' for field in miniatures.FIELDS]
    (tmp_path / "paths.toml").write_text("".join(lines))
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))


def test_got10k_knows_when_the_object_is_away_or_covered():
    dataset = Got10k()
    assert dataset.get_num_sequences() == 3 and not dataset.has_segmentation_info()
    info = dataset.get_sequence_info(1)
    assert info["bbox"].shape == (6, 4) and info["bbox"].dtype == torch.float32
    assert info["visible"].tolist() == [1, 1, 0, 1, 1, 1], "absence 1, cover 0"
    assert info["valid"].bool().all(), "the box of the absent frame is kept"
    assert info["visible_ratio"].tolist() == [1, 1, 0, 0.5, 1, 1]
    images, frames, facts = dataset.get_frames(1, [0, 4])
    assert [image.shape for image in images] == [(*SIZE_HW, 3)] * 2
    assert set(frames) >= {"bbox", "valid", "visible"} and frames["bbox"][1].tolist() == info["bbox"][4].tolist()
    assert (facts["object_class_name"], facts["motion_adverb"]) == ("JetSki", "swiftly")


def test_got10k_frames_keep_their_own_size(root):
    dataset = Got10k(root=str(root / "got10k_dir" / "val"))
    assert dataset.sequence_list[-2:] == list(RESIZED)
    images, frames, _ = dataset.get_frames(len(dataset.sequence_list) - 2, [0, 5])
    assert images[0].shape[:2] == SIZE_HW != images[1].shape[:2] == (48, 64)
    (x, y, w, h), (height, width) = frames["bbox"][1].tolist(), images[1].shape[:2]
    assert 0 <= x < x + w <= width and 0 <= y < y + h <= height


def test_parts_of_got10k():
    assert Got10k(seq_ids=[2, 0]).sequence_list == ["GOT-10k_Train_000003", "GOT-10k_Train_000001"]
    assert Got10k(data_fraction=0.67).get_num_sequences() == 2
    with pytest.raises(ValueError):
        Got10k(split="train", seq_ids=[0])


@pytest.mark.skipif(ON_UPSTREAM, reason="upstream's splits are line numbers of the whole data set")
def test_minihost_has_no_lists_of_line_numbers():
    assert Got10k(split="train").get_num_sequences() == 3
    for split in ("val", "vottrain", "votval"):
        with pytest.raises(ValueError, match=f"{split}.*comes with pytracking only"):
            Got10k(split=split)


@pytest.fixture
def masks(tmp_path, root) -> Path:
    """Masks 0/1 of GOT-10k train and LaSOT, as somebody made them."""
    for name in ("GOT-10k_Train_000001", "GOT-10k_Train_000003"):
        cut = frozenset({5} if name.endswith("3") else ())
        for t, frame in enumerate(draw_clip(name, 6, cut=cut), 1):
            write_labels(tmp_path / "masks" / name / f"{t:08d}.png", frame.labels)
    for name in LASOT_SEQUENCES:
        for t, frame in enumerate(draw_clip(name, 12, absent={1: {2, 3}})):
            if t % 5 == 0:
                write_labels(tmp_path / "masks" / name / f"{t + 1:08d}.png", frame.labels)
    return tmp_path / "masks"


def check_mask(mask: torch.Tensor, box: torch.Tensor) -> None:
    """0/1, floating point, and the box is tight around it."""
    assert mask.dtype == torch.float32 and mask.shape == SIZE_HW and set(mask.unique().tolist()) == {0, 1}
    rows, columns = np.nonzero(mask.numpy())
    tight = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
    assert box.tolist() == tight


def test_masks_made_of_got10k_boxes(masks):
    # upstream's split="train" is a list of line numbers of the whole data set
    dataset = Got10kVOS(anno_path=str(masks) if ON_UPSTREAM else masks, split=None)
    _, frames, _ = dataset.get_frames(0, [0, 5])
    for mask, box in zip(frames["mask"], frames["bbox"], strict=True):
        check_mask(mask, box)
    if not ON_UPSTREAM:  # upstream prints the path and fails with a TypeError (quirk 7)
        with pytest.raises(FileNotFoundError, match=r"GOT-10k_Train_000002.00000001\.png"):
            dataset.get_frames(1, [0])


@pytest.mark.skipif(ON_UPSTREAM, reason="quirk 7: upstream takes the values as they are, so 255 trains as background")
def test_masks_of_255_are_masks(masks):
    path = masks / "GOT-10k_Train_000001" / "00000001.png"
    write_labels(path, (draw_clip("GOT-10k_Train_000001", 6)[0].labels > 0).astype(np.uint8) * 255)
    _, frames, _ = Got10kVOS(masks, split=None).get_frames(0, [0])
    check_mask(frames["mask"][0], frames["bbox"][0])


def test_one_sequence_without_masks_is_left_out(tmp_path, root, monkeypatch):
    base = tmp_path / "got10k_dir" / "train"
    base.mkdir(parents=True)
    (base / "list.txt").write_text("GOT-10k_Train_000001\nGOT-10k_Train_004419\n")
    (tmp_path / "paths.toml").write_text('got10k_dir = "got10k_dir"\n')
    assert Got10kVOS(anno_path="x", split=None).sequence_list == ["GOT-10k_Train_000001"]


def test_lasot_flags():
    dataset = Lasot(split="train")
    number = dataset.sequence_list.index("airplane-2")
    assert "airplane-1" not in dataset.sequence_list, "protocol II tests on it"
    info = dataset.get_sequence_info(number)
    assert info["visible"].tolist() == [1, 1, 0, 0] + [1] * 8, "one fully occluded, one out of view"
    images, frames, facts = dataset.get_frames(number, [4])
    assert images[0].shape == (*SIZE_HW, 3) and frames["bbox"][0].tolist() == info["bbox"][4].tolist()
    assert facts["object_class_name"] == "airplane"


def test_lasot_by_number(root):
    names = Lasot(vid_ids=[2]).sequence_list
    assert {"airplane-2", "bear-2"} <= set(names) and "bear-3" not in names
    with pytest.raises(ValueError):
        Lasot()


@pytest.mark.skipif(ON_UPSTREAM, reason="upstream's list is a file of its own")
def test_lasot_without_lists_has_the_1120_of_protocol_two(tmp_path):
    names = Lasot(root=tmp_path, split="train").sequence_list
    assert len(set(names)) == 1120 and "airplane-2" in names and "airplane-1" not in names


def test_masks_made_of_lasot_boxes(masks):
    dataset = LasotVOS(anno_path=str(masks))
    number = dataset.sequence_list.index("bear-3")
    info = dataset.get_sequence_info(number)
    assert len(info["bbox"]) == len(info["visible"]) == 3, "every fifth of twelve frames"
    images, frames, _ = dataset.get_frames(number, [0, 2])
    whole = Lasot(split="train").get_sequence_info(number)["bbox"]
    assert [box.tolist() for box in frames["bbox"]] == [whole[0].tolist(), whole[10].tolist()]
    for mask, box in zip(frames["mask"], frames["bbox"], strict=True):
        check_mask(mask, box)
    assert len(images) == 2


def test_trackingnet():
    dataset = TrackingNet(set_ids=[1, 0])
    assert dataset.get_num_sequences() == 4
    assert set(dataset.sequence_list) == {(k, name) for k in (0, 1) for name in TRACKINGNET_VIDEOS[:2]}
    info = dataset.get_sequence_info(0)
    assert info["bbox"].shape == (12, 4) and info["visible"].all()
    images, frames, _ = dataset.get_frames(0, [0, 10])
    assert len(images) == 2 and frames["bbox"][1].tolist() == info["bbox"][10].tolist()
    with pytest.raises(FileNotFoundError, match="TRAIN_2"):
        TrackingNet()


@pytest.mark.parametrize("version", ["2018", "2019"])
def test_youtubevos_objects_that_enter_late(root, version, tmp_path):
    base = miniatures.make_youtubevos(tmp_path, version=version, splits=["train"])
    dataset = YouTubeVOS(root=str(base), version=version, multiobj=False, cleanup=["starts"])
    assert dataset.get_num_sequences() == 8
    name = youtubevos_names(version, "train", 4)[1]
    infos = [dataset.get_sequence_info(i) for i in range(8)]
    (info,) = [info for info in infos if info["sequence"] == name and info["object_ids"] == ["2"]]
    assert info["visible"].ravel().tolist() == [0, 0, 1, 1, 1]


def test_youtubevos_frames_without_annotation(root):
    name = youtubevos_names("2019", "train", 4)[-1]
    dataset = YouTubeVOS(version="2019", multiobj=False, sequences=[name])
    info = dataset.get_sequence_info(0)
    assert len(info["frame_names"]) == 5 and info["visible"].ravel().tolist() == [1, 1, 1, 0, 1]


def test_davis_2016_has_one_object_and_2017_several(root):
    single = Davis(version="2016", split="val", multiobj=False)
    several = Davis(version="2017", split="val", multiobj=False)
    assert (single.get_num_sequences(), several.get_num_sequences()) == (2, 3)
    number = [single.get_sequence_info(i)["sequence"] for i in range(2)].index("bmx-trees")
    _, frames, _ = single.get_frames(number, [0])
    both = [several.get_sequence_info(i)["object_sizes"][0].item() for i in range(3)][1:]
    assert np.count_nonzero(frames["mask"][0]) == sum(both), "the two objects of 2017 in one mask"


def test_training_draws_from_masks_of_boxes(masks):
    """The sampler takes what the readers give, and leaves out frames without the object."""
    dataset = Got10kVOS(anno_path=str(masks), split=None)
    dataset.sequence_list = ["GOT-10k_Train_000001", "GOT-10k_Train_000003"]
    crops = CropConfig(crop_hw=(32, 48))
    sampler = VideoSampler([dataset], (1,), crops, num_frames=3, window=6, samples_per_epoch=2, seed=0)
    for sample in (sampler[0], sampler[1]):
        assert sample["train_masks"].shape == (3, 32, 48)
        assert (sample["train_masks"].flatten(1).sum(1) > 0).all()
