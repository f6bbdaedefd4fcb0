"""Soft edges of a result, in cut-outs and films."""

from __future__ import annotations

import shutil

import av
import cv2
import numpy as np
import pytest
from miniatures.mask_results import SIZE, frame_pictures

from tracker_ext.video.clip_writer import ClipWriter

BALL = cv2.circle(np.zeros(SIZE, np.uint8), (30, 20), 10, 1, -1)
SOFT = cv2.GaussianBlur(BALL * np.uint8(255), (0, 0), 2)
FRAMES = frame_pictures(3)


@pytest.fixture
def result(tmp_path):
    """Three frames with one object, absent on the second, stored with its soft edges."""
    with ClipWriter(tmp_path / "result", size=SIZE, object_ids=[1], soft=True) as writer:
        for index, frame in enumerate(FRAMES):
            labels = BALL if index != 1 else np.zeros_like(BALL)
            writer.add(f"{index:05d}", frame, labels, {1: None}, alphas={1: SOFT} if index != 1 else {})
    (tmp_path / "frames").mkdir()
    for index, frame in enumerate(FRAMES):
        cv2.imwrite(str(tmp_path / f"frames/{index:05d}.png"), frame[..., ::-1])
    return tmp_path / "result"


def test_cut_outs(result, run, tmp_path):
    out = run(result, "cutout", "--soft", "--frames", tmp_path / "frames")
    files = sorted(path.name for path in (out / "cutout/result/1").iterdir())
    assert files == ["00000.png", "00002.png"]
    cut = cv2.imread(str(out / "cutout/result/1/00000.png"), cv2.IMREAD_UNCHANGED)
    rows, columns = np.nonzero(SOFT)
    inside = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    np.testing.assert_array_equal(cut[..., 3], SOFT[inside])
    shown = cut[..., 3] > 0
    np.testing.assert_array_equal(cut[..., 2::-1][shown], FRAMES[0][inside][shown])


def test_a_film(result, run, tmp_path):
    out = run(result, "alpha", "--soft", "--frames", tmp_path / "frames")
    (path,) = (out / "alpha").glob("result.*")
    with av.open(str(path)) as film:
        alphas = [frame.to_ndarray(format="rgba")[..., 3].astype(int) for frame in film.decode(video=0)]
    assert np.abs(alphas[0] - SOFT).max() <= 4 and not alphas[1].any()


@pytest.mark.parametrize(
    ("spoil", "formats", "said"),
    [
        pytest.param("facts", "cutout", "--soft: result has no soft edges; run_annotate.py video", id="none"),
        pytest.param("file", "cutout", "soft/1/00002.png are missing; run_annotate.py video ... --soft", id="missing"),
        pytest.param("bytes", "alpha", "soft/1/00002.png cannot be read", id="damaged"),
        pytest.param("size", "alpha", "soft/1/00002.png are 5x4, the masks 64x40", id="another size"),
        pytest.param("", "coco", "--format coco has no soft edges; those that have: cutout, alpha", id="format"),
    ],
)
def test_what_is_refused_on_one_line(result, run, tmp_path, capsys, spoil, formats, said):
    last = result / "soft/1/00002.png"
    if spoil == "facts":
        (result / "result.json").write_text((result / "result.json").read_text().replace('"soft": true', '"x": 1'))
    elif spoil == "file":
        last.unlink()
    elif spoil == "bytes":
        last.write_bytes(b"x")
    elif spoil == "size":
        cv2.imwrite(str(last), np.zeros((4, 5), np.uint8))
    out = run(result, formats, "--soft", "--frames", tmp_path / "frames", code=2)
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1, error
    assert not out.exists()


def test_without_the_option_edges_are_hard(result, run, tmp_path):
    out = run(result, "cutout", "--frames", tmp_path / "frames")
    cut = cv2.imread(str(out / "cutout/result/1/00000.png"), cv2.IMREAD_UNCHANGED)
    assert set(np.unique(cut[..., 3])) == {0, 255}


def test_several_results_in_one_folder(result, run, tmp_path):
    """Alpha is no mask."""
    (tmp_path / "all").mkdir()
    for name in ("a", "b"):
        shutil.copytree(result, tmp_path / "all" / name)
        shutil.copytree(tmp_path / "frames", tmp_path / "pictures" / name / "masks")
    out = run(tmp_path / "all", "cutout", "--soft", "--frames", tmp_path / "pictures")
    assert sorted(path.name for path in (out / "cutout").iterdir() if path.is_dir()) == ["a__masks", "b__masks"]
    cut = cv2.imread(str(out / "cutout/b__masks/1/00002.png"), cv2.IMREAD_UNCHANGED)
    assert len(np.unique(cut[..., 3])) > 10
