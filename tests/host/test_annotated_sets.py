"""What `run_annotate.py --format upstream` writes, read by the host's own readers of pseudo masks."""

from __future__ import annotations

from pathlib import Path

import miniatures
import numpy as np
import pytest
import torch
from ltr.dataset import Got10kVOS, LasotVOS
from miniatures.networks import write_box_filler
from miniatures.shapes import SIZE_HW

import run_annotate
from ltr_ext.errors import run_command
from ltr_ext.paths import SETTINGS_VARIABLE


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A tiny network whose masks fill their boxes."""
    return write_box_filler(tmp_path_factory.mktemp("weights") / "tiny.safetensors")


@pytest.fixture
def annotated(tmp_path, weights, monkeypatch):
    """Annotate a miniature data set; gives back the folder of its masks."""
    fields = ("got10k_dir", "lasot_dir", "trackingnet_dir")
    for field in fields:
        miniatures.FIELDS[field](tmp_path / field)
    (tmp_path / "paths.toml").write_text("".join(f'{field} = "{tmp_path / field}"\n' for field in fields))
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))

    def call(dataset: str) -> Path:
        arguments = [dataset, "--out", str(tmp_path / "out"), "--weights", str(weights), "--tolerance", "0"]
        assert run_command(lambda: run_annotate.main(arguments)) == 0
        return tmp_path / "out" / "upstream"

    return call


def check(frames: dict[str, list[torch.Tensor]]) -> list[bool]:
    """Masks fill their boxes, in zeros and ones; gives back which frames have one."""
    found = []
    for mask, box, visible in zip(frames["mask"], frames["bbox"], frames["visible"], strict=True):
        assert tuple(mask.shape) == SIZE_HW
        assert set(mask.unique().tolist()) <= {0, 1}
        if mask.any():
            rows, columns = np.nonzero(mask.numpy())
            own = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            x, y, w, h = box.tolist()
            assert np.abs(np.array(own) - [max(x, 0), max(y, 0), x + w, y + h]).max() <= 1
        assert bool(mask.any()) == bool(visible)
        found.append(bool(mask.any()))
    return found


def test_got10k(annotated):
    dataset = Got10kVOS(anno_path=str(annotated("got10k_train")), split=None)
    assert dataset.get_num_sequences() == 3
    assert check(dataset.get_frames(0, list(range(6)))[1]) == [True] * 6
    assert check(dataset.get_frames(1, list(range(6)))[1]) == [True, True, False, True, True, True]


def test_lasot(annotated):
    folder = annotated("lasot_train")
    assert sorted(path.name for path in folder.iterdir()) == ["airplane-2", "bear-3"], "no test sequence"
    dataset = LasotVOS(anno_path=str(folder))
    number = dataset.sequence_list.index("bear-3")
    count = len(dataset.get_sequence_info(number)["bbox"])
    assert len(list((folder / "bear-3").iterdir())) == count == 3
    assert check(dataset.get_frames(number, list(range(count)))[1]) == [True] * 3


def test_trackingnet_by_the_number_of_the_frame(annotated, tmp_path):
    folder = annotated("trackingnet_train")
    assert len(list(folder.iterdir())) == 4
    for masks in folder.iterdir():
        part, _, video = masks.name.partition("%2F")
        frames = tmp_path / "trackingnet_dir" / part / "frames" / video
        assert {int(path.stem) for path in masks.iterdir()} == {int(path.stem) for path in frames.iterdir()}
