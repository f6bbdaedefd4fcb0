"""A clip of 30 frames, a network whose masks fill their boxes, and an editor on both."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniatures.networks import write_box_filler
from miniatures.review_browser import browser  # noqa: F401 - a fixture
from miniatures.videos import write_video

from tracker_ext.editor.catalogue import clips_at
from tracker_ext.editor.desk import Desk, Opened
from tracker_ext.editor.maker import MaskMaker
from tracker_ext.segmentation.config import AnnotateConfig


@pytest.fixture(scope="session")
def box_filler(tmp_path_factory) -> Path:
    return write_box_filler(tmp_path_factory.mktemp("network") / "filler.safetensors")


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """30 frames of 64x48."""
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mp4", 30)


@pytest.fixture
def start(clip, box_filler, tmp_path):
    """Open the clip, as often as wanted; everything is closed at the end."""
    desks = []

    def open_it(place: Path = clip, **options) -> Opened:
        for desk in desks:
            desk.close()
        desks.append(Desk(clips_at(place, tmp_path / "out"), MaskMaker(AnnotateConfig(**options), box_filler), 60))
        return desks[-1].open(0)

    yield open_it
    for desk in desks:
        desk.close()
