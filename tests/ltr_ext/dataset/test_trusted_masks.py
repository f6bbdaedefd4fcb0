"""Training obeys the reviewer: rejected sequences and frames of low confidence are never drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ltr_ext.data.processing import CropConfig
from ltr_ext.data.sampler import VideoSampler
from ltr_ext.data.trust_table import Trust, TrustRow, write_trust
from ltr_ext.dataset.trusted_masks import TrustedMasks
from ltr_ext.errors import UserError

NUM_FRAMES = 8


class PseudoMasks:
    """What the host's Got10kVOS offers; the brightness of an image is 30 * sequence + frame."""

    sequence_list = ("a", "b", "c")

    def get_name(self) -> str:
        return "pseudo"

    def get_num_sequences(self) -> int:
        return len(self.sequence_list)

    def get_sequence_info(self, seq_id: int) -> dict:
        visible = torch.ones(NUM_FRAMES, dtype=torch.uint8)
        visible[0] = 0
        return {"bbox": torch.full((NUM_FRAMES, 4), 8.0), "visible": visible, "valid": visible.clone()}

    def get_frames(self, seq_id, frame_ids, anno=None):
        images = [np.full((32, 32, 3), 30 * seq_id + i, np.uint8) for i in frame_ids]
        mask = torch.zeros(32, 32)
        mask[8:24, 8:24] = 1
        return images, {"mask": [mask for _ in frame_ids]}, {}


@pytest.fixture
def annotation(tmp_path):
    """Frames 2, 4, 6 of every sequence are trusted; numbered as if every fifth frame of a video had a mask."""
    (tmp_path / "trust").mkdir()
    confidences = [0.9, 0.1, 0.8, 0.2, 0.9, math.nan, 0.7, 0.0]
    for name in PseudoMasks.sequence_list:
        rows = [
            TrustRow(name, 5 * i, f"{5 * i + 1:08d}", 1, True, Trust(value, 0.9, 9, 0.0, 1, False))
            for i, value in enumerate(confidences)
        ]
        write_trust(tmp_path / "trust" / f"{name}.csv", rows)
    return tmp_path


def drawn(dataset) -> set[int]:
    """Brightness of every frame that a sampler draws."""
    crops = CropConfig(crop_hw=(32, 32), scale=(1.0, 1.0), flip=False)
    sampler = VideoSampler([dataset], (1,), crops, num_frames=2, window=8, samples_per_epoch=80, seed=0)
    samples = [sampler[index] for index in range(len(sampler))]
    return {int(image[:, 16, 16].float().mean()) for sample in samples for image in sample["train_images"]}


def test_without_decisions_everything_is_used(annotation):
    found = drawn(TrustedMasks(PseudoMasks(), annotation))
    assert {brightness // 30 for brightness in found} == {0, 1, 2}
    assert {brightness % 30 for brightness in found} == set(range(1, NUM_FRAMES))


def test_the_sampler_never_draws_what_was_rejected(annotation):
    (annotation / "decisions.csv").write_text("sequence,decision\na,reject\nb,flag\nc,accept\n", encoding="utf-8")
    dataset = TrustedMasks(PseudoMasks(), annotation)
    assert dataset.sequence_list == ["b", "c"] and len(dataset) == dataset.get_num_sequences() == 2
    assert {brightness // 30 for brightness in drawn(dataset)} == {1, 2}


def test_the_sampler_never_draws_a_mask_of_low_confidence(annotation):
    dataset = TrustedMasks(PseudoMasks(), annotation, min_confidence=0.5)
    assert {brightness % 30 for brightness in drawn(dataset)} == {2, 4, 6}
    info = dataset.get_sequence_info(0)
    assert info["visible"].dtype == torch.uint8 and info["valid"].sum() == NUM_FRAMES - 1


def test_the_least_confident_object_counts(annotation):
    rows = [
        TrustRow("a", i, "f", object_id, True, Trust(0.9 if object_id == 1 else 0.9 - i / 10, 1.0, 9, 0.0, 1, False))
        for i in range(NUM_FRAMES)
        for object_id in (1, 2)
    ]
    write_trust(annotation / "trust" / "a.csv", rows)
    visible = TrustedMasks(PseudoMasks(), annotation, min_confidence=0.65).get_sequence_info(0)["visible"]
    assert visible.tolist() == [0, 1, 1, 0, 0, 0, 0, 0]


def test_prefix_and_names(annotation):
    (annotation / "decisions.csv").write_text("sequence,decision\ntrain/x,reject\n", encoding="utf-8")
    dataset = TrustedMasks(PseudoMasks(), annotation, names=["x", "y", "z"], prefix="train/")
    assert dataset.sequence_list == ["train/y", "train/z"]
    assert dataset.get_name() == "pseudo"


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_a_confidence_out_of_range_is_refused(annotation, value):
    with pytest.raises(UserError, match="min_confidence"):
        TrustedMasks(PseudoMasks(), annotation, min_confidence=value)


def test_a_table_of_another_length_is_refused(annotation):
    write_trust(annotation / "trust" / "b.csv", [])
    dataset = TrustedMasks(PseudoMasks(), annotation, min_confidence=0.5)
    with pytest.raises(UserError, match="0 frames, but b has 8"):
        dataset.get_sequence_info(1)


def test_a_name_that_is_no_file_name_is_found_by_its_manifest(annotation):
    (annotation / "trust" / "a.csv").rename(annotation / "trust" / "x%2Fa.csv")
    dataset = TrustedMasks(PseudoMasks(), annotation, min_confidence=0.5, names=["x/a", "b", "c"])
    with pytest.raises(UserError, match="no trust table of x/a"):
        dataset.get_sequence_info(0)
    (annotation / "sequences").mkdir()
    (annotation / "sequences" / "x%2Fa.json").write_text('{"name": "x/a"}', encoding="utf-8")
    assert dataset.get_sequence_info(0)["visible"].tolist() == [0, 0, 1, 0, 1, 0, 1, 0]


def test_nothing_left_is_refused(annotation):
    (annotation / "decisions.csv").write_text("sequence,decision\na,reject\nb,reject\nc,reject\n", encoding="utf-8")
    with pytest.raises(UserError, match="all 3 sequences are rejected"):
        TrustedMasks(PseudoMasks(), annotation)
    with pytest.raises(UserError, match="no such folder"):
        TrustedMasks(PseudoMasks(), annotation / "nowhere")
