"""Trackers that the toolkit starts as processes, to learn what its measures say: `python toolkit_trackers.py NAME`.

`oracle` answers with the ground truth, `loser` with it for three frames and then with an empty mask, `crasher` dies on
its third frame, `sleeper` never answers it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.data.image_io import read_image
from tracker_ext.video.regions import decode_region, region_box
from tracker_ext.vot import protocol

FRAMES_BEFORE_LOSS = 3


def answer(name: str, picture: Path, frame: int) -> Any:
    line = (picture.parent.parent / "groundtruth.txt").read_text().splitlines()[int(picture.stem) - 1]
    if not line.startswith("m") and name == "oracle":
        return protocol.rectangle_region(np.nan_to_num(region_box(line)))
    mask = decode_region(line, *read_image(picture).shape[:2])
    return protocol.mask_region(mask if name == "oracle" or frame <= FRAMES_BEFORE_LOSS else np.zeros_like(mask))


def main(name: str) -> None:
    trax = protocol.load_trax()
    with trax.Server(list(protocol.REGION_TYPES), [trax.Image.PATH]) as server:
        frame = 0
        while (request := server.wait()).type in ("initialize", "frame"):
            frame = 0 if request.type == "initialize" else frame + 1
            if frame == FRAMES_BEFORE_LOSS and name == "crasher":
                raise RuntimeError("out of luck")
            if frame == FRAMES_BEFORE_LOSS and name == "sleeper":
                time.sleep(1000)
            server.status([(answer(name, Path(request.image["color"].path()), frame), {"confidence": 1.0})])


if __name__ == "__main__":
    main(sys.argv[1])
