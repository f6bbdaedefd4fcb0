"""Table 12: objects of classes that training has seen, and of others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from miniatures import make_youtubevos
from PIL import Image

import run_evaluation
from ltr_ext.data.image_io import write_mask
from ltr_ext.errors import UserError
from ltr_ext.paths import SETTINGS_VARIABLE
from tracker_ext.evaluation.paper.classes import RULE, classes_of, read_classes
from tracker_ext.evaluation.sequences import find_sequences


@pytest.fixture
def youtubevos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sequences of YT300 with a penguin (object 1) and a surfboard, which training has not seen; four others."""
    root = make_youtubevos(tmp_path / "ytvos", splits=("train", "valid"), sequences=6, frames=6, all_frames=False)
    (tmp_path / "paths.toml").write_text('youtubevos_dir = "ytvos"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    meta = root / "2019/train/meta.json"
    content = json.loads(meta.read_text())
    held_out = {sequence.name for sequence in find_sequences("yt300")}
    for name, video in content["videos"].items():
        if name not in held_out:
            video["objects"]["2"]["category"] = "penguin"
    meta.write_text(json.dumps(content))
    return root


def shown(capsys, *arguments: str) -> dict[str, str]:
    """Row -> number of the last column."""
    assert run_evaluation.main(list(arguments)) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert rows[0][-1].startswith("here: ")
    return {row[0]: row[-1] for row in rows[1:]}


def test_each_class_has_its_objects(youtubevos, store_results, tmp_path, capsys):
    """Results that are right where there is an object 1, and empty where there is an object 2."""
    sequences = find_sequences("yt300")
    store_results(sequences, tmp_path / "mine")
    for path in (tmp_path / "mine" / "masks").rglob("*.png"):
        labels = np.array(Image.open(path))
        labels[labels == 2] = 0
        Image.fromarray(labels).save(path)
    found = shown(capsys, "table12", "yt300", "--results", str(tmp_path / "mine"))
    assert (found["J seen"], found["F seen"]) == ("100.0", "100.0")
    assert (found["J unseen"], found["F unseen"]) == ("0.0", "0.0") and found["J&F mean"] == "50.0"


def test_what_is_seen_is_what_the_rest_of_the_training_set_shows(youtubevos):
    classes, seen = classes_of("yt300")
    assert seen == {"penguin"} and {one for known in classes.values() for one in known.values()} >= {"surfboard"}
    assert RULE.by_object
    assert classes_of("yt2019_valid")[1] == {"penguin", "surfboard"}, "all of the training set"


def test_a_servers_figures_are_shown(tmp_path, capsys):
    (tmp_path / "server.json").write_text('{"J&F mean": 81.25, "J seen": 80.4, "J unseen": 76, "F_seen": 84.9}')
    found = shown(capsys, "table12", "--results", f"mine={tmp_path / 'server.json'}")
    assert found == {"J&F mean": "81.2", "J seen": "80.4", "J unseen": "76.0", "F seen": "84.9", "F unseen": ""}


def test_what_cannot_be_told_is_said(youtubevos, tmp_path):
    for sequence in find_sequences("yt2019_valid"):
        (tmp_path / "mine" / "masks" / sequence.name).mkdir(parents=True)
        for frame in sequence.frames:
            labels = np.zeros(Image.open(frame).size[::-1], np.uint8)
            write_mask(tmp_path / "mine" / "masks" / sequence.name / f"{Path(frame).stem}.png", labels)
    with pytest.raises(UserError, match=r"no true masks behind the objects' first frames.*--pack"):
        run_evaluation.main(["table12", "yt2019_valid", "--results", str(tmp_path / "mine")])
    with pytest.raises(UserError, match="classes of demo are not known; take one of yt2018_valid"):
        classes_of("demo")
    meta = youtubevos / "2019/valid/meta.json"
    content = json.loads(meta.read_text())
    for video in content["videos"].values():
        for one in video["objects"].values():
            del one["category"]
    meta.write_text(json.dumps(content))
    with pytest.raises(UserError, match="names no classes; their server tells seen from unseen"):
        classes_of("yt2019_valid")
    meta.write_text("[]")
    with pytest.raises(UserError, match=r"no meta\.json of YouTube-VOS"):
        read_classes(meta)
