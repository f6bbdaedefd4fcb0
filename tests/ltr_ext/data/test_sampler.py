"""Samplers: functions of (seed, epoch, index); crops that fit their boxes; the paper's proportions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ltr_ext.data.boxes import box_iou, mask_to_box
from ltr_ext.data.frame_choice import first_and_later_frames
from ltr_ext.data.processing import CropConfig, crop_clip
from ltr_ext.data.sampler import MixedSampler, SyntheticSampler, VideoSampler
from ltr_ext.data.search_crops import SearchConfig
from ltr_ext.data.synthetic.clips import SyntheticConfig
from ltr_ext.data.synthetic.stills import collect_stills

CROPS = CropConfig(crop_hw=(64, 96), scale=(2.0, 3.0), shift=0.1)


def sampler(photographs, **changes) -> SyntheticSampler:
    options = {"num_frames": 3, "samples_per_epoch": 8, "seed": 0, **changes}
    stills = collect_stills(photographs, held_out=False)
    return SyntheticSampler(stills, (), SyntheticConfig(canvas_side=96, min_share=0.001), CROPS, **options)


def test_samples_depend_on_seed_epoch_and_index_alone(photographs):
    one, two = sampler(photographs), sampler(photographs)
    one.set_epoch(3)
    two.set_epoch(3)
    two[5], two[1]  # what was drawn before does not matter
    assert torch.equal(one[2]["train_images"], two[2]["train_images"])
    for other in (one[3], sampler(photographs)[2], sampler(photographs, seed=1)[2]):
        assert not torch.equal(one[2]["train_images"], other["train_images"])


def test_validation_repeats_its_samples(photographs):
    val = sampler(photographs, repeat=True)
    before = val[1]["train_images"]
    val.set_epoch(7)
    assert torch.equal(val[1]["train_images"], before)


def test_fields_and_types(photographs):
    sample = sampler(photographs)[0]
    assert sample["train_images"].shape == (3, 3, 64, 96) and sample["train_images"].dtype == torch.uint8
    assert sample["train_masks"].shape == (3, 64, 96) and sample["train_masks"].dtype == torch.uint8
    assert sample["train_anno"].shape == (3, 4) and sample["train_anno"].dtype == torch.float32
    assert sample["dataset"] == "synthetic" and ":" in sample["sequence"]


def test_the_first_frame_is_split_off_for_few_shot_training(photographs):
    sample = sampler(photographs, num_frames=4, test_crops=CropConfig(crop_hw=(64, 64)))[0]
    assert sample["train_images"].shape[0] == 1
    assert sample["test_images"].shape == (3, 3, 64, 64) and sample["test_anno"].shape == (3, 4)


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_boxes_hold_the_masks_tightly(photographs, seed, flip):
    rng = np.random.default_rng(seed)
    frame = rng.integers(0, 256, (200, 300, 3), dtype=np.uint8)
    mask = np.zeros((200, 300), np.uint8)
    mask[60:110, 120:190] = 1
    clip = crop_clip(rng, [frame], [mask], CropConfig(crop_hw=(128, 128), scale=(2.0, 2.0), shift=0.2, flip=flip))
    own = mask_to_box(clip.masks[0].numpy() == 1)
    assert box_iou(own, clip.boxes[0].numpy()) > 0.93


def test_careless_boxes_differ_from_tight_ones_but_not_much():
    mask = np.zeros((200, 300), np.uint8)
    mask[60:110, 120:190] = 1
    frame = np.zeros((200, 300, 3), np.uint8)
    config = CropConfig(crop_hw=(128, 128), scale=(2.0, 2.0), loose_share=1.0, looseness=0.1, flip=False)
    overlaps = []
    for seed in range(20):
        clip = crop_clip(np.random.default_rng(seed), [frame], [mask], config)
        overlaps.append(box_iou(mask_to_box(clip.masks[0].numpy() == 1), clip.boxes[0].numpy()))
    assert min(overlaps) > 0.65 and max(overlaps) < 0.999


class FakeVideos:
    """The part of the host's data set interface that the sampler uses; frame number is the grey value."""

    def __init__(self, name: str, num_sequences: int, visible: int = 40) -> None:
        self.name, self.num_sequences, self.visible = name, num_sequences, visible
        self.asked: list[tuple[int, list[int]]] = []

    def get_name(self):
        return self.name

    def get_num_sequences(self):
        return self.num_sequences

    def get_sequence_info(self, number):
        return {"visible": torch.tensor([i % 2 == 0 for i in range(2 * self.visible)])}

    def get_frames(self, number, frame_ids, info):
        self.asked.append((number, list(frame_ids)))
        mask = torch.zeros(80, 90)
        mask[20:50, 30:60] = 1
        return [np.full((80, 90, 3), i, np.uint8) for i in frame_ids], {"mask": [mask] * len(frame_ids)}, {}


def video_sampler(*datasets, turns=(6, 1), samples=70) -> VideoSampler:
    return VideoSampler(datasets, turns, CROPS, num_frames=3, window=20, samples_per_epoch=samples, seed=0)


def test_data_sets_take_turns_and_no_sequence_comes_twice():
    made = video_sampler(FakeVideos("large", 60), FakeVideos("small", 10))
    made.set_epoch(1)
    chosen = [made.choose(index) for index in range(70)]
    assert sorted(place for number, place in chosen if number == 0) == list(range(60))
    assert sorted(place for number, place in chosen if number == 1) == list(range(10))
    made.set_epoch(2)
    assert [made.choose(index) for index in range(70)] != chosen


def test_frames_are_visible_distinct_and_within_the_window():
    videos = FakeVideos("large", 60)
    made = video_sampler(videos, turns=(1,))
    for index in range(20):
        sample = made[index]
        assert sample["dataset"] == "large" and sample["train_images"].shape == (3, 3, 64, 96)
    for _, numbers in videos.asked:
        assert len(set(numbers)) == 3 and numbers == sorted(numbers)
        assert all(number % 2 == 0 for number in numbers) and numbers[-1] - numbers[0] < 20


def test_search_regions_may_be_cut_instead():
    videos = FakeVideos("large", 60)
    crops = SearchConfig(crop_hw=(64, 96), scale=2.0, rotation=0.0, zoom=0.0)
    made = VideoSampler([videos], (1,), crops, num_frames=3, window=20, samples_per_epoch=9, seed=0,
                        draw=first_and_later_frames)  # fmt: skip
    samples = [made[index] for index in range(9)]
    assert {tuple(sample["train_images"].shape) for sample in samples} == {(3, 3, 64, 96)}
    centres = torch.stack([sample["train_anno"][:, :2] + sample["train_anno"][:, 2:] / 2 for sample in samples])
    assert centres.std(dim=(0, 1)).min() > 3, "the object is not always in the middle"


def test_a_data_set_without_enough_visible_frames_is_reported():
    with pytest.raises(ValueError, match="short: 100 sequences without 3 visible frames"):
        video_sampler(FakeVideos("short", 3, visible=2), turns=(1,))[0]


def test_mixed_samplers_take_turns(photographs):
    one, two = sampler(photographs), sampler(photographs, seed=1)
    mixed = MixedSampler([one, two], (3, 1))
    mixed.set_epoch(2)
    assert len(mixed) == 8
    for index, source in enumerate([one, one, one, two, one]):
        assert source.epoch == 2
        assert torch.equal(mixed[index]["train_images"], source[index]["train_images"]), index
