"""The tracker around an engine of another project, with an engine of the test's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pytracking.utils import TrackerParams

from ltr_ext.errors import UserError
from tracker_ext.adapters import whole_frame
from tracker_ext.adapters.whole_frame import AdapterParts, WholeFrameTracker, labels_of, shrunk

HEIGHT, WIDTH = 160, 240


class Echo:
    """Finds every object where it entered, at half the size; from frame 3 on nothing."""

    def __init__(self):
        self.masks, self.frame, self.sizes = [], -1, []

    def step(self, image, entering):
        self.frame += 1
        self.sizes.append(image.shape[:2])
        assert list(entering) == list(range(len(self.masks) + 1, len(self.masks) + len(entering) + 1))
        for one in entering.values():
            mask = one.mask
            if mask is None:
                x, y, w, h = map(int, one.box)
                mask = np.zeros((HEIGHT, WIDTH), bool)
                mask[y : y + h, x : x + w] = True
            self.masks.append(torch.from_numpy(mask[::2, ::2].astype(np.float32)))
        found = torch.stack([torch.full(self.masks[0].shape, 0.5), *self.masks])
        return (
            found
            if self.frame < 3
            else found[:1].repeat(len(found), 1, 1) * torch.tensor([1.0] + [0.0] * len(self.masks))[:, None, None]
        )


def tracker(prompt="mask", box_net=None) -> WholeFrameTracker:
    params = TrackerParams()
    params.adapter = AdapterParts(Echo, prompt, box_net)
    return WholeFrameTracker(params)


def labels(**boxes) -> np.ndarray:
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    for name, (x, y, w, h) in boxes.items():
        found[y : y + h, x : x + w] = int(name[1:])
    return found


FRAME = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
BOX = (40, 32, 48, 64)


def test_one_object_has_plain_outputs_and_is_lost_where_its_mask_is_empty():
    one = tracker()
    assert one.predicts_segmentation_mask() and one.starts_from == "mask"
    first = one.initialize(FRAME, {"init_bbox": list(BOX), "init_mask": labels(_1=BOX)})
    assert first["segmentation"].shape == (HEIGHT, WIDTH) and first["segmentation"].dtype == np.uint8
    np.testing.assert_allclose(first["target_bbox"], BOX, atol=1)
    assert not first["object_lost"] and first["object_presence_score"] == 1
    for _ in range(3):
        last = one.track(FRAME, {"previous_output": {}})
    assert last["object_lost"] and last["object_presence_score"] == 0 and not last["segmentation"].any()
    assert last["target_bbox"] == first["target_bbox"], "the last box seen"


def test_several_objects_keep_their_ids_and_may_enter_late():
    many = tracker()
    info = {
        "init_object_ids": ["3", "7"],
        "init_bbox": {"3": list(BOX), "7": [120, 32, 48, 64]},
        "init_mask": labels(_3=BOX, _7=(120, 32, 48, 64)),
    }
    assert set(np.unique(many.initialize(FRAME, info)["segmentation"])) == {0, 3, 7}
    late = {
        "init_object_ids": ["5"],
        "init_bbox": {"5": [176, 104, 32, 32]},
        "init_mask": labels(_5=(176, 104, 32, 32)),
    }
    found = many.track(FRAME, late)
    assert set(np.unique(found["segmentation"])) == {0, 3, 5, 7}
    assert list(found["target_bbox"]) == list(found["object_lost"]) == ["3", "7", "5"]


def test_masks_are_made_of_boxes_where_none_are_given(monkeypatch):
    asked = []

    def made(image, boxes, net, config):
        asked.append({number: box.tolist() for number, box in boxes.items()})
        return {number: labels(_1=tuple(map(int, box))) > 0 for number, box in boxes.items()}

    monkeypatch.setattr(whole_frame, "boxes_to_masks", made)
    first = tracker(box_net="a network").initialize(FRAME, {"init_bbox": list(BOX)})
    assert asked == [{1: list(BOX)}] and first["segmentation"].any()
    with pytest.raises(UserError, match="these parameters start from one"):
        tracker().initialize(FRAME, {"init_bbox": list(BOX)})


def test_a_box_prompt_goes_to_the_engine_as_it_is():
    one = tracker("box")
    assert one.starts_from == "box"
    first = one.initialize(FRAME, {"init_bbox": list(BOX), "init_mask": labels(_1=(0, 0, 4, 4))})
    np.testing.assert_allclose(first["target_bbox"], BOX, atol=1)


def test_an_empty_mask_without_a_box_is_refused():
    with pytest.raises(UserError, match="its first mask is empty"):
        tracker().initialize(FRAME, {"init_mask": labels()})
    with pytest.raises(UserError, match="the image has"):
        tracker().initialize(FRAME, {"init_mask": labels()[1:], "init_bbox": list(BOX)})


def test_a_frame_of_another_size_is_the_same_view():
    one = tracker()
    one.initialize(FRAME, {"init_bbox": list(BOX), "init_mask": labels(_1=BOX)})
    larger = one.track(np.zeros((2 * HEIGHT, 2 * WIDTH, 3), np.uint8))
    assert larger["segmentation"].shape == (2 * HEIGHT, 2 * WIDTH)
    np.testing.assert_allclose(larger["target_bbox"], 2 * np.array(BOX), atol=2)
    assert one._engine.sizes == [(HEIGHT, WIDTH)] * 2


def test_a_small_frame_is_enlarged_for_the_engine():
    """And the mask is that of the small frame."""
    one = tracker()
    small = labels(_1=BOX)[::4, ::4]
    found = one.initialize(FRAME[::4, ::4], {"init_bbox": [10, 8, 12, 16], "init_mask": small})
    assert one._engine.sizes == [(128, 192)] and found["segmentation"].shape == small.shape
    assert (found["segmentation"] != small).mean() < 0.05


@pytest.mark.parametrize(
    ("size", "expected"), [((40, 60), (40, 60)), ((480, 854), (240, 427)), ((900, 500), (432, 240))]
)
def test_shrunk(size, expected):
    assert shrunk(np.zeros((*size, 3), np.uint8), 240).shape[:2] == expected


def test_labels_of_nothing_are_empty():
    assert not labels_of({}, (4, 6)).any() and labels_of({}, (4, 6)).shape == (4, 6)
