"""Synthetic video: reproducible, annotated, and with the motion cue in it."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from ltr_ext.data.synthetic.attachments import attach_lines
from ltr_ext.data.synthetic.clips import SyntheticConfig, render_clip
from ltr_ext.data.synthetic.layers import EDGE_BLUR, Layer, fill_hole
from ltr_ext.data.synthetic.motion import draw_motion, moving_along
from ltr_ext.data.synthetic.scenery import draw_bars, plant_crowd, punch_holes
from ltr_ext.data.synthetic.stills import collect_stills, object_ids
from ltr_ext.data.synthetic.warps import FIELD_GRID, affine, bend_field, random_bend, sampling_map
from ltr_ext.errors import UserError

SMALL = SyntheticConfig(canvas_side=96, min_share=0.001)


def clip(photographs, seed, config=SMALL, frames=3):
    stills = collect_stills(photographs, held_out=False)
    return render_clip(np.random.default_rng(seed), frames, stills, (), config)


def test_a_clip_is_a_function_of_its_seed(photographs):
    one, again, other = clip(photographs, 1), clip(photographs, 1), clip(photographs, 2)
    assert all(np.array_equal(a, b) for a, b in zip(one.frames + one.masks, again.frames + again.masks, strict=True))
    assert not all(a.shape == b.shape and np.array_equal(a, b) for a, b in zip(one.frames, other.frames, strict=True))


@pytest.mark.parametrize("whole_share", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_object_is_seen_in_every_frame(photographs, seed, whole_share):
    made = clip(photographs, seed, SyntheticConfig(canvas_side=96, min_share=0.001, whole_share=whole_share), frames=4)
    assert len(made.frames) == len(made.masks) == 4
    for frame, mask in zip(made.frames, made.masks, strict=True):
        assert frame.dtype == np.uint8 and frame.shape == (*mask.shape, 3) and max(mask.shape) == 96
        assert (mask == 1).sum() >= 48
        assert set(np.unique(mask)) <= {0, 1, 255}


def test_undecided_pixels_stay_undecided_where_the_photograph_moves_as_a_whole(photographs):
    made = clip(photographs, 0, SyntheticConfig(canvas_side=96, min_share=0.001, whole_share=1.0))
    assert any((mask == 255).any() for mask in made.masks)


def test_a_cut_object_moves_against_its_background(photographs):
    """A background seen under the object's box in one frame is seen outside it in another."""
    moved = 0
    for seed in range(8):
        config = SyntheticConfig(canvas_side=96, min_share=0.001, whole_share=0.0, max_distractors=0, speed=1.0)
        masks = [mask == 1 for mask in clip(photographs, seed, config).masks]
        overlap = (masks[0] & masks[-1]).sum() / (masks[0] | masks[-1]).sum()
        moved += overlap < 0.7
    assert moved >= 4


EVERYTHING = {
    "crowd_share": 1.0, "still_share": 1.0, "bar_share": 1.0, "hole_share": 1.0, "line_share": 1.0, "blur_share": 1.0,
}  # fmt: skip


@pytest.mark.parametrize("what", [*EVERYTHING, None])
def test_every_ingredient_makes_whole_clips_that_repeat(photographs, what):
    shares = EVERYTHING if what is None else {what: 1.0}
    config = dataclasses.replace(SMALL, whole_share=0.0, **shares)
    plain = dataclasses.replace(SMALL, whole_share=0.0)
    differ = 0
    for seed in range(4):
        one, again, without = (
            clip(photographs, seed, config),
            clip(photographs, seed, config),
            clip(photographs, seed, plain),
        )
        assert all(
            np.array_equal(a, b) for a, b in zip(one.frames + one.masks, again.frames + again.masks, strict=True)
        )
        assert all((mask == 1).sum() >= 48 and set(np.unique(mask)) <= {0, 1} for mask in one.masks)
        differ += not all(
            a.shape == b.shape and np.array_equal(a, b) for a, b in zip(one.frames, without.frames, strict=True)
        )
    assert differ >= 3


def test_a_crowd_is_part_of_the_scene():
    scene = np.zeros((60, 80, 3), np.uint8)
    thing = (np.full((30, 30, 3), 200, np.uint8), np.pad(np.ones((10, 10), bool), 10))
    crowded = plant_crowd(np.random.default_rng(0), scene, [thing] * 3, size=12.0)
    assert crowded.shape == scene.shape and crowded.max() > 150 and not scene.any()
    assert 50 < (crowded[..., 0] > 100).sum() < 3 * (1.3 * 12) ** 2 + 100
    assert np.array_equal(plant_crowd(np.random.default_rng(0), scene, [], size=12.0), scene)


@pytest.mark.parametrize("seed", range(12))
def test_bars_are_thin_and_see_through(seed):
    picture, mask = draw_bars(np.random.default_rng(seed), 60.0)
    assert picture.shape == (*mask.shape, 3) and mask.shape == (188, 188)
    assert 0 < mask.mean() < 0.6


def test_holes_leave_most_of_the_object_and_add_nothing():
    mask = np.zeros((100, 100), bool)
    mask[20:80, 30:90] = True
    punched = [punch_holes(np.random.default_rng(seed), mask) for seed in range(12)]
    assert all((holes <= mask).all() and holes.sum() >= 0.6 * mask.sum() for holes in punched)
    assert sum(holes.sum() < mask.sum() for holes in punched) >= 10


def test_lines_reach_as_far_as_asked():
    mask = np.zeros((120, 120), bool)
    mask[50:70, 50:70] = True
    picture = np.zeros((120, 120, 3), np.uint8)
    extents = []
    for reach in ((0.5, 0.5), (3.0, 3.0)):
        drawn = [attach_lines(np.random.default_rng(seed), picture, mask, reach, thinnest=2)[1] for seed in range(8)]
        extents.append(np.mean([np.ptp(np.nonzero(lines), axis=1).max() for lines in drawn]))
    assert extents[0] < 45 and extents[1] > 60


def test_what_stands_still_follows_the_scene(photographs):
    """With the same depth, a thing in the scene keeps its place on the background but for the scene's own zoom."""
    rng = np.random.default_rng(0)
    image, labels = collect_stills(photographs, held_out=False).stills[0].load()
    camera = draw_motion(rng, travel=0.5, bend=0.0, growth=0.0, turn=0.0)
    ground = Layer.background(image, None, (120, 160), camera)
    motion = moving_along(rng, camera, ground.size, 30.0, (1.0, 1.0))
    thing = Layer.cut_out(rng, image, labels == 1, (120, 160), 30.0, motion)
    thing = dataclasses.replace(thing, size=30.0)
    for time in (0.0, 0.3, 1.0):
        moved = [layer._place(time) - layer._place(0.5) for layer in (ground, thing)]
        np.testing.assert_allclose(*moved, atol=1e-9)


def test_blur_spreads_what_moves_along_its_way(photographs):
    rng = np.random.default_rng(1)
    image, labels = collect_stills(photographs, held_out=False).stills[0].load()
    still = draw_motion(rng, travel=0.0, bend=0.0, growth=0.0, turn=0.0)
    motion = dataclasses.replace(still, travel=np.array([2.0, 0.0]), wobble=np.zeros((2, 2)))
    layer = dataclasses.replace(Layer.cut_out(rng, image, labels == 1, (120, 160), 40.0, motion), centre=(80.0, 60.0))
    sharp, blurred = layer.render(0.5), layer.render(0.5, exposure=0.2)
    widths = [np.ptp(np.nonzero(seen.opacity > 0.02)[1]) for seen in (sharp, blurred)]
    assert 10 <= widths[1] - widths[0] <= 18  # 0.2 of the time, 2 sizes of 40 pixels in all
    assert sharp.opacity.sum() == pytest.approx(blurred.opacity.sum(), rel=0.02)
    assert blurred.labels.sum() == pytest.approx(sharp.labels.sum(), rel=0.15)


def test_an_identity_map_leaves_a_layer_as_it_is():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
    matrix = affine(centre=(15, 10), to=(15, 10), zoom=1.0, angle=0.0, shear=0.0, mirror=False)
    source = sampling_map(matrix, None, (20, 30), (20, 30))
    assert np.array_equal(cv2.remap(picture, *source, cv2.INTER_LINEAR), picture)


def test_mirroring_and_moving_by_whole_pixels_is_exact():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
    matrix = affine(centre=(15, 10), to=(18, 12), zoom=1.0, angle=0.0, shear=0.0, mirror=True)
    out = cv2.remap(picture, *sampling_map(matrix, None, (20, 30), (20, 30)), cv2.INTER_NEAREST)
    assert np.array_equal(out[2:, 3:], picture[:-2, ::-1][:, :-3])


def test_a_bend_passes_through_its_control_points():
    bend = random_bend(np.random.default_rng(3), 0.05)
    field = bend_field(bend)
    place = bend.points * FIELD_GRID - 0.5
    found = [cv2.remap(field, np.float32([[p[0]]]), np.float32([[p[1]]]), cv2.INTER_LINEAR)[0, 0] for p in place]
    np.testing.assert_allclose(found, bend.displacements, atol=0.01)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_of_a_layer_lies_outside_its_reach(photographs, seed):
    rng = np.random.default_rng(seed)
    image, labels = collect_stills(photographs, held_out=False).stills[0].load()
    motion = draw_motion(rng, travel=2.0, bend=0.1, growth=0.3, turn=0.5)
    layer = Layer.cut_out(rng, image, labels == 1, (120, 160), 40.0, motion)
    for time in (0.0, 0.4, 1.0):
        seen = layer.render(time)
        matrix, field = layer._matrix(time), bend_field(motion.start.mix(motion.end, time))
        source = sampling_map(matrix, field, layer.labels.shape, layer.canvas_hw)
        whole = cv2.remap(layer.labels * np.uint8(255), *source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        whole = cv2.GaussianBlur(whole, (0, 0), EDGE_BLUR).astype(np.float32) / 255
        assert np.array_equal(whole[seen.region], seen.opacity)
        whole[seen.region] = 0
        assert not whole.any()


def test_full_area_is_what_is_drawn(photographs):
    rng = np.random.default_rng(0)
    image, labels = collect_stills(photographs, held_out=False).stills[0].load()
    motion = draw_motion(rng, travel=0.0, bend=0.0, growth=0.3, turn=0.0)
    layer = Layer.cut_out(rng, image, labels == 1, (200, 200), 50.0, motion)
    for time in (0.0, 0.5, 1.0):
        assert (layer.render(time).labels == 1).sum() == pytest.approx(layer.full_area(time), rel=0.1)


def test_filling_a_hole_leaves_the_rest_alone():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 100, (60, 80, 3), dtype=np.uint8)
    hole = np.zeros((60, 80), bool)
    hole[20:40, 30:50] = True
    picture[hole] = 255
    filled = fill_hole(rng, picture, hole)
    assert filled[hole].max() <= 100
    far = cv2.dilate(hole.astype(np.uint8), np.ones((9, 9))) == 0
    assert np.array_equal(filled[far], picture[far])


def test_held_out_photographs_are_the_others(photographs):
    train = {still.mask_path for still in collect_stills(photographs, held_out=False).stills}
    held_out = {still.mask_path for still in collect_stills(photographs, held_out=True).stills}
    assert not train & held_out and len(train | held_out) == 30


def test_sources_are_drawn_by_weight(photographs):
    assert {s.source for s in collect_stills(photographs, held_out=False, source_weights={"regions": 0}).stills} == {
        "discs"
    }
    weighted = collect_stills(photographs, held_out=False, source_weights={"regions": 0.1})
    rng = np.random.default_rng(0)
    share = np.mean([weighted.draw(rng).source == "regions" for _ in range(400)])
    assert share < 0.2


@pytest.mark.parametrize("held_out", [True, False])
def test_a_folder_without_pairs_is_refused(tmp_path, held_out):
    with pytest.raises(UserError, match=r"no .*pair <name>.jpg \+ <name>.png found; set images_dir"):
        collect_stills(tmp_path, held_out=held_out)
    with pytest.raises(UserError, match="no such folder"):
        collect_stills(tmp_path / "none", held_out=held_out)


def test_object_ids_by_area():
    labels = np.zeros((10, 10), np.uint8)
    labels[0, 0], labels[1:3], labels[3:] = 1, 2, 255
    assert object_ids(labels, 0.05, 0.5) == [2]
