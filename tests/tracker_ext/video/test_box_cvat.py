"""CVAT's XML: the right value of each form, and one line of complaint for each mistake."""

from __future__ import annotations

import pytest
from miniatures.box_exports import FOUR, box, cvat, read, rows, track

from ltr_ext.errors import UserError


@pytest.mark.parametrize(
    "shapes, expected",
    [
        pytest.param("".join(box(i, 10 * i, keyframe=i % 3 == 0) for i in range(4)), FOUR, id="every frame"),
        pytest.param(box(0, 0) + box(3, 30), FOUR, id="keyframes: moves evenly between"),
        pytest.param(box(3, 30) + box(0, 0), FOUR, id="in any order"),
        pytest.param(box(1, 10) + box(2, 20, outside=1), ["gone", FOUR[1], "gone", "gone"], id="outside, and before"),
        pytest.param(
            box(0, 0) + box(1, 9, outside=1) + box(3, 30), [FOUR[0], "gone", "gone", FOUR[3]], id="comes back"
        ),
        pytest.param(box(1, 10), ["gone", FOUR[1], FOUR[1], FOUR[1]], id="stays where it was last"),
        pytest.param(box(0, 0) + box(4, 0, outside=1), [FOUR[0]] * 4, id="ends behind the clip"),
        pytest.param(
            '<polygon frame="0" outside="0" points="10,20;40,20;25.5,60"></polygon>', [FOUR[1]] * 4, id="polygon"
        ),
        pytest.param(
            '<mask frame="0" outside="0" rle="0, 1200" left="10" top="20" width="30" height="40"></mask>'
            '<mask frame="1" outside="1" rle="0, 1200" left="10" top="20" width="30" height="40"></mask>',
            [[10, 20, 30, 40], "gone", "gone", "gone"], id="mask",
        ),
        pytest.param(
            '<ellipse frame="0" outside="0" cx="25" cy="40" rx="15" ry="20"></ellipse>', [[10, 20, 30, 40]] * 4,
            id="ellipse",
        ),
        pytest.param(box(0, 10, more='rotation="90"'), [[5, 25, 40, 30]] * 4, id="turned around its middle"),
        pytest.param(box(0, 0) + '<points frame="1" points="1,2"></points>', [FOUR[0]] * 4, id="points are left out"),
    ],
)  # fmt: skip
def test_a_track_of_cvat(tmp_path, shapes, expected):
    path = tmp_path / "annotations.xml"
    path.write_text(cvat(track(shapes)))
    given = read(path)
    assert rows(given) == expected
    assert given.objects == {1: "car" if "<mask" in shapes else "car 0"}
    assert any("1 shape without a box" in note for note in given.notes) == ("<points" in shapes)


def test_masks_of_one_group_are_one_object(tmp_path):
    """As CVAT writes them, and `run_export.py`: each a track of its own that ends on the next frame."""
    shape = '<mask frame="{}" outside="{}" rle="0, 4" left="{}" top="2" width="2" height="2"></mask>'
    tracks = [
        track(shape.format(i, 0, i) + shape.format(i + 1, 1, i), 2 * i + group, f'group_id="{7 + group}"')
        for i in range(3)
        for group in (0, 1)
    ]
    (tmp_path / "a.xml").write_text(cvat(*tracks))
    given = read(tmp_path / "a.xml")
    assert given.objects == {1: "car 7", 2: "car 8"}
    assert rows(given, 2) == [[0, 2, 2, 2], [1, 2, 2, 2], [2, 2, 2, 2], "gone"]


IMAGES = (
    '<image id="{i}" name="img/f{i}.jpg" width="200" height="100"><box label="car" occluded="0" xtl="{x}" ytl="20" '
    'xbr="{r}" ybr="60" {more}>{inside}</box></image>'
)


@pytest.mark.parametrize(
    "more, inside, own",
    [
        pytest.param("", "", "car", id="label"),
        pytest.param('group_id="3"', "", "car 3", id="group"),
        pytest.param("", '<attribute name="track_id">9</attribute>', "car 9", id="attribute"),
    ],
)
def test_cvat_for_images(tmp_path, more, inside, own):
    path = tmp_path / "annotations.xml"
    path.write_text(cvat(*(IMAGES.format(i=i, x=10 * i, r=10 * i + 30, more=more, inside=inside) for i in (0, 2))))
    given = read(path, stems=["f0", "f1", "f2", "f3"])
    assert rows(given) == [FOUR[0], None, FOUR[2], None]
    assert given.objects == {1: own}


def test_a_task_of_a_project(tmp_path):
    tasks = "".join(
        f"<task><id>{i}</id><name>{name}</name><original_size><width>{width}</width><height>100</height></original_size>"
        "</task>"
        for i, name, width in ((4, "other.mp4", 9), (5, "clip.mp4", 200))
    )
    tracks = track(box(0, 90), 0, 'task_id="4"') + track(box(0, 0) + box(3, 30), 1, 'task_id="5"')
    text = f"<annotations><meta><project><tasks>{tasks}</tasks></project></meta>{tracks}</annotations>"
    (tmp_path / "a.xml").write_text(text)
    assert rows(read(tmp_path / "a.xml")) == FOUR
    with pytest.raises(UserError, match=r"holds 2 tasks \(other.mp4, clip.mp4\), 0 of them called walk; export one"):
        read(tmp_path / "a.xml", name="walk")


TWICE = IMAGES.format(i=0, x=0, r=9, more="", inside="").replace(
    "</image>", '<box label="car" xtl="1" ytl="1" xbr="2" ybr="2"/></image>'
)


@pytest.mark.parametrize(
    "text, stems, message",
    [
        (cvat(track(box(9, 0))), None, "car 0: frame 9 of 4 frames"),
        (cvat(track('<box frame="0" outside="0" xtl="1" ytl="2" xbr="5"/>')), None, "track 0 frame 0: .* not four"),
        (cvat(track(box(0, 0).replace('xbr="30"', 'xbr="-9"'))), None, "has a negative side"),
        (cvat(track(box(0, 0).replace('xtl="0"', 'xtl="nan"'))), None, "is not finite"),
        (cvat(track(box(0, 0).replace('frame="0"', 'frame="x"'))), None, "frame 'x' is not a whole number"),
        (cvat(track(box(0, 0, more='rotation="x"'))), None, "rotation 'x' is not a number"),
        (cvat(track('<polygon frame="0" points="1,2;3"></polygon>')), None, "point '3' is not x,y"),
        (cvat(track(box(0, 0)), size=(50, 60)), None, "is for frames of 60x50, the clip's have 200x100"),
        (cvat(track(box(0, 0))), ["f1", "f2", "f10", "f11"], "in the order of CVAT, where frame10 comes before frame2"),
        (cvat(), None, "has no boxes of objects"),
        (cvat(track('<points frame="1" points="1,2"></points>')), None, "has no boxes of objects"),
        (cvat(track(box(0, 0)))[:-20], None, "begins like XML but is none"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><annotations/>", None, "a document type of its own"),
        ("<kml/>", None, "is XML of <kml>, which is not known"),
        (cvat(TWICE), ["f0", "f1"], "has a second car; give objects that share"),
        (cvat(IMAGES.format(i=7, x=0, r=9, more="", inside="")), ["f0", "f1"], "f7.jpg is of no picture of the clip"),
    ],
)  # fmt: skip
def test_mistakes_in_cvat(tmp_path, text, stems, message):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(UserError, match=message) as raised:
        read(tmp_path / "a.xml", stems=stems)
    assert "\n" not in str(raised.value)
