"""Objects are followed from the masks of frames with boxes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from miniatures.tiny_lwl import HEIGHT, WIDTH, label_map

from tracker_ext.segmentation.prepare import prepare_tracks
from tracker_ext.tracker.following import Follower

NAN = (np.nan,) * 4
BOX, OTHER = (30, 20, 30, 24), (4, 40, 20, 24)
FRAMES = [np.full((HEIGHT, WIDTH, 3), number, np.uint8) for number in range(6)]
SIZES = [(HEIGHT, WIDTH)] * len(FRAMES)


class Fake:
    """Finds what it was started with, the larger the surer, and remembers what it saw."""

    made: ClassVar[list] = []

    def __init__(self):
        Fake.made.append(self)
        self.seen = []

    def initialize(self, image, info):
        self.seen.append(int(image[0, 0, 0]))
        self.info = info
        x, y, w, h = (int(side) for side in info["init_bbox"])
        self.labels = info["init_mask"] if info["known_masks"] else label_map(_1=(x, y, w, h))

    def track(self, image, info):
        self.seen.append(int(image[0, 0, 0]))
        return {"segmentation": self.labels, "object_presence_score": self.labels.mean()}


def follow(tracks, labels, absent=None):
    Fake.made.clear()
    boxes = {i: np.array(track, float) for i, track in tracks.items()}
    follower = Follower(Fake, prepare_tracks("clip", boxes, absent or {}, SIZES, max_gap=0, follow=True))
    return [follower(index, frame, labels[index]) for index, frame in enumerate(FRAMES)]


def test_from_the_last_mask_to_the_next_box():
    empty, mask, later = label_map(), label_map(_1=BOX), label_map(_1=OTHER)
    masks = [empty, mask, empty, empty, later, empty]
    found = follow({1: [NAN, BOX, NAN, NAN, OTHER, NAN]}, masks)
    assert [tracker.seen for tracker in Fake.made] == [[1, 2, 3], [4, 5]]
    assert all(tracker.info["known_masks"] for tracker in Fake.made)
    for one, expected in zip(found, (empty, mask, mask, mask, later, later), strict=True):
        np.testing.assert_array_equal(one, expected)


def test_an_empty_mask_is_no_start():
    found = follow({1: [BOX, *[NAN] * 5]}, [label_map()] * 6)
    assert Fake.made[0].info["known_masks"] == [] and found[1].any()


def test_not_beyond_where_it_is_absent():
    absent = {1: np.arange(6) == 3}
    found = follow({1: [BOX, *[NAN] * 5]}, [label_map(_1=BOX), *[label_map()] * 5], absent)
    assert [bool(one.any()) for one in found] == [True, True, True, False, False, False]


def test_boxed_objects_keep_their_pixels_and_the_surer_of_the_others_wins():
    tracks = {1: [BOX] * 6, 2: [(50, 20, 34, 24), *[NAN] * 5], 3: [(70, 20, 8, 24), *[NAN] * 5]}
    first = label_map(_2=(50, 20, 34, 24), _1=BOX)
    found = follow(tracks, [first, *[label_map(_1=BOX)] * 5])
    np.testing.assert_array_equal(found[3], first, "object 3 lies in the larger object 2")


def test_a_frame_that_could_not_be_read_is_no_start():
    Fake.made.clear()
    tracks = {1: np.array([BOX, BOX, *[NAN] * 4], float)}
    follower = Follower(Fake, prepare_tracks("clip", tracks, {}, SIZES, follow=True))
    follower(0, FRAMES[0], label_map(_1=BOX))
    assert follower(2, FRAMES[2], label_map()).any()
    assert Fake.made[0].seen == [0, 2]
