"""The sample memory: bounded, and weighted as the paper says."""

from __future__ import annotations

import pytest
import torch

from tracker_ext.tracker.config import LWLTrackerConfig
from tracker_ext.tracker.memory import Sample, SampleMemory
from tracker_ext.tracker.rules import rules_of


def sample(value: float) -> Sample:
    return Sample(torch.full((3, 2, 2), value), torch.full((2, 2, 2), value), torch.full((2, 2, 2), value))


def filled(count: int, capacity: int = 4, rate: float = 0.1, first_weight: float = 0.25) -> SampleMemory:
    config = LWLTrackerConfig(memory_size=capacity, learning_rate=rate, first_frame_weight=first_weight)
    memory = SampleMemory(sample(0.0), capacity, rules_of(config))
    for number in range(1, count):
        memory.add(sample(float(number)))
    return memory


def held(memory: SampleMemory) -> list[float]:
    features, target, weight = memory.samples
    assert torch.equal(features[:, 0, 0, 0, 0], target[:, 0, 0, 0, 0])
    assert torch.equal(features[:, 0, 0, 0, 0], weight[:, 0, 0, 0, 0])
    return features[:, 0, 0, 0, 0].tolist()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 50])
def test_bounded_normalised_and_the_first_stays(count: int) -> None:
    memory = filled(count)
    assert len(memory) == min(count, 4)
    assert [part.shape for part in memory.samples] == [(len(memory), 1, channels, 2, 2) for channels in (3, 2, 2)]
    assert memory.temporal.sum().item() == pytest.approx(1)
    assert memory.temporal[0] >= 0.25 - 1e-6
    assert held(memory)[0] == 0


def test_the_oldest_but_the_first_gives_way() -> None:
    assert sorted(held(filled(6))) == [0, 3, 4, 5]


def test_weights_grow_by_a_constant_factor() -> None:
    memory = filled(10, capacity=20, rate=0.2, first_weight=0.0)
    ratios = memory.temporal[2:] / memory.temporal[1:-1]
    torch.testing.assert_close(ratios, torch.full_like(ratios, 1 / 0.8))
    assert filled(2, rate=0.2).temporal.tolist() == pytest.approx([0.8, 0.2])


def test_the_first_frame_keeps_its_share() -> None:
    assert filled(30, capacity=40).temporal[0].item() == pytest.approx(0.25)
    assert filled(30, capacity=40, first_weight=0.0).temporal[0].item() < 0.1


def test_known_frames_stay_and_found_ones_are_forgotten() -> None:
    memory = filled(4)
    memory.add_certain(sample(10.0))
    assert held(memory) == [0, 10] and memory.temporal.tolist() == [0.5, 0.5]
    for value in (11.0, 12.0, 13.0):
        memory.add(sample(value))
    assert held(memory)[:2] == [0, 10] and sorted(held(memory)[2:]) == [12, 13]
    temporal = memory.temporal
    assert temporal.sum().item() == pytest.approx(1) and temporal[0] == temporal[1]
    assert temporal[:2].sum() >= 0.25 - 1e-6


@pytest.mark.parametrize(
    ("capacity", "kept"), [pytest.param(4, [0, 4, 5], id="the first and the last"), pytest.param(2, [5], id="the last")]
)
def test_known_frames_leave_one_place_for_found_ones(capacity: int, kept: list[float]) -> None:
    memory = filled(1, capacity=capacity)
    for value in range(1, 6):
        memory.add_certain(sample(float(value)))
    assert held(memory) == kept
    memory.add(sample(9.0))
    memory.add(sample(10.0))
    assert held(memory) == [*kept, 10]


def test_without_a_first_frame_that_stays_a_known_one_starts_anew() -> None:
    config = LWLTrackerConfig(rules="upstream", memory_size=4, first_frame_weight=0)
    memory = SampleMemory(sample(0.0), 4, rules_of(config))
    memory.add(sample(1.0))
    memory.add_certain(sample(2.0))
    assert held(memory) == [2]
