"""Windowed inference: equals the network on each window, streams, treats boxes as promised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.crop import crop_around
from ltr_ext.errors import UserError
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.object_stream import CropLogits, ObjectStream
from tracker_ext.segmentation.segment import BACKGROUND_LOGIT, allowed_region, annotate, box_logits
from tracker_ext.segmentation.windows import lenders, schedule, span

CONFIG = AnnotateConfig(num_frames=3, interval=2, precision="float32", encode_batch=4, colour=False)
IMAGE_HW = (60, 80)


def direct_logits(net, frames, boxes, config):
    """Frame -> [H, W] logits by `net.forward` on every window, without sharing or streaming."""
    boxed = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    found = {}
    for window in schedule(config.mode, len(boxed), config.num_frames, config.interval):
        indices = [int(boxed[position]) for position in window.frames]
        crops = [crop_around(boxes[i], IMAGE_HW, net.config.inference_scale, net.config.crop_hw) for i in indices]
        images = np.stack([crop.cut(frames[i]) for crop, i in zip(crops, indices, strict=True)])
        in_crop = np.stack([crop.boxes_to_crop(boxes[i]) for crop, i in zip(crops, indices, strict=True)])
        images_t = torch.from_numpy(images).permute(0, 3, 1, 2).float()[:, None]
        logits = net(images_t, torch.from_numpy(in_crop).float()[:, None]).final[:, 0].numpy()
        for position in window.kept:
            at = window.frames.index(position)
            answer = CropLogits(crops[at], images[at], logits[at])
            found[int(boxed[position])] = box_logits(answer, boxes[boxed[position]], config.tolerance, IMAGE_HW)
    return found


@pytest.mark.parametrize("mode", ["strided", "centred"])
@pytest.mark.parametrize(("num_frames", "interval"), [(1, 1), (3, 2), (5, 15)])
def test_equals_the_network_on_each_window(tiny_net, clip, mode, num_frames, interval):
    frames, boxes = clip
    boxes = boxes.copy()
    boxes[[4, 5, 9]] = np.nan
    config = replace(CONFIG, mode=mode, num_frames=num_frames, interval=interval)
    expected = direct_logits(tiny_net, frames, boxes, config)
    results = list(annotate(frames, boxes, tiny_net, config, keep_logits=True))
    assert [result.index for result in results] == list(range(len(frames)))
    for result in results:
        if result.index in expected:
            # Logits spread by 3; convolutions of batches of different size round differently.
            np.testing.assert_allclose(result.logits[1], expected[result.index], atol=2e-3)
        else:
            assert not result.labels.any() and result.scores == {}
    assert any(result.labels.any() for result in results), "the comparison needs masks that are not empty"


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_short_clips(tiny_net, clip, length):
    frames, boxes = clip
    results = list(annotate(frames[:length], boxes[:length], tiny_net, replace(CONFIG, num_frames=5, interval=15)))
    assert len(results) == length


class CountingStream(ObjectStream):
    """Notes how many encodings are alive just after new ones came, when they are most."""

    most_alive = 0

    def _encode(self):
        super()._encode()
        self.most_alive = max(self.most_alive, len(self._encodings))


@pytest.mark.parametrize("mode", ["strided", "centred"])
@pytest.mark.parametrize("repeats", [1, 3])
def test_encodings_alive_do_not_grow_with_the_clip(tiny_net, clip, mode, repeats):
    frames, boxes = np.tile(clip[0], (repeats, 1, 1, 1)), np.tile(clip[1], (repeats, 1))
    windows = schedule(mode, len(frames), CONFIG.num_frames, CONFIG.interval)
    stream = CountingStream(tiny_net, boxes, windows, CONFIG)
    answered = 0
    for index, frame in enumerate(frames):
        stream.push(index, frame)
        while answered <= index and stream.is_ready(answered):
            assert stream.pop(answered) is not None
            answered += 1
    assert answered == len(frames)
    assert CONFIG.num_frames <= stream.most_alive <= span(CONFIG.num_frames, CONFIG.interval) + CONFIG.encode_batch - 1
    assert not stream._encodings


def test_every_frame_is_encoded_once(tiny_net, clip, monkeypatch):
    frames, boxes = clip
    encoded = []
    encode = tiny_net.encode
    monkeypatch.setattr(tiny_net, "encode", lambda images, at: (encoded.append(len(images)), encode(images, at))[1])
    list(annotate(frames, boxes, tiny_net, replace(CONFIG, mode="centred")))
    assert sum(encoded) == len(frames)


def test_masks_come_before_the_clip_ends(tiny_net, clip):
    frames, boxes = clip
    read = []
    stream = annotate((read.append(i) or frame for i, frame in enumerate(frames)), boxes, tiny_net, CONFIG)
    next(stream)
    assert len(read) <= span(CONFIG.num_frames, CONFIG.interval) + CONFIG.encode_batch


@pytest.mark.parametrize("tolerance", [0.0, 0.25])
def test_background_outside_the_box(tiny_net, clip, tolerance):
    frames, boxes = clip
    config = replace(CONFIG, tolerance=tolerance)
    for result in annotate(frames, boxes, tiny_net, config, keep_logits=True):
        region = allowed_region(boxes[result.index], tolerance, IMAGE_HW)
        outside = np.ones(IMAGE_HW, bool)
        outside[region] = False
        assert not result.labels[outside].any()
        assert (result.logits[1][outside] == BACKGROUND_LOGIT).all()
        assert (result.logits[1][region] != BACKGROUND_LOGIT).all()


@pytest.mark.parametrize(
    ("box", "tolerance", "rows", "columns"),
    [
        pytest.param((10, 20, 30, 10), 0.0, (20, 30), (10, 40), id="whole pixels"),
        pytest.param((10.4, 20.6, 30, 10), 0.0, (20, 31), (10, 41), id="touched pixels count"),
        pytest.param((10, 20, 30, 10), 0.1, (19, 31), (7, 43), id="a tenth on every side"),
        pytest.param((-5, -5, 200, 200), 0.0, (0, 60), (0, 80), id="clipped to the image"),
    ],
)
def test_allowed_region(box, tolerance, rows, columns):
    assert allowed_region(np.array(box, float), tolerance, IMAGE_HW) == (slice(*rows), slice(*columns))


def test_two_objects_are_separate_and_the_higher_logit_wins(tiny_net, clip):
    frames, boxes = clip
    other = boxes + np.array([6, 3, 0, 0])
    other[:3] = np.nan
    alone = [list(annotate(frames, track, tiny_net, CONFIG, keep_logits=True)) for track in (boxes, other)]
    contested = 0
    for both in annotate(frames, {7: other, 2: boxes}, tiny_net, CONFIG, keep_logits=True):
        first, second = (results[both.index].logits.get(1) for results in alone)
        np.testing.assert_array_equal(both.logits[2], first)
        if second is None:
            assert set(both.scores) == {2}
            continue
        np.testing.assert_array_equal(both.logits[7], second)
        overlap = (first > 0) & (second > 0)
        contested += overlap.sum()
        assert (both.labels[overlap] == np.where(first > second, 2, 7)[overlap]).all()
        assert ((both.labels != 0) == ((first > 0) | (second > 0))).all()
    assert contested > 0


def test_scores_are_probabilities(tiny_net, clip):
    frames, boxes = clip
    for result in annotate(frames, boxes, tiny_net, CONFIG):
        assert 0.5 < result.scores[1] <= 1 if result.labels.any() else result.scores[1] == 0


@pytest.mark.parametrize(("precision", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_precision_of_the_convolutions(tiny_net, clip, monkeypatch, precision, dtype):
    """How well bfloat16 agrees is a matter of trained weights: see `benchmarks/speed.py`."""
    frames, boxes = clip
    found = set()
    encode = tiny_net.encode

    def noting(images, at):
        encoding = encode(images, at)
        found.update(maps.dtype for maps in (encoding.target, *encoding.decoder))
        return encoding

    monkeypatch.setattr(tiny_net, "encode", noting)
    results = list(annotate(frames, boxes, tiny_net, replace(CONFIG, precision=precision), keep_logits=True))
    assert found == {dtype}
    assert results[0].logits[1].dtype == np.float32


BOX = np.array([10.0, 8.0, 20.0, 16.0])
OUTSIDE = np.array([100.0, 8.0, 20.0, 16.0])
HALF_ABSENT = np.array([np.nan, 8.0, 20.0, 16.0])


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        pytest.param(np.tile(BOX, (2, 1)), "more than 2 frames for 2 boxes", id="too few boxes"),
        pytest.param(np.tile(BOX, (4, 1)), "3 frames for 4 boxes", id="too many boxes"),
        pytest.param(np.stack([BOX, OUTSIDE, BOX]), "frame 1: .* outside the 80x60 image", id="outside"),
        pytest.param(np.stack([BOX, BOX, BOX * [1, 1, 1, 0]]), "frame 2: .* no area", id="no area"),
        pytest.param(np.stack([BOX, BOX, HALF_ABSENT]), "frame 2: .* not finite", id="half absent"),
        pytest.param(np.full((3, 4), np.nan), "not one box", id="never there"),
        pytest.param({}, "not one box", id="no object"),
        pytest.param(BOX, "shape", id="one box only"),
        pytest.param({65535: np.tile(BOX, (3, 1))}, "id 65535", id="id beyond 16 bits"),
        pytest.param({1: np.tile(BOX, (3, 1)), 2: np.tile(BOX, (2, 1))}, "different numbers", id="unequal tracks"),
    ],
)
def test_bad_boxes_are_refused(tiny_net, clip, boxes, message):
    with pytest.raises(UserError, match=message):
        list(annotate(clip[0][:3], boxes, tiny_net, CONFIG))


def test_frames_of_another_size_are_cropped_and_pasted_by_their_own(tiny_net, clip):
    """Some data sets change the size of the frames in mid-clip."""
    frames = [*clip[0][:3], *(np.pad(frame, ((0, 20), (0, 30), (0, 0))) for frame in clip[0][3:6])]
    results = list(annotate(frames, clip[1][:6], tiny_net, CONFIG))
    assert [result.labels.shape for result in results] == [(60, 80)] * 3 + [(80, 110)] * 3
    assert any(result.labels.any() for result in results[3:])


def test_a_box_is_held_against_the_frame_it_is_on(tiny_net, clip):
    boxes = clip[1][:4].copy()
    boxes[3] = (90, 65, 15, 12)
    wide = [*clip[0][:3], np.pad(clip[0][3], ((0, 20), (0, 30), (0, 0)))]
    assert len(list(annotate(wide, boxes, tiny_net, CONFIG))) == 4
    with pytest.raises(UserError, match=r"frame 3: .* outside the 80x60 image"):
        list(annotate(clip[0][:4], boxes, tiny_net, CONFIG))


def test_mask_box_lies_in_the_given_box(tiny_net, clip):
    frames, boxes = clip
    results = list(annotate(frames, np.floor(boxes), tiny_net, replace(CONFIG, tolerance=0.0)))
    found = [(result.index, mask_to_box(result.mask())) for result in results]
    assert any(box is not None for _, box in found)
    for index, box in found:
        if box is not None:
            x, y, w, h = np.floor(boxes[index])
            assert x <= box[0] and y <= box[1] and box[0] + box[2] <= x + w and box[1] + box[3] <= y + h


SPARSE = replace(CONFIG, num_frames=3, interval=1)


def sparse_boxes(boxes, every):
    """A given box on every K-th frame, a wrong one in between."""
    given = np.arange(len(boxes)) % every == 0
    return np.where(given[:, None], boxes, boxes + np.array([5.0, -4.0, 3.0, 2.0])), given


@pytest.mark.parametrize("mode", ["strided", "centred"])
@pytest.mark.parametrize("every", [2, 3, 4])
def test_boxes_in_between_have_no_say_in_the_masks_of_given_boxes(tiny_net, clip, mode, every):
    frames, boxes = clip
    mixed, given = sparse_boxes(boxes, every)
    config = replace(SPARSE, mode=mode)
    alone = list(annotate(frames[given], boxes[given], tiny_net, config, keep_logits=True))
    found = list(annotate(frames, mixed, tiny_net, config, given={1: given}, keep_logits=True))
    assert [result.index for result in found] == list(range(len(frames)))
    for result, expected in zip([found[i] for i in np.flatnonzero(given)], alone, strict=True):
        np.testing.assert_allclose(result.logits[1], expected.logits[1], atol=2e-3)
    assert all(result.scores for result in found), "the frames in between are segmented too"


def test_transfer_is_a_window_in_which_the_further_frame_weighs_nothing(tiny_net, clip):
    """Eq. 2b with w_t = 0 for the further frame, both solves, and 1/T over the frames that count."""
    frames, boxes = clip
    images = torch.from_numpy(frames[:3, :, :64]).permute(0, 3, 1, 2).float()
    images = torch.nn.functional.interpolate(images, (64, 64))
    with torch.inference_mode():
        encoding = tiny_net.encode(images, torch.from_numpy(boxes[:3]).float()).map(lambda maps: maps.unsqueeze(1))
        output = tiny_net.aggregate(encoding.map(lambda maps: maps[:2]), (64, 64))
        found = tiny_net.transfer(encoding.map(lambda maps: maps[2:]), output.filter, (64, 64))
        # The same by hand: T = 3 frames, w of the two raised by sqrt(3/2) to undo 1/3 for 1/2.
        counted = torch.tensor([1.5**0.5, 1.5**0.5, 0.0])[:, None, None, None, None]
        solve = tiny_net.aggregation
        first = solve(encoding.features, encoding.target, encoding.weight * counted, 3)
        coarse = tiny_net._decode(encoding, first.prediction, (64, 64))
        again = tiny_net._encode_masks(tiny_net.mask_encoder, coarse, encoding.features)
        second = tiny_net.refined_aggregation(encoding.features, again.target, again.weight * counted, 3)
        expected = tiny_net._decode(encoding, second.prediction, (64, 64))
    torch.testing.assert_close(output.final, expected[:2], atol=2e-3, rtol=1e-4)
    torch.testing.assert_close(found, expected[2:], atol=2e-3, rtol=1e-4)


def test_crops_in_between_do_not_pile_up(tiny_net, clip):
    frames, boxes = np.tile(clip[0], (4, 1, 1, 1)), np.tile(clip[1], (4, 1))
    mixed, given = sparse_boxes(boxes, 4)
    windows = schedule("strided", int(given.sum()), 3, 1)
    stream = ObjectStream(tiny_net, mixed, windows, SPARSE, given)
    most = answered = 0
    for index, frame in enumerate(frames):
        stream.push(index, frame)
        most = max(most, sum(len(waiting) for waiting in stream._between.values()))
        while answered <= index and stream.is_ready(answered):
            assert stream.pop(answered) is not None
            answered += 1
    assert answered == len(frames)
    assert most <= (SPARSE.num_frames + SPARSE.encode_batch) * 4
    assert stream._filters == stream._between == {}


@pytest.mark.parametrize(
    ("between", "boxed", "expected"),
    [
        pytest.param([1, 2, 3], [0, 4], {1: 0, 2: 0, 3: 1}, id="the nearer, the earlier of two"),
        pytest.param([5, 6], [4], {5: 0, 6: 0}, id="one given frame"),
        pytest.param([], [0, 4], {}, id="none in between"),
        pytest.param([1], [], {}, id="none given"),
        pytest.param([0, 9], [2, 7], {0: 0, 9: 1}, id="before the first, after the last"),
    ],
)
def test_lenders(between, boxed, expected):
    windows = schedule("strided", len(boxed), 1, 1)
    assert lenders(np.array(between, int), np.array(boxed, int), windows) == expected


def test_a_network_that_can_do_without_m_does_not_see_an_uncertain_box(tiny_net, clip, monkeypatch):
    images = torch.from_numpy(clip[0][:2, :, :64]).permute(0, 3, 1, 2).float()
    images = torch.nn.functional.interpolate(images, (64, 64))

    def transferred(boxes: list[list[float]]) -> torch.Tensor:
        with torch.inference_mode():
            encoding = tiny_net.encode(images, torch.tensor(boxes)).map(lambda maps: maps.unsqueeze(1))
            filters = tiny_net.aggregate(
                tiny_net.encode(images, torch.tensor([[16.0, 16, 32, 32]] * 2)).map(lambda maps: maps.unsqueeze(1)),
                (64, 64),
            ).filter
            return tiny_net.transfer(encoding, filters, (64, 64))

    first, second = [[16.0, 16, 32, 32]] * 2, [[2.0, 2, 20, 12]] * 2
    assert (transferred(first) - transferred(second)).abs().max() > 1e-3
    monkeypatch.setattr(tiny_net, "config", replace(tiny_net.config, single_dropout=0.25))
    torch.testing.assert_close(transferred(first), transferred(second))


class TestKnownMasks:
    """A frame whose mask is known keeps it, and the others learn from it."""

    def mask(self, boxes, frame):
        known = np.zeros(IMAGE_HW, bool)
        x, y, w, h = boxes[frame].astype(int).tolist()
        known[y : y + h // 2, x : x + w] = True
        return known

    def boxes(self, clip, frame):
        """The known mask's own box in place of the given one."""
        boxes = clip[1].copy()
        boxes[frame] = mask_to_box(self.mask(boxes, frame))
        return boxes

    @pytest.mark.parametrize("frame", [0, 5, 12])
    def test_it_is_final_and_helps_its_window_alone(self, tiny_net, clip, frame):
        boxes, known = self.boxes(clip, frame), self.mask(clip[1], frame)
        config = replace(CONFIG, interval=4)
        plain = list(annotate(clip[0], boxes, tiny_net, config, keep_logits=True))
        found = list(annotate(clip[0], boxes, tiny_net, config, keep_logits=True, masks={1: {frame: known}}))
        assert np.array_equal(found[frame].mask(), known) and found[frame].scores[1] == 1
        windows = schedule("strided", 13, 3, 4)
        touched = {kept for window in windows if frame in window.frames for kept in window.kept} - {frame}
        differing = {a.index for a, b in zip(plain, found, strict=True) if not np.array_equal(a.logits[1], b.logits[1])}
        assert differing - {frame} == touched

    def test_in_the_mirror_it_is_mirrored(self, tiny_net, clip):
        """A symmetric clip with a symmetric mask: both streams see the same."""
        half = clip[0][:5, :, :40]
        frames = np.concatenate([half, half[:, :, ::-1]], axis=2)
        boxes, known = np.tile([20.0, 15.0, 40.0, 30.0], (5, 1)), np.zeros(IMAGE_HW, bool)
        known[20:30, 20:60] = True
        boxes[2] = mask_to_box(known)
        plain, both = (
            list(annotate(frames, boxes, tiny_net, replace(CONFIG, flip=flip), masks={1: {2: known}}, keep_logits=True))
            for flip in (False, True)
        )
        assert all(np.array_equal(found.labels, found.labels[:, ::-1]) for found in both)
        for one, mean in zip(plain, both, strict=True):
            expected = (one.logits[1] + one.logits[1][:, ::-1]) / 2
            np.testing.assert_allclose(mean.logits[1], expected, atol=2e-2)

    def test_it_is_what_the_second_solve_is_given(self, tiny_net, clip):
        images = torch.from_numpy(clip[0][:3, :, :64]).permute(0, 3, 1, 2).float()
        images = torch.nn.functional.interpolate(images, (64, 64))
        with torch.inference_mode():
            encoding = tiny_net.encode(images, torch.from_numpy(clip[1][:3]).float())
            encoding = encoding.map(lambda maps: maps.unsqueeze(1))
            plain = tiny_net.aggregate(encoding, (64, 64))
            own = {t: torch.sigmoid(plain.coarse[t]) for t in range(3)}
            same = tiny_net.aggregate(encoding, (64, 64), known=own)
            other = tiny_net.aggregate(encoding, (64, 64), known={1: 1 - own[1]})
        torch.testing.assert_close(same.final, plain.final)
        torch.testing.assert_close(other.coarse, plain.coarse)
        assert not torch.equal(other.final[[0, 2]], plain.final[[0, 2]])

    def test_frames_in_between_learn_from_it_too(self, tiny_net, clip):
        mixed, given = sparse_boxes(clip[1], 4)
        known = self.mask(mixed, 4)
        mixed[4] = mask_to_box(known)
        plain, found = (
            list(annotate(clip[0], mixed, tiny_net, SPARSE, given={1: given}, keep_logits=True, masks=masks))
            for masks in (None, {1: {4: known}})
        )
        assert not np.array_equal(plain[5].logits[1], found[5].logits[1])

    def test_a_network_that_does_not_refine_keeps_it_all_the_same(self, tiny_net, clip):
        net, known = tiny_net.without_refinement(), self.mask(clip[1], 5)
        boxes = self.boxes(clip, 5)
        plain, found = (list(annotate(clip[0], boxes, net, CONFIG, masks=masks)) for masks in (None, {1: {5: known}}))
        assert np.array_equal(found[5].mask(), known)
        assert all(np.array_equal(a.labels, b.labels) for a, b in zip(plain, found, strict=True) if a.index != 5)
