"""The miniature of GOT-10k: every reader of GOT-10k takes it, and its boxes are those that were drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ltr.dataset import Got10k

from ltr_ext.dataset.presence import require_dataset
from ltr_ext.errors import run_command
from ltr_ext.paths import load_paths
from tracker_ext.annotation.sources.got10k import Got10kSource
from tracker_ext.evaluation import toy_got10k
from tracker_ext.evaluation.box_scores import got10k_frames
from tracker_ext.evaluation.sequences import load_sequences

FRAMES = 4


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    toy_got10k.write_toy_got10k(folder, FRAMES)
    return folder


@pytest.fixture
def settings(root, tmp_path, monkeypatch):
    """A settings file with the line that the command prints."""
    path = tmp_path / "paths.toml"
    path.write_text(f'got10k_dir = "{root}"\n')
    monkeypatch.setenv("BOX2MASK_SETTINGS", str(path))


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_it_is_whole(settings, root, split):
    assert require_dataset(f"got10k_{split}") == load_paths().got10k_dir == root


def test_sequences_for_tracking(settings):
    val, test = load_sequences("got10k_val"), load_sequences("got10k_test")
    assert len(val) == len(test) > 5 and val[0].name == "GOT-10k_Val_000001"
    assert all(len(one.frames) == len(one.ground_truth_rect) == FRAMES for one in val)
    assert all(len(one.frames) == FRAMES and np.size(one.ground_truth_rect) == 4 for one in test)


def test_sequences_for_training_and_annotation(settings, root):
    data = Got10k(str(root / "train"))
    source = Got10kSource(root / "train")
    assert source.names() == list(data.sequence_list)
    for number, name in enumerate(source.names()):
        sequence = source.load(name)
        info = data.get_sequence_info(number)
        seen = info["visible"].bool().numpy()
        np.testing.assert_array_equal(sequence.absent[1], ~seen)
        np.testing.assert_allclose(sequence.boxes[1][seen], info["bbox"].numpy()[seen], atol=1e-3)
        assert len(sequence.frames) == FRAMES and not sequence.absent[1][0]


def test_the_rule_of_got10k_scores_it(settings):
    sequence = load_sequences("got10k_val")[0]
    boxes = np.asarray(sequence.ground_truth_rect)
    predicted, truth = got10k_frames(Path(sequence.frames[0]), boxes, boxes)
    np.testing.assert_array_equal(predicted, truth)
    assert 0 < len(truth) < FRAMES, "without the first frame"


def test_the_splits_differ(root):
    texts = [(root / split / f"GOT-10k_{word}_000001/00000001.jpg").read_bytes() for split, word in
             toy_got10k.SPLITS.items()]  # fmt: skip
    assert len(set(texts)) == 3


def test_the_line_for_the_settings_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(toy_got10k, "write_toy_got10k", lambda folder: None)
    assert toy_got10k.main([str(tmp_path / "toy")]) == 0
    assert f'got10k_dir = "{tmp_path}/toy"' in capsys.readouterr().out


def test_nothing_of_the_user_s_is_replaced(tmp_path, capsys):
    (tmp_path / "mine.txt").touch()
    assert run_command(lambda: toy_got10k.main([str(tmp_path)])) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
