"""Whatever is in a box file or behind `--box`: boxes, or one line of complaint.

`BOX2MASK_EXAMPLES=20000 pytest tests/tracker_ext/video/test_box_fuzz.py` tries that many, other ones than usual.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from miniatures.fuzzing import trials

from ltr_ext.errors import UserError
from tracker_ext.video.box_argument import join_boxes, parse_box
from tracker_ext.video.box_files import read_given_boxes

NUM_FRAMES = 3
STEMS = {
    "video": None,
    "from 0": ["00000", "00001", "00002"],
    "from 5": ["a_5", "a_6", "a_7"],
    "words": ["x", "y.z", "1"],
}
FILES = [
    "1,2,30,40\n5,6,30,40\n0,0,0,0\n",
    "[1, 2, 30, 40]\n[5, 6, 30, 40]\n[5, 6, 30, 40]\n",
    "x;y;w;h\n1;2;30;40\n5;6;30;40\nnan;nan;nan;nan\n",
    "# x1 y1 x2 y2\n1 2 30 40\n5 6 30 40\n5 6 30 40\n",
    "1,2,30,2,30,40,1,40\n0\n5,2,30,2,30,40,5,44\n",
    "frame,object,x,y,w,h\n0,1,1,2,30,40\n1,bear,1,2,30,40\n2,1,-1,-1,-1,-1\n",
    '"","frame","object","x","y","w","h"\n"1",0,1,1,2,30,40\n"2",1,300,1,2,30,40\n',
    "image\ttrack_id\txmin\tymin\txmax\tymax\n00001.jpg\t7\t1\t2\t30\t40\n",
    "1,1,2,3,30,40,1,1,1\n2,1,2,3,30,40,1,1,0\n1,9,2,3,30,40,0,1,1\n",
    "0 0 Car 0 0 -1.5 1 2 30 40 1 1 1 1 1 1 1\n1 -1 DontCare -1 -1 -10 1 2 30 40 -1 -1 -1 -1 -1 -1 -1\n",
    "[[1, 2, 30, 40], [5, 6, 30, 40], [5, 6, 30, 40]]",
    '{"shapes": [{"shape_type": "rectangle", "points": [[1, 2], [3, 4]]}]}',
]
PIECES = [
    ",", ";", "\t", " ", "\n", "\r", '"', "'", "#", "-", ".", "[", "]", "{", "0", "1", "9" * 40, "1e300", "inf", "nan",
    "-1", "x", "frame", "object", "id", "bb_left", "\0", "\ufeff", "é", "²", "٣", "\u2028", "1_0", "0x1", "1,5", "m1,",
]  # fmt: skip


@st.composite
def changed_files(draw: st.DrawFn) -> bytes:
    """A good file in which some pieces are replaced, left out, doubled or put in."""
    data = draw(st.sampled_from(FILES))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 6)))
        piece = draw(st.sampled_from([*PIECES, data[start:end] * 2, ""]) | st.text(max_size=3))
        data = data[:start] + piece + data[end:]
    return data.encode(draw(st.sampled_from(["utf-8"] * 9 + ["utf-16"])), errors="surrogatepass")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def check_message(message: str, known: int = 0) -> bool:
    """One line of bearable length, `known` characters aside; false."""
    assert len(message) < known + 500
    assert len(message.splitlines()) == 1
    return False


def check(path, data: bytes, stems: list[str] | None) -> bool:
    """Read; whether boxes came of it."""
    path.write_bytes(data)
    try:
        found = read_given_boxes(path, NUM_FRAMES, stems)
    except UserError as error:
        return check_message(str(error), len(str(path)))
    assert list(found.boxes) == sorted(found.boxes) == list(found.absent)
    assert min(found.boxes) >= 1
    assert set(found.objects) in (set(), set(found.boxes))
    for object_id, track in found.boxes.items():
        assert track.shape == (NUM_FRAMES, 4) and track.dtype == np.float64
        missing = np.isnan(track)
        assert (missing.any(axis=1) == missing.all(axis=1)).all()
        assert np.isfinite(track[~missing]).all()
        assert missing[found.absent[object_id]].all(), "absent, and yet a box"
    return True


@trials(200)
@given(data=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(folder, data):
    check(folder / "bytes.txt", data, None)


@trials(600)
@given(data=changed_files(), stems=st.sampled_from(list(STEMS)))
def test_changed_files(folder, data, stems):
    check(folder / "changed.txt", data, STEMS[stems])


@pytest.mark.parametrize("text", FILES[:-1])
def test_the_files_as_they_are(folder, text):
    assert check(folder / "good.txt", text.encode(), STEMS["from 0"])


@trials(150)
@given(words=st.lists(st.sampled_from(["--box", "--box=", *PIECES]) | st.text(max_size=8), max_size=8))
def test_any_words_behind_box(words):
    joined = join_boxes(words)
    assert "".join(joined).count("--out") == "".join(words).count("--out")
    for word in joined:
        if word.startswith("--box="):
            try:
                box = parse_box(word.removeprefix("--box="))
            except UserError as error:
                check_message(str(error))
            else:
                assert len(box) == 4 and np.isfinite(box).all() and box[2] > 0 and box[3] > 0
