"""Results in the forms that trackers and toolkits leave: read right, or refused in one line."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from miniatures.fuzzing import trials
from PIL import Image

import run_evaluation
from ltr_ext.data.image_io import read_mask, write_mask
from ltr_ext.data.mask_io import palette
from ltr_ext.errors import UserError, run_command
from tracker_ext.evaluation.datasets import DavisFolderDataset
from tracker_ext.evaluation.protocols import PROTOCOLS
from tracker_ext.evaluation.result_files import read_result, read_table, read_times
from tracker_ext.evaluation.results import StoredResult, find_masks
from tracker_ext.evaluation.scoring import Score, left_out, score_stored

NAN = [float("nan")] * 4


@pytest.fixture
def sequences(davis_root):
    return DavisFolderDataset(davis_root).get_sequence_list()


@pytest.fixture
def stored(sequences, store_results, tmp_path):
    """`stored(name)`: true results of a sequence."""
    store_results(sequences, tmp_path / "run")
    return lambda name: StoredResult(sequences[name], tmp_path / "run/masks", tmp_path / "run")


@pytest.mark.parametrize(
    ("line", "box"),
    [
        pytest.param("1,2,3,4", [1, 2, 3, 4], id="commas"),
        pytest.param("1\t2\t3\t4", [1, 2, 3, 4], id="tabs"),
        pytest.param(" 1, 2 , 3.5,  4 ", [1, 2, 3.5, 4], id="spaces around commas"),
        pytest.param("1 2 3e0 4,", [1, 2, 3, 4], id="a comma at the end"),
        pytest.param("nan,nan,nan,nan", NAN, id="absent"),
        pytest.param("0", NAN, id="VOT: unknown"),
        pytest.param("2", NAN, id="VOT: failure"),
        pytest.param("1,2,5,2,5,9,1,9", [1, 2, 4, 7], id="VOT: polygon"),
        pytest.param("m3,4,2,2,0,4", [3, 4, 2, 2], id="VOT: mask"),
    ],
)
def test_lines_of_boxes(tmp_path, line, box):
    path = tmp_path / "a.txt"
    path.write_text(f"5,5,5,5\n{line}\n")
    np.testing.assert_array_equal(read_result(path, 2), [[5, 5, 5, 5], box])


def test_the_first_line_of_vot_is_a_code(tmp_path):
    (tmp_path / "a.txt").write_text("1\n1,2,3,4\n")
    np.testing.assert_array_equal(read_result(tmp_path / "a.txt", 2), [NAN, [1, 2, 3, 4]])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("1,2,3,4\n1,2,3\n", "line 2: 3 numbers", id="three numbers"),
        pytest.param("1,2,3,4\n1,2,3,4,0.9\n", "line 2: 5 numbers", id="a score behind"),
        pytest.param("1,1,1,2,3,4,1,-1,-1,-1\n" * 2, "line 1: 10 numbers", id="MOT"),
        pytest.param("x,y,w,h\n1,2,3,4\n", "line 1: not numbers", id="header"),
        pytest.param("1,2,3,4\n1,,3,4\n", "line 2: not numbers", id="a hole"),
        pytest.param("1,5;2,5;3,5;4,5\n" * 2, "line 1: not numbers", id="decimal commas"),
        pytest.param("1,2,3,inf\n" * 2, "line 1: not finite", id="inf"),
        pytest.param("1,2,nan,4\n" * 2, "line 1: not finite", id="half absent"),
        pytest.param("1\n2\n", "codes without one box", id="codes alone"),
        pytest.param("1\n1,2,3,4\n1\n1,2,3,4\n", "line 3: a run that starts anew", id="VOT, supervised"),
        pytest.param("3\n4\n", "line 1: 1 number ", id="numbers alone"),
        pytest.param("1,2,3,4\n", "1 box for 2 frames, 1 fewer", id="fewer"),
        pytest.param("1,2,3,4\n" * 3, "3 boxes for 2 frames, 1 more", id="more"),
        pytest.param("", "0 boxes for 2 frames, 2 fewer", id="empty"),
    ],
)
def test_files_of_boxes_that_are_refused(tmp_path, text, reason):
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(UserError, match=reason) as refused:
        read_result(path, 2)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text", [pytest.param("1\n2\n3\n4\n", id="one column"), pytest.param("1 2 3 4 5 6 7 8\n", id="one line of eight")]
)
def test_tables_are_never_reshaped(tmp_path, text):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(UserError, match=r"line 1: \d numbers? instead of 4"):
        read_table(tmp_path / "a.txt", 4)


def test_no_text_and_no_file(tmp_path):
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe1,2")
    for name, reason in (("bytes.txt", "is no text file"), ("absent.txt", "no such file"), (".", "no such file")):
        with pytest.raises(UserError, match=reason):
            read_table(tmp_path / name, 4)


FIELDS = st.one_of(
    st.integers(-9, 999).map(str),
    st.floats(-9, 999, allow_subnormal=False).map(str),
    st.sampled_from(["nan", "inf", "", "a"]),
)
LINES = st.lists(st.lists(FIELDS, max_size=9).map(",".join), max_size=4)


@trials(200)
@given(text=st.one_of(st.text(max_size=60), LINES.map("\n".join)))
def test_any_text_is_refused_or_read_line_by_line(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    lines = [line for line in text.splitlines() if line.strip()]
    for read in (lambda: read_result(path, 2), lambda: read_table(path, 4), lambda: read_times(path)):
        try:
            found = read()
        except UserError:
            continue
        assert len(found) == len(lines)
        for row, line in zip(found, lines, strict=True):
            if row.shape == (4,) and len(line.split(",")) == 4 and line.isascii():
                np.testing.assert_array_equal(row, [float(field) for field in line.split(",")])


def test_the_layout_of_the_got10k_toolkit(stored, tmp_path):
    result = stored("several")
    flat = score_stored(result, "x")
    for file in sorted((tmp_path / "run").glob("*.txt")):
        name = file.stem.removesuffix("_time")
        (tmp_path / "run" / name).mkdir(exist_ok=True)
        file.rename(tmp_path / "run" / name / (file.name if "time" in file.name else f"{name}_001.txt"))
    assert score_stored(stored_again(result), "x") == flat and flat.ao == 1


def stored_again(result: StoredResult) -> StoredResult:
    """Without what was looked up before."""
    return StoredResult(result.sequence, result.masks_root, result.boxes_root)


def change_masks(result: StoredResult, change) -> StoredResult:
    for path in (result.masks_root / result.sequence.name).iterdir():
        Image.fromarray(change(read_mask(path))).save(path)
    return stored_again(result)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            lambda m: np.where(m > 0, 255, 0).astype(np.uint8),
            r"0 and 255 alone \(frame 00000\), the truth has objects 1, 2",
        ),
        pytest.param(lambda m: np.where(m > 0, m + 10, 0).astype(np.uint8), "ids 11, 12, 13, the truth has objects"),
        pytest.param(lambda m: m.astype(np.uint16) * 100, "values from 0 to 300"),
        pytest.param(lambda m: cv2.resize(m, (30, 20), interpolation=0), "frame 00000: mask to score of 30x20 .*60x40"),
    ],
)
def test_masks_of_several_objects_that_are_refused(stored, change, reason):
    with pytest.raises(UserError, match=reason):
        score_stored(change_masks(stored("several"), change), "x")


def test_masks_in_the_colours_of_davis_are_read(stored):
    assert score_stored(change_masks(stored("several"), lambda m: palette()[m]), "x").j == 1


@pytest.mark.parametrize(
    ("change", "j", "note"),
    [
        pytest.param(lambda m: np.where(m > 0, 7, 0).astype(np.uint8), 1, None, id="another id"),
        pytest.param(lambda m: np.where(m > 0, 1, 255).astype(np.uint8), 1, None, id="255 beside an id is undecided"),
        pytest.param(lambda m: np.where(m > 0, 1, 5).astype(np.uint8), 1, "one: ids 5 of the masks", id="the true id"),
    ],
)
def test_masks_of_one_object(stored, change, j, note):
    result = change_masks(stored("one"), change)
    assert score_stored(result, "x").j == j
    assert [text[: len(note or "")] for text in result.notes()] == ([note] if note else [])


def test_a_first_mask_of_0_and_255_before_others_of_0_and_1(stored):
    result = stored("one")
    path = result.masks_root / "one/00000.png"
    write_mask(path, read_mask(path) * np.uint8(255))
    assert score_stored(stored_again(result), "x").j == 1
    several = stored("several")
    path = several.masks_root / "several/00002.png"
    write_mask(path, (read_mask(path) > 0) * np.uint8(255))
    with pytest.raises(UserError, match=r"0 and 255 alone \(frame 00002\), the truth has objects 1, 2, 3"):
        score_stored(stored_again(several), "x")


def test_one_object_of_several_other_ids_is_refused(stored):
    def change(mask):
        return np.where(mask > 0, 4, 5).astype(np.uint8)

    with pytest.raises(UserError, match="ids 4, 5, the truth has one object, 1"):
        score_stored(change_masks(stored("one"), change), "x")


def test_masks_named_after_other_frames_and_masks_to_spare(stored):
    result = stored("one")
    folder = result.masks_root / "one"
    write_mask(folder / "00009.png", np.zeros((40, 60)))
    assert score_stored(stored_again(result), "x").j == 1
    assert stored_again(result).notes() == ["one: 1 masks fit no frame (00009) and are not counted"]
    (folder / "00009.png").unlink()
    for path in sorted(folder.iterdir()):
        path.rename(folder / f"000{path.name}")
    with pytest.raises(UserError, match=r"named as 00000000\.png, which is none of the frames \(00000\.jpg"):
        score_stored(stored_again(result), "x")


def test_the_first_mask_may_be_missing_where_it_does_not_count(stored):
    result = stored("one")
    (result.masks_root / "one/00000.png").unlink()
    score = score_stored(stored_again(result), "x", PROTOCOLS["dv2017_val"])
    assert score.j == 1 and np.isnan(score.first_j)


def test_masks_numbered_from_1_are_not_scored_a_frame_too_late(stored):
    result = stored("one")
    for path in sorted((result.masks_root / "one").iterdir(), reverse=True):
        path.rename(path.with_name(f"{int(path.stem) + 1:05d}.png"))
    with pytest.raises(UserError, match=r"00004\.png fits no frame, and frame 00000 has no mask"):
        score_stored(stored_again(result), "x", PROTOCOLS["dv2017_val"])


def test_box_files_of_one_object_with_and_without_its_id(stored):
    result = stored("one")
    (result.boxes_root / "one.txt").rename(result.boxes_root / "one_1.txt")
    assert score_stored(stored_again(result), "x").ao == 1


def test_a_server_scores_what_has_the_first_true_box_alone(stored):
    result = stored("one")
    result.sequence.ground_truth_rect = result.sequence.ground_truth_rect[:1]
    with pytest.raises(UserError, match=r"sequence one has 1 true boxes for 4 frames, .*--pack"):
        score_stored(stored_again(result), "x")


def test_objects_without_a_mask_are_said(stored):
    result = change_masks(stored("several"), lambda mask: np.where(mask == 2, 0, mask))
    assert score_stored(result, "x").j == pytest.approx(2 / 3)
    assert result.notes() == ["several: no mask has ids 2 of the truth"]


def test_empty_masks_are_said(stored):
    result = change_masks(stored("one"), lambda mask: mask * 0)
    assert score_stored(result, "x").j == 0 and result.notes() == ["one: all masks are empty"]


def test_what_a_mean_leaves_out_is_said():
    scores = [Score(sequence="a", method="m", j=1.0, ao=1.0), Score(sequence="b", method="m", j=1.0)]
    assert left_out(scores, "m") == [
        "m: AO, SR of 1 of 2 sequences cannot be measured, the mean is over the others (b)"
    ]
    assert left_out(scores[:1], "m") == []


def test_folders_of_masks(tmp_path):
    assert find_masks(tmp_path) == tmp_path
    (tmp_path / "Annotations/480p").mkdir(parents=True)
    assert find_masks(tmp_path) == tmp_path / "Annotations/480p"


def test_runs_are_compared_on_what_both_have(davis_root, sequences, store_results, tmp_path, capsys):
    store_results(sequences, tmp_path / "first")
    store_results([sequences["one"]], tmp_path / "second", shift=5)
    runs = [f"a={tmp_path / 'first'}", f"b={tmp_path / 'second'}"]
    assert run_evaluation.main([str(davis_root), "--results", *runs, "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "b: 1 of 2 sequences have no results: several; scored 1" in printed
    assert "compared on the 1 sequences that all of them have" in printed
    assert [line.split("|")[2].split() for line in printed.splitlines() if line.startswith("| one ")] == [["a"], ["b"]]
    row = next(line for line in printed.splitlines() if line.startswith("| b - a ") and " AO " in line)
    assert [cell.strip() for cell in row.split("|")[3:-1]] == ["1", "1.000", "0.412", "-0.588", "-", "0", "1", "0"]
    assert (tmp_path / "out/comparison.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["DAVIS", "--results", "DIR"], "none of the 2 sequences (one, several) has any", id="nothing there"
        ),
        pytest.param(["dv2017val"], "did you mean dv2017_val", id="near"),
        pytest.param(["./demo_folder"], "no such folder", id="folder"),
        pytest.param(["DAVIS", "--results", "DIR", "--masks", "absent"], "--masks absent: no such folder", id="masks"),
        pytest.param(["DAVIS", "--weights", "absent.pth"], "--weights absent.pth: no such file", id="weights"),
    ],
)
def test_mistakes_end_in_one_line_and_code_2(davis_root, tmp_path, capsys, arguments, message):
    places = {"DAVIS": str(davis_root), "DIR": str(tmp_path)}
    assert run_command(lambda: run_evaluation.main([places.get(word, word) for word in arguments])) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.splitlines()) == 1
