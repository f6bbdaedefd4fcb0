"""Results are found in the folder that run_tracker.py or run_annotate.py was given as --out."""

from __future__ import annotations

import json
import shutil

import pytest

import run_evaluation
from ltr_ext.errors import UserError
from tracker_ext.evaluation.datasets import DavisFolderDataset
from tracker_ext.evaluation.result_folders import find_results


@pytest.fixture
def sequences(davis_root):
    return DavisFolderDataset(davis_root).get_sequence_list()


@pytest.fixture
def tracked(sequences, store_results, tmp_path):
    """Store the results of a tracker as `run_tracker.py --out OUT` does; gives OUT."""

    def store(name: str = "lwl/default"):
        boxes, masks = (tmp_path / "out" / kind / name for kind in ("tracking_results", "segmentation_results"))
        store_results(sequences, boxes)
        masks.parent.mkdir(parents=True, exist_ok=True)
        (boxes / "masks").rename(masks)
        (tmp_path / "out/reports").mkdir(exist_ok=True)
        return tmp_path / "out"

    return store


@pytest.fixture
def annotated(sequences, store_results, tmp_path):
    """Store masks as `run_annotate.py --out OUT` does for a data set, in some formats; gives OUT."""

    def store(*formats: str, rejected: str = ""):
        out = tmp_path / "annotated"
        (out / "sequences").mkdir(parents=True)
        settings = {"dataset": "folder", "formats": list(formats), "weights_hash": "0"}
        (out / "settings.json").write_text(json.dumps(settings))
        store_results(sequences, tmp_path / "stored")
        for name in formats:
            inside = {"davis": "Annotations/480p", "ytvos": "Annotations"}.get(name, "")
            if name != "coco-rle":
                shutil.copytree(tmp_path / "stored/masks", out / name / inside)
                shutil.copytree(tmp_path / "stored/masks", out / "rejected" / name / inside)
            if name == "upstream":
                for path in (out / name).rglob("*.png"):
                    path.rename(path.with_name(f"{int(path.stem) + 1:08d}.png"))
            if rejected:
                shutil.rmtree(out / name / inside / rejected)
        return out

    return store


@pytest.mark.parametrize("given", ["", "tracking_results", "tracking_results/lwl", "tracking_results/lwl/default"])
def test_results_of_the_one_tracker(tracked, sequences, given):
    out = tracked()
    assert find_results(out / given, sequences) == (
        out / "segmentation_results/lwl/default", out / "tracking_results/lwl/default"
    )  # fmt: skip


def test_masks_without_boxes(tracked, sequences):
    out = tracked()
    shutil.rmtree(out / "tracking_results")
    assert find_results(out, sequences).masks == out / "segmentation_results/lwl/default"


def test_several_trackers_are_named(tracked, sequences):
    tracked()
    out = tracked("lwl/box2mask_init_003")
    with pytest.raises(UserError) as error:
        find_results(out, sequences)
    assert str(error.value) == (
        f"--results {out}: 2 folders in it have results, tracking_results/lwl/box2mask_init_003, "
        f"tracking_results/lwl/default; name one, {out}/tracking_results/lwl/box2mask_init_003, or several to compare "
        "them"
    )


@pytest.mark.parametrize(
    ("formats", "masks"),
    [
        (["davis"], "davis/Annotations/480p"),
        (["upstream"], "upstream"),
        (["upstream", "ytvos"], "ytvos/Annotations"),
        (["coco-rle", "davis", "upstream"], "davis/Annotations/480p"),
    ],
)
def test_masks_of_an_annotated_data_set(annotated, sequences, formats, masks):
    out = annotated(*formats)
    assert find_results(out, sequences).masks == out / masks
    assert find_results(out.parent / "annotated", sequences).masks == out / masks


def test_the_command_scores_what_it_finds(tracked, annotated, davis_root, capsys):
    out = tracked()
    assert run_evaluation.main([str(davis_root), "--results", str(out)]) == 0
    assert f"results: {out}/tracking_results/lwl/default" in capsys.readouterr().out
    rows = json.loads((out / "report/table.json").read_text())["scores"]
    assert [row["j"] for row in rows if row["method"] == "out"] == [1, 1, 1]
    out = annotated("davis", rejected="one")
    assert run_evaluation.main([str(davis_root), "--results", str(out)]) == 0
    assert "1 of 2 sequences have no results: one; scored 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda out: (out / "tracking_results").mkdir(parents=True), "none of the 2 sequences .* has any"),
        (lambda out: ((out / "masks").mkdir(parents=True), (out / "masks/00000.png").touch()), "is the result of one"),
    ],
)
def test_what_has_none(sequences, davis_root, tmp_path, make, message):
    make(tmp_path / "out")
    with pytest.raises(UserError, match=message):
        run_evaluation.main([str(davis_root), "--results", str(tmp_path / "out")])


def test_formats_that_are_not_scored(annotated, sequences):
    with pytest.raises(UserError, match="has no masks as PNG"):
        find_results(annotated("coco-rle"), sequences)
