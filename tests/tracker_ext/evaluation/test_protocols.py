"""Scores by the rules of DAVIS, GOT-10k and TrackingNet, equal to those of their own evaluation programs.

The stored figures were computed once by these programs on the clips of `scored_clips.py`: davis2017-evaluation (its
repository), got10k 0.1.3 (package), metrics.py of TrackingNet's devkit (its repository).
"""

from __future__ import annotations

import numpy as np
import pytest
from miniatures import scored_clips

from ltr_ext.data.image_io import read_mask, write_mask
from ltr_ext.errors import UserError
from tracker_ext.evaluation.box_scores import score_boxes, score_trackingnet
from tracker_ext.evaluation.datasets import BoxFolderDataset, DavisFolderDataset
from tracker_ext.evaluation.protocols import CLIPS, PROTOCOLS, protocol_of, scored_frames, truth_notes
from tracker_ext.evaluation.results import StoredResult
from tracker_ext.evaluation.scoring import mean_score, score_box_oracle, score_stored

DAVIS, GOT10K = PROTOCOLS["dv2017_val"], PROTOCOLS["got10k_val"]
DAVIS_OFFICIAL = {"j": 0.6800451828190903, "f": 0.5164840678913575, "j_and_f": 0.598264625355224}
DAVIS_OFFICIAL_J = {
    "two": (0.7444025093210355 + 0.6678867502419015) / 2,
    "late": 0.7857781882810632,
    "gap": (0.6124916316911182 + 0.6229616184031537 + 0.6467503989762702) / 3,
}
GOT10K_OFFICIAL = {"ao": 0.604261731628744, "sr50": 0.7407407407407407, "sr75": 0.6666666666666666}
TRACKINGNET_OFFICIAL = {
    "auc": 65.66964285714286,
    "precision": 77.09821428571428,
    "norm_precision": 67.65827922077922,
}


@pytest.fixture(scope="module")
def davis(tmp_path_factory):
    """The clips in DAVIS layout."""
    return scored_clips.write_davis(tmp_path_factory.mktemp("scored") / "davis")


@pytest.fixture(scope="module")
def got10k(tmp_path_factory):
    """(data set, results) in GOT-10k's layout."""
    root = tmp_path_factory.mktemp("got10k")
    return scored_clips.write_got10k(root / "data", root / "results"), root / "results"


def davis_scores(root, predicted, protocol=DAVIS):
    sequences = DavisFolderDataset(root).get_sequence_list()
    stored = [StoredResult(sequence, predicted, root / "no boxes") for sequence in sequences]
    return [score_stored(result, "x", protocol) for result in stored]


def got10k_scores(data, results):
    sequences = BoxFolderDataset(data / "val").get_sequence_list()
    return [score_stored(StoredResult(sequence, results / "none", results), "x", GOT10K) for sequence in sequences]


def test_davis_gives_the_official_numbers(davis):
    scores = davis_scores(davis, davis / "predicted")
    assert {score.sequence: score.j for score in scores} == pytest.approx(DAVIS_OFFICIAL_J, abs=1e-9)
    mean = mean_score(scores, "x", DAVIS)
    assert {name: getattr(mean, name) for name in DAVIS_OFFICIAL} == pytest.approx(DAVIS_OFFICIAL, abs=1e-9)
    own = mean_score(davis_scores(davis, davis / "predicted", CLIPS), "x", CLIPS)
    assert abs(own.j - mean.j) > 0.01, "the clips would not tell the rules apart"


def test_davis_means_count_objects_not_sequences(davis):
    mean = mean_score(davis_scores(davis, davis / "predicted"), "x", DAVIS)
    assert mean.objects == 2 + 1 + 3, "object 2 of `late` is not on its first frame"


def test_davis_leaves_out_the_first_and_the_last_frame(davis, tmp_path):
    for clip in scored_clips.CLIPS:
        (tmp_path / clip).mkdir()
        for t in range(scored_clips.NUM_FRAMES):
            labels = scored_clips.true_labels(clip, t) if 0 < t < scored_clips.NUM_FRAMES - 1 else np.zeros((120, 160))
            write_mask(tmp_path / clip / f"{t:05d}.png", np.where(labels == 255, 0, labels).astype(np.uint8))
    assert mean_score(davis_scores(davis, tmp_path), "x", DAVIS).j == 1


def test_masks_of_davis_2016_have_one_object_255(tmp_path):
    for t in range(4):
        for folder in ("JPEGImages", "Annotations"):
            (tmp_path / folder / "480p" / "a").mkdir(parents=True, exist_ok=True)
        write_mask(tmp_path / "JPEGImages/480p/a" / f"{t:05d}.png", np.zeros((20, 20), np.uint8))
        write_mask(tmp_path / "Annotations/480p/a" / f"{t:05d}.png", np.pad(np.full((8, 8), 255, np.uint8), 6))
    (sequence,) = DavisFolderDataset(tmp_path).get_sequence_list()
    assert scored_frames(sequence, PROTOCOLS["dv2016_val"]) == {255: [1, 2]}
    assert score_box_oracle(sequence, "box", PROTOCOLS["dv2016_val"]).j == 1


def test_youtubevos_leaves_out_an_objects_first_frame_and_the_last_one(davis):
    sequence = DavisFolderDataset(davis).get_sequence_list()["gap"]
    assert scored_frames(sequence, PROTOCOLS["yt300"]) == {1: [1, 2, 3, 4, 5], 3: [1, 2, 3, 4, 5], 2: [3, 4, 5]}


def test_vos_benchmark_agrees(davis, tmp_path):
    """On a clip without void pixels and late objects, which it treats in another way than the official program."""
    benchmark = pytest.importorskip("vos_benchmark.benchmark", reason="extra check is not installed")
    for folder, source in (("truth", davis / "Annotations/480p"), ("found", davis / "predicted")):
        (tmp_path / folder / "two").mkdir(parents=True)
        for path in (source / "two").iterdir():
            write_mask(tmp_path / folder / "two" / path.name, read_mask(path))
    jf, j, f, *_ = benchmark.benchmark([tmp_path / "truth"], [tmp_path / "found"], num_processes=1, verbose=False)
    ours = davis_scores(davis, davis / "predicted")[[*sorted(scored_clips.CLIPS)].index("two")]
    assert (100 * ours.j_and_f, 100 * ours.j, 100 * ours.f) == pytest.approx((jf[0], j[0], f[0]), abs=0.05)


def test_got10k_gives_the_toolkits_numbers(got10k):
    mean = mean_score(got10k_scores(*got10k), "x", GOT10K)
    assert {name: getattr(mean, name) for name in GOT10K_OFFICIAL} == pytest.approx(GOT10K_OFFICIAL, abs=1e-9)
    assert mean.box_frames == 8 + 11 + 14 - 3 * 2, "three first frames, three of cover 0"


def test_the_got10k_toolkit_agrees(got10k, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    experiments = pytest.importorskip("got10k.experiments", reason="extra check is not installed")
    data, results = got10k
    experiment = experiments.ExperimentGOT10k(str(data), "val", str(results / "kit"), str(tmp_path))
    experiment.result_dir = str(results / "kit")
    overall = experiment.report(["box"])["box"]["overall"]
    mean = mean_score(got10k_scores(data, results), "x", GOT10K)
    assert (mean.ao, mean.sr50, mean.sr75) == pytest.approx((overall["ao"], overall["sr"], overall["succ_curve"][75]))


def test_without_its_labels_a_got10k_sequence_counts_all_frames_but_the_first(got10k, tmp_path):
    data, results = scored_clips.write_got10k(tmp_path / "data", tmp_path / "results"), tmp_path / "results"
    for name in ("cover.label", "meta_info.ini"):
        for path in (data / "val").glob(f"*/{name}"):
            path.unlink()
    scores = got10k_scores(data, results)
    assert [score.box_frames for score in scores] == [7, 10, 13]
    (data / "val" / "GOT-10k_Val_000001" / "cover.label").write_text("8\n8\n")
    with pytest.raises(UserError, match="2 labels for"):
        got10k_scores(data, results)


def test_trackingnet_gives_the_devkits_numbers():
    rows = [
        score_trackingnet(
            scored_clips.predicted_boxes(number, 8 + 3 * number), scored_clips.true_boxes(number, 8 + 3 * number)
        )
        for number in range(3)
    ]
    for name, official in TRACKINGNET_OFFICIAL.items():
        assert 100 * np.mean([getattr(row, name) for row in rows]) == pytest.approx(official, abs=1e-9), name


def test_trackingnet_by_its_definition():
    """A box 10 pixels off in a picture of one frame more: worked out by hand."""
    truth = np.array([[10.0, 10, 40, 40]] * 2)
    found = truth + np.array([[99, 99, 0, 0], [10.4, 0, 0.3, 0]])
    scores = score_trackingnet(found, truth)
    overlap = 30 / 50  # 10.4 and 0.3 are rounded away
    thresholds = np.linspace(0, 1, 21)
    curve = [np.mean([t <= 1, overlap >= t]) for t in thresholds]
    assert scores.auc == pytest.approx(np.trapezoid(curve, thresholds))
    curve = [np.mean([t >= 0, t >= 10]) for t in np.linspace(0, 50, 21)]
    assert scores.precision == pytest.approx(np.trapezoid(curve, thresholds))
    curve = [np.mean([t >= 0, t >= 0.25]) for t in np.linspace(0, 0.5, 21)]
    assert scores.norm_precision == pytest.approx(np.trapezoid(curve, thresholds))


def test_other_data_sets_take_pytrackings_measures(got10k):
    data, results = got10k
    sequence = BoxFolderDataset(data / "val").get_sequence_list()[0]
    scores = score_boxes(StoredResult(sequence, results, results), CLIPS)
    truth, found = scored_clips.true_boxes(0, 8)[1:], scored_clips.predicted_boxes(0, 8)[1:]
    overlaps, near, near_by_size = [], [], []
    for (x, y, w, h), (px, py, pw, ph) in zip(truth.round(4), found, strict=True):
        common = max(0, min(x + w, px + pw) - max(x, px)) * max(0, min(y + h, py + ph) - max(y, py))
        overlaps.append(common / (w * h + pw * ph - common))
        dx, dy = px + pw / 2 - x - w / 2, py + ph / 2 - y - h / 2
        near.append(np.hypot(dx, dy) <= 20)
        near_by_size.append(np.hypot(dx / w, dy / h) <= 0.2)
    assert scores.ao == pytest.approx(np.mean(overlaps))
    assert scores.auc == pytest.approx(np.mean([[o > t for o in overlaps] for t in np.linspace(0, 1, 21)]))
    assert (scores.precision, scores.norm_precision) == pytest.approx((np.mean(near), np.mean(near_by_size)))


def test_a_truth_of_the_first_frames_alone_is_said(davis, tmp_path):
    sequences = DavisFolderDataset(davis).get_sequence_list()
    assert truth_notes(sequences) == []
    for sequence in sequences:
        starts = {np.flatnonzero(np.isfinite(track[:, 0]))[0] for track in sequence.ground_truth_rect.values()}
        paths = sequence.ground_truth_seg
        sequence.ground_truth_seg = [path if index in starts else None for index, path in enumerate(paths)]
    assert "which a tracker is given" in truth_notes(sequences)[0]


def test_data_sets_without_rules_of_their_own_have_ours():
    assert protocol_of("demo") is CLIPS and protocol_of("dv2016_val") == DAVIS
