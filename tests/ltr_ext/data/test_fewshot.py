"""Samples for few-shot training: frames in order, boxes that fit, and no masks where only boxes are given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ltr_ext.data.boxes import box_iou, mask_to_box
from ltr_ext.data.crop import search_region
from ltr_ext.data.fewshot import FewShotSampler, Source
from ltr_ext.data.search_crops import SearchConfig, crop_search_regions
from ltr_ext.dataset.views import BoxesOnly

CROPS = SearchConfig(crop_hw=(64, 96), scale=3.0, centre_jitter=(1.0, 1.0))
STILL = replace(CROPS, rotation=0.0, grey=0.0, brightness=0.0)
BOX = (30, 20, 30, 24)


class FakeVideos:
    """One object per sequence, seen in every second frame; `mask` is its shape, tight in `BOX`."""

    def __init__(self, mask: np.ndarray, frames: int = 80) -> None:
        self.mask, self.frames = mask, frames
        self.asked: list[list[int]] = []

    def get_name(self):
        return "fake"

    def get_num_sequences(self):
        return 5

    def get_sequence_info(self, number):
        return {"visible": torch.tensor([i % 2 == 0 for i in range(self.frames)])}

    def get_frames(self, number, frame_ids, info):
        self.asked.append(list(frame_ids))
        rng = np.random.default_rng(number)
        images = [rng.integers(0, 256, (80, 120, 3), dtype=np.uint8) for _ in frame_ids]
        annotation = {
            "bbox": [torch.tensor(BOX, dtype=torch.float32)] * len(images),
            "mask": [torch.from_numpy(self.mask)] * len(images),
            "visible": [torch.ones(1)] * len(images),
        }
        return images, annotation, {}


def shapes() -> list[np.ndarray]:
    """A disc and a cross with the same box."""
    x, y, w, h = BOX
    rows, columns = np.mgrid[:80, :120]
    disc = ((columns + 0.5 - x - w / 2) / w) ** 2 + ((rows + 0.5 - y - h / 2) / h) ** 2 < 0.25
    cross = np.zeros((80, 120), bool)
    cross[y : y + h, x + 10 : x + 14] = cross[y + 5 : y + 8, x : x + w] = True
    assert all(mask_to_box(mask).tolist() == list(BOX) for mask in (disc, cross))
    return [disc.astype(np.float32), cross.astype(np.float32)]


def sampler(source: Source, **changes) -> FewShotSampler:
    options = {"num_later": 3, "max_gap": 20, "samples_per_epoch": 10, "seed": 0, **changes}
    return FewShotSampler([source], CROPS, CROPS, **options)


def test_the_later_frames_are_visible_later_and_near():
    videos = FakeVideos(shapes()[0])
    made = sampler(Source(videos, 1))
    for index in range(10):
        sample = made[index]
        assert sample["train_images"].shape == (1, 3, 64, 96) and sample["test_masks"].shape == (3, 64, 96)
        assert sample["weak"] == 0
    for base, *later in videos.asked:
        assert later == sorted(later) and all(number % 2 == 0 for number in (base, *later))
        assert base < later[0] and later[-1] <= base + 20


def test_a_short_sequence_is_left_out():
    with pytest.raises(ValueError, match="fake: 100 sequences"):
        sampler(Source(FakeVideos(shapes()[0], frames=16), 1))[0]
    assert sampler(Source(FakeVideos(shapes()[0], frames=18), 1))[0]


def test_masks_of_weak_sources_are_never_seen():
    """Another mask with the same box changes nothing at all."""
    samples = [sampler(Source(BoxesOnly(FakeVideos(mask)), 1, weak=True))[4] for mask in shapes()]
    assert samples[0]["weak"] == 1
    for name, value in samples[0].items():
        other = samples[1][name]
        assert torch.equal(value, other) if isinstance(value, torch.Tensor) else value == other, name
    true = [sampler(Source(FakeVideos(mask), 1))[4] for mask in shapes()]
    assert not torch.equal(true[0]["test_masks"], true[1]["test_masks"])


def test_boxes_of_weak_sources_are_tight():
    """The filled box goes through the same crops as its box."""
    made = sampler(Source(BoxesOnly(FakeVideos(shapes()[0])), 1, weak=True))
    compared = 0
    for index in range(10):
        sample = made[index]
        for mask, box in zip(sample["test_masks"].numpy(), sample["test_anno"].numpy(), strict=True):
            x, y, w, h = box
            if x > 0 and y > 0 and x + w < 96 and y + h < 64:
                compared += 1
                found = mask_to_box(mask == 1)
                assert np.abs(found - box).max() <= 2.0 and box_iou(found, box) > 0.85
    assert compared > 5


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_a_crop_that_is_not_changed_shows_the_region(flip):
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (80, 120, 3), dtype=np.uint8)
    mask = shapes()[1].astype(np.uint8)
    config = replace(STILL, zoom=0.0, flip=flip, centre_jitter=(0.0, 0.0), scale_jitter=0.0)
    clip = crop_search_regions(rng, [frame], [mask], config)
    region = search_region(np.array(BOX, float), (80, 120), 3.0, (64, 96))
    expected = region.cut(frame)[:, :: -1 if flip else 1]
    assert np.array_equal(clip.images[0].permute(1, 2, 0).numpy(), expected)
    assert box_iou(mask_to_box(clip.masks[0].numpy() == 1), clip.boxes[0].numpy()) > 0.9


def test_every_change_is_seen():
    rng = np.random.default_rng(0)
    frame, mask = rng.integers(0, 200, (80, 120, 3), dtype=np.uint8), shapes()[1].astype(np.uint8)
    plain = replace(STILL, zoom=0.0, flip=0.0)
    before = crop_search_regions(np.random.default_rng(1), [frame], [mask], plain).images
    for change in ({"grey": 1.0}, {"flip": 1.0}, {"rotation": 15.0}, {"zoom": 0.2}, {"brightness": 0.2}):
        after = crop_search_regions(np.random.default_rng(1), [frame], [mask], replace(plain, **change)).images
        assert not torch.equal(before, after), change
        if "grey" in change:
            assert torch.equal(after[:, 0], after[:, 1])


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param((100, 90, 20, 10), (74, 76, 73, 38), id="free: 3.7 squared times the area"),
        pytest.param((0, 0, 20, 10), (0, 0, 73, 38), id="moved inside"),
        pytest.param((500, 500, 20, 10), (127, 162, 73, 38), id="outside the image: moved back"),
        pytest.param((0, 0, 190, 190), (-92, 0, 384, 200), id="shrunk to the height, over the width"),
    ],
)
def test_search_regions(box, expected):
    region = search_region(np.array(box, float), (200, 200), 3.7 if box[2] < 100 else 5.0, (50, 96))
    left, top, width, height = expected
    assert (region.width, region.height) == (width, height)
    assert (region.left, region.top) == (left, top)
