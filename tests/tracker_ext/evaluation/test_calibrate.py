"""The confidence means what it says, on masks whose J is known."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from ltr_ext.data.synthetic.stills import StillCollection
from ltr_ext.errors import UserError
from ltr_ext.paths import SETTINGS_VARIABLE
from tracker_ext.evaluation import calibrate
from tracker_ext.evaluation.calibrate import NUM_STEPS, columns, fit_calibration, isotonic, judge, measure
from tracker_ext.evaluation.true_clips import TrueClip, half_of
from tracker_ext.segmentation.confidence import Calibration, load_calibration
from tracker_ext.segmentation.config import AnnotateConfig

CONFIG = AnnotateConfig(num_frames=2, interval=1, tolerance=0.0)


def made_up(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """[count] soft IoUs, too low as they are, and noisy J."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.2, 1, count)
    return 0.7 * truth**1.5, np.clip(truth + rng.normal(0, 0.05, count), 0, 1)


def fit(scores: np.ndarray, truth: np.ndarray) -> Calibration:
    return fit_calibration(scores, truth, weights_hash="abc", fitted_on="made up")


def test_it_estimates_j_of_masks_it_has_not_seen():
    calibration, (scores, truth) = fit(*made_up(2000, 0)), made_up(1000, 1)
    assert np.abs(calibration.predict(scores) - truth).mean() < 0.06
    assert np.abs(scores - truth).mean() > 0.2


def test_a_mask_worse_than_any_of_the_fit_gets_a_lower_estimate():
    """Clips to fit on hold few lost masks; the estimate must not stop at the worst of them."""
    score = np.linspace(0.5, 1, 200)
    estimates = fit(score, score).predict(np.array([0.3, 0.1, 0.0]))
    assert 0.5 > estimates[0] > estimates[1] > estimates[2] == 0


def test_the_map_never_descends():
    scores, truth = made_up(NUM_STEPS, 2)
    calibration = fit(scores, truth[::-1])
    assert (np.diff(calibration.map_to) >= 0).all() and (np.diff(calibration.map_from) >= 0).all()


def test_too_few_masks_are_refused():
    with pytest.raises(UserError, match="5 masks are too few to fit 12 groups; give more clips"):
        fit(*made_up(5, 0))


@pytest.mark.parametrize(
    "values, pooled",
    [
        pytest.param([1, 2, 3], [1, 2, 3], id="ascending"),
        pytest.param([3, 2, 1], [2, 2, 2], id="descending"),
        pytest.param([1, 3, 2, 4], [1, 2.5, 2.5, 4], id="one swap"),
        pytest.param([4, 1, 1, 6], [2, 2, 2, 6], id="pools twice"),
    ],
)
def test_isotonic(values, pooled):
    assert isotonic(np.array(values, float)).tolist() == pooled


def test_masks_are_judged_against_the_true_ones(clip, tiny_net):
    frames, boxes = clip[0][:4], clip[1][:4]
    labels = [np.zeros(frames.shape[1:3], np.uint8) for _ in frames]
    for picture, (x, y, w, h) in zip(labels, boxes.round().astype(int), strict=True):
        picture[y : y + h, x : x + w] = 2
    masks = list(judge([TrueClip("walk", list(frames), labels, {2: boxes})], tiny_net, CONFIG))
    names, scores, tightness, truth = columns(masks)
    assert set(names) == {"walk"} and 0 < len(masks) <= 4
    for values in (scores, tightness, truth):
        assert ((values > 0) & (values <= 1)).all()
    tight = measure(masks, fit(*made_up(200, 0)))["tightness"]
    assert tight.num_masks == len(masks) and tight.num_clips == 1
    with pytest.raises(UserError, match="not one mask to measure"):
        measure([], fit(*made_up(200, 0)))


def test_the_command_writes_a_calibration_that_is_loaded(tmp_path, davis_root, tiny_weights, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    (tmp_path / "stills").mkdir()
    for number in range(60):
        mask = np.zeros((48, 64), np.uint8)
        mask[10:34, 16:44] = 1
        cv2.imwrite(str(tmp_path / f"stills/{number}.jpg"), rng.integers(0, 256, (48, 64, 3), np.uint8))
        cv2.imwrite(str(tmp_path / f"stills/{number}.png"), mask)
    (tmp_path / "paths.toml").write_text('images_dir = "stills"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    weights = tmp_path / "tiny.safetensors"
    weights.write_bytes(tiny_weights.read_bytes())
    picture = tmp_path / "curves.png"
    options = [
        "--weights",
        str(weights),
        "--synthetic",
        "4",
        "--drawn",
        "0",
        "--every",
        "1",
        "--clips",
        str(davis_root),
    ]
    assert calibrate.main([*options, "--picture", str(picture)]) == 0
    calibration = load_calibration(weights)
    assert calibration is not None and "4 synthetic and 0 drawn" in calibration.fitted_on
    assert set(json.loads(weights.with_suffix(".confidence.json").read_text())["measured"]) == {
        "held-out clips",
        "davis",
    }
    assert "| soft IoU |" in capsys.readouterr().out and picture.read_bytes().startswith(b"\x89PNG")


def test_photographs_that_are_too_few_for_fit_and_test_are_refused():
    nothing = StillCollection((), np.zeros(0))
    with pytest.raises(UserError, match="photographs: 0 are held out of training, none of them for the fit"):
        half_of(nothing, "fit")
