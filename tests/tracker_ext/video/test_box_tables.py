"""Tables of boxes with a header: separators, quotes, names of columns, frames, objects."""

from __future__ import annotations

import numpy as np
import pytest

from ltr_ext.errors import UserError
from tracker_ext.video.box_files import GivenBoxes, read_given_boxes

HEADER = "frame,object,x,y,w,h\n"


def read(tmp_path, text: str, num_frames: int = 2, stems: list[str] | None = None) -> GivenBoxes:
    path = tmp_path / "boxes.csv"
    path.write_text(text, encoding="utf-8")
    return read_given_boxes(path, num_frames, stems)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('"frame","object","x","y","w","h"\n0,1,1,2,3,4\n1,1,5,6,7,8.5\n', id="quoted header"),
        pytest.param('"frame","object","x","y","w","h"\r\n"0","1","1","2","3","4"\r\n"1","1","5","6","7","8.5"\r\n',
                     id="everything quoted"),
        pytest.param('"","frame","object","x","y","w","h"\n"1",0,1,1,2,3,4\n"2",1,1,5,6,7,8.5\n', id="R's write.csv"),
        pytest.param('"frame" "object" "x" "y" "w" "h"\n"1" 0 1 1 2 3 4\n"2" 1 1 5 6 7 8.5\n', id="R's write.table"),
        pytest.param(",frame,object,x,y,w,h\n0,0,1,1,2,3,4\n1,1,1,5,6,7,8.5\n", id="index of pandas"),
        pytest.param("frame;object;x;y;w;h\n0;1;1;2;3;4\n1;1;5;6;7;8.5\n", id="semicolon"),
        pytest.param("frame,x,y,w,h\n0,1,2,3,4\n1,5,6,7,8.5\n", id="no object"),
        pytest.param("frame\tobject\tx\ty\tw\th\n0\t1\t1\t2\t3\t4\n1\t1\t5\t6\t7\t8.5\n", id="tab"),
        pytest.param("sep=;\nframe;object;x;y;w;h\n0;1;1;2;3;4\n1;1;5;6;7;8.5\n", id="Excel's sep="),
        pytest.param("frame  object x y w h\n0 1 1 2 3 4\n1 1 5 6 7 8.5\n", id="blanks"),
        pytest.param("# frame,object,x,y,w,h\n0,1,1,2,3,4\n1,1,5,6,7,8.5\n", id="header in a comment"),
        pytest.param(HEADER + "0,1,1,2,3,4\n\n,,,,,\n,,,\n1,1,5,6,7,8.5\n\n", id="blank rows"),
        pytest.param(HEADER + "0,1,1,2,3,4,\n1,1,5,6,7,8.5,\n", id="a comma at the end of the rows"),
        pytest.param("frame,object,x,y,w,h,,,\n0,1,1,2,3,4,,,\n1,1,5,6,7,8.5,,,\n,,,,,,,,\n", id="empty columns"),
        pytest.param(HEADER + "0,1,1,2,3,4,,,\n1,1,5,6,7,8.5,,\n,,,,,,,,,,\n", id="commas at the end, more or fewer"),
        pytest.param("frame,object,x,y,w,h,note,by\n0,1,1,2,3,4,first,me\n1,1,5,6,7,8.5\n", id="empty cells left out"),
        pytest.param(HEADER + "0.0,1.0,1,2,3,4\n1.0,1.0,5,6,7,8.5\n", id="whole numbers with a point"),
        pytest.param("label,frame,object,x,y,w,h,score\n" + '"a, b",0,1,1,2,3,4,.9\n"c",1,1,5,6,7,8.5,.8\n',
                     id="further columns"),
        pytest.param("Frame ID,Track-ID,Left,Top,Width,Height\n0,1,1,2,3,4\n1,1,5,6,7,8.5\n", id="other names"),
        pytest.param('[{"frame": 0, "object": 1, "x": 1, "y": 2, "w": 3, "h": 4, "name": "a, b"},\n'
                     '{"frame": 1, "object": 1, "x": 5, "y": 6, "w": 7, "h": 8.5}]', id="json of rows"),
        pytest.param("frame,id,x1,y1,x2,y2\n0,1,1,2,4,6\n1,1,5,6,12,14.5\n", id="corners"),
        pytest.param("frame,id,x0,y0,x1,y1\n0,1,1,2,4,6\n1,1,5,6,12,14.5\n", id="corners from 0"),
        pytest.param("frame,id,width,height,class,xmin,ymin,xmax,ymax\n0,1,64,48,a,1,2,4,6\n1,1,64,48,a,5,6,12,14.5\n",
                     id="corners beside the size of the picture"),
        pytest.param("frame,id,bbox_x,bbox_y,bbox_w,bbox_h\n0,1,1,2,3,4\n1,1,5,6,7,8.5\n", id="bbox_"),
        pytest.param("frame,object,x_center,y_center,w,h\n0,1,2.5,4,3,4\n1,1,8.5,10.25,7,8.5\n", id="centres"),
        pytest.param("id,frame,track_id,x,y,w,h\n17,0,1,1,2,3,4\n18,1,1,5,6,7,8.5\n", id="ids of rows, of tracks"),
        pytest.param("frame,id,bb_left,bb_top,bb_width,bb_height,conf,x,y,z\n1,1,2,3,3,4,1,-1,-1,-1\n"
                     "2,1,6,7,7,8.5,1,-1,-1,-1\n", id="the names of MOT: frames and pixels from 1"),
    ],
)  # fmt: skip
def test_one_object(tmp_path, text):
    given = read(tmp_path, text)
    assert given.boxes[1].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8.5]]
    assert given.objects == {} and given.names_frames and given.notes == ()


@pytest.mark.parametrize(
    ("ids", "numbers", "objects"),
    [
        pytest.param(["1", "2"], [1, 2], {}, id="as they are"),
        pytest.param(["7", "3"], [7, 3], {}, id="ids that a mask can hold are kept"),
        pytest.param(["0", "1"], [1, 2], {1: "0", 2: "1"}, id="0 is background"),
        pytest.param(["1057", "99"], [2, 1], {1: "99", 2: "1057"}, id="too large for a mask"),
        pytest.param(["255", "1"], [2, 1], {1: "1", 2: "255"}, id="255 is undecided"),
        pytest.param(["car", "bear"], [2, 1], {1: "bear", 2: "car"}, id="names"),
        pytest.param(["car", "5"], [2, 1], {1: "5", 2: "car"}, id="a name and a number"),
        pytest.param(["-1", "9" * 25], [1, 2], {1: "-1", 2: "9" * 25}, id="of any size"),
        pytest.param(["Bär", "2.0"], [2, 1], {1: "2", 2: "Bär"}, id="any letters"),
    ],
)
def test_objects_of_any_name(tmp_path, ids, numbers, objects):
    given = read(tmp_path, HEADER + f"0,{ids[0]},1,1,9,9\n1,{ids[1]},2,2,9,9\n")
    assert given.objects == objects
    assert list(given.boxes) == sorted(numbers)
    assert [float(given.boxes[number][frame, 0]) for frame, number in enumerate(numbers)] == [1, 2]


def test_more_objects_than_a_mask_holds_are_for_the_formats_to_refuse(tmp_path):
    given = read(tmp_path, HEADER + "".join(f"{i % 2},{i},{i},1,9,9\n" for i in range(1, 301)))
    assert list(given.boxes) == list(range(1, 301))


PADDED = ["00000", "00001", "00002"]
FROM_1 = ["00000001", "00000002", "00000003"]
FROM_5 = ["f_5", "f_6", "f_7"]


@pytest.mark.parametrize(
    ("frames", "stems", "positions"),
    [
        pytest.param(["0", "2"], None, [0, 2], id="positions, in a video"),
        pytest.param(["0", "2"], FROM_1, [0, 2], id="positions, numbers of the pictures aside"),
        pytest.param(["2", "1"], FROM_1, [2, 1], id="the same where numbers would do"),
        pytest.param(["00000002", "00000001"], FROM_1, [1, 0], id="names"),
        pytest.param(["00000002.jpg", "a/b/00000001.JPG"], FROM_1, [1, 0], id="file names"),
        pytest.param([r"C:\a\f_7.png", "f_5"], FROM_5, [2, 0], id="a path of Windows"),
        pytest.param(["a.b", "c"], ["a.b", "c", "d"], [0, 1], id="a name with a point"),
        pytest.param(["5", "7"], FROM_5, [0, 2], id="numbers of the pictures, which can be nothing else"),
        pytest.param(["1.jpg", "2.png"], ["1", "2", "3"], [0, 1], id="names of digits"),
        pytest.param(["1", "3"], ["1", "2", "3"], [0, 2], id="a name of digits, which can be nothing else"),
    ],
)
def test_frames_by_position_or_by_name(tmp_path, frames, stems, positions):
    given = read(tmp_path, HEADER + "".join(f"{frame},1,1,1,9,9\n" for frame in frames), 3, stems)
    assert np.flatnonzero(np.isfinite(given.boxes[1][:, 0])).tolist() == sorted(positions)


@pytest.mark.parametrize(
    ("frames", "stems", "message"),
    [
        pytest.param(["1", "2", "3"], None, "line 4: frame 3 of 3 frames.* subtract 1 from each", id="from 1"),
        pytest.param(["1", "2", "3"], PADDED, r"subtract 1.* or write the names .* \(00000\)", id="or names"),
        pytest.param(["1", "2", "3"], FROM_1, "subtract 1 from each", id="from 1, as the pictures"),
        pytest.param(["2", "3"], ["2", "3", "4", "5"], "line 2: frame 2 may be picture 2.* or 4", id="both possible"),
        pytest.param(["1", "2"], ["1", "2", "3"], r"frame 1 may be picture 1.* or 2.* \(1.jpg\)", id="from 1"),
        pytest.param(["a", "c"], ["a", "a", "c"], "frame 'a' is no picture", id="two of that name"),
        pytest.param(["-1"], None, "frame -1 of 3 frames; frames count from 0", id="negative"),
        pytest.param(["9" * 29], None, r"frame 9{29} of 3 frames", id="huge"),
        pytest.param(["1.7"], None, "frame '1.7' is not a whole number", id="not whole"),
        pytest.param(["inf"], None, "frame 'inf' is not a whole number", id="infinite"),
        pytest.param(["1e300"], PADDED, "frame '1e300' is neither a whole number nor a picture's name", id="1e300"),
        pytest.param(["9" * 5000], None, r"frame '9{77}\.\.\.' is not", id="more digits than Python reads"),
        pytest.param([""], None, "frame '' is missing", id="missing"),
        pytest.param(["00000.jpg", "00009.jpg"], PADDED, "line 3: frame '00009.jpg' is no picture", id="none"),
        pytest.param(["00002", "1"], ["00002", "00005"], "frame '1' is no picture", id="name and number"),
        pytest.param(["a.jpg"], PADDED, "frame 'a.jpg' is neither a whole number nor a picture's name", id="name"),
        pytest.param(["a.jpg"], None, "frame 'a.jpg' is not a whole number", id="a name, in a video"),
        pytest.param(["0", "00000.0"], PADDED, "a second box of object 1 in frame 00000.0", id="twice"),
    ],
)  # fmt: skip
def test_frames_that_are_none(tmp_path, frames, stems, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, HEADER + "".join(f"{frame},1,1,1,9,9\n" for frame in frames), len(stems or "123"), stems)


def test_a_table_that_leaves_out_frame_0_says_how_frames_count(tmp_path):
    assert read(tmp_path, HEADER + "1,1,1,1,9,9\n").notes == (
        "no box on frame 0: frames count from 0, and 1 is the first here",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(HEADER + "0,1.2,1,2,3,4\n", "object '1.2' is neither a whole number nor a name", id="object 1.2"),
        pytest.param(HEADER + "0,inf,1,2,3,4\n", "object 'inf' is neither", id="object inf"),
        pytest.param(HEADER + "0,,1,2,3,4\n", "object '' is missing", id="no object"),
        pytest.param(HEADER + "0,1,1,2,x,4\n", "line 2: '1,2,x,4' is not four numbers", id="a letter"),
        pytest.param(HEADER + "0,1,1,nan,3,4\n", "not finite", id="partly nan"),
        pytest.param(HEADER + "0,1,1,2,1e300,4\n", "beyond any picture", id="far too large"),
        pytest.param(HEADER + "0,1,0,0,0,0\n0,1,1,2,3,4\n", "a second box", id="absent and there"),
        pytest.param(HEADER + "0,1,1,2,3,4\n1,1,1,2,3,4,5\n", "line 3: 7 fields, the header has 6", id="long row"),
        pytest.param(HEADER + "0,1,1,2\n1,1,5,6,7,8\n", "line 2: 4 fields, the header has 6", id="a row cut short"),
        pytest.param(HEADER + '0,1,"1,2,3,4\n' * 3, "line 2: .* is not four numbers", id="a quote that does not end"),
        pytest.param(HEADER + '0,1,"' + "9" * 200_000 + '",2,3,4\n', "is no CSV", id="a field that is too long"),
        pytest.param('"' + "9" * 200_000 + "\n", "header", id="a header that is too long"),
    ],
)
def test_mistakes(tmp_path, text, message):
    with pytest.raises(UserError, match=message) as raised:
        read(tmp_path, text)
    assert len(str(raised.value)) < len(str(tmp_path)) + 250
