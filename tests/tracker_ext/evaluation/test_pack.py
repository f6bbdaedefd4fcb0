"""Archives for the servers: their layout, and that nothing incomplete is packed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from miniatures import make_davis_testdev, make_got10k, make_trackingnet, make_youtubevos
from PIL import Image

import run_evaluation
from ltr_ext.data.image_io import read_image, write_mask
from ltr_ext.errors import UserError
from ltr_ext.paths import SETTINGS_VARIABLE

GOT10K = [f"GOT-10k_Test_{number:06d}" for number in (1, 2, 3)]


@pytest.fixture
def data(tmp_path, monkeypatch):
    """`data(maker, field, **options)`: a miniature data set that the settings know."""

    def make(maker, field, **options):
        root = maker(tmp_path / field, **options)
        (tmp_path / "paths.toml").write_text(f'{field} = "{root}"\n')
        monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
        return root

    return make


def write_boxes(folder: Path, names: list[str], frames: int, shift: float = 0.0) -> Path:
    """Boxes and times as run_tracker.py writes them."""
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        boxes = np.arange(4 * frames).reshape(frames, 4) + number + shift
        np.savetxt(folder / f"{name}.txt", boxes, delimiter="\t", fmt="%.2f")
        np.savetxt(folder / f"{name}_time.txt", np.full(frames, 0.25 + shift), fmt="%f")
    return folder


def pack(dataset: str, out: Path, *results: Path) -> zipfile.ZipFile:
    """What the command writes."""
    assert run_evaluation.main([dataset, "--results", *map(str, results), "--pack", str(out)]) == 0
    return zipfile.ZipFile(io.BytesIO(out.read_bytes()))


def test_got10k(data, tmp_path, capsys):
    data(make_got10k, "got10k_dir", splits=["test"], frames=5)
    runs = [write_boxes(tmp_path / f"run{number}", GOT10K, 5, shift=number / 4) for number in range(3)]
    archive = pack("got10k_test", tmp_path / "out" / "got10k.zip", *runs)
    endings = ["_001.txt", "_002.txt", "_003.txt", "_time.txt"]
    assert archive.namelist() == [f"{name}/{name}{ending}" for name in GOT10K for ending in endings]
    lines = archive.read(f"{GOT10K[1]}/{GOT10K[1]}_002.txt").decode().splitlines()
    assert lines[0] == "1.250,2.250,3.250,4.250" and len(lines) == 5
    times = np.loadtxt(io.BytesIO(archive.read(f"{GOT10K[0]}/{GOT10K[0]}_time.txt")), delimiter=",")
    np.testing.assert_allclose(times, np.tile([0.25, 0.5, 0.75], (5, 1)))
    assert "server wants 180 sequences" in capsys.readouterr().err


def test_the_got10k_toolkit_reads_its_files(data, tmp_path):
    """Its own reading of a box file: one box per frame, comma between."""
    data(make_got10k, "got10k_dir", splits=["test"], frames=5)
    archive = pack("got10k_test", tmp_path / "a.zip", write_boxes(tmp_path / "run", GOT10K, 5))
    boxes = np.loadtxt(io.BytesIO(archive.read(f"{GOT10K[0]}/{GOT10K[0]}_001.txt")), delimiter=",")
    np.testing.assert_array_equal(boxes, np.arange(20).reshape(5, 4))


def test_trackingnet(data, tmp_path):
    root = data(make_trackingnet, "trackingnet_dir", sets=[], frames=12)
    names = sorted(path.stem for path in (root / "TEST" / "anno").iterdir())
    archive = pack("trackingnet", tmp_path / "tn.zip", write_boxes(tmp_path / "run", names, 12))
    assert archive.namelist() == [f"{name}.txt" for name in names]
    assert archive.read(f"{names[0]}.txt").decode().splitlines()[1] == "4.000,5.000,6.000,7.000"


@pytest.mark.parametrize("dataset", ["yt2019_valid", "yt2019_valid_all"])
def test_youtubevos_wants_the_frames_of_its_list_as_palette_pictures(data, tmp_path, dataset):
    root = data(make_youtubevos, "youtubevos_dir", splits=["valid"], sequences=2, frames=4)
    results = tmp_path / "run"
    folder = "valid_all_frames" if dataset.endswith("all") else "valid"
    for frame in (root / "2019" / folder / "JPEGImages").glob("*/*.jpg"):
        (results / frame.parent.name).mkdir(parents=True, exist_ok=True)
        labels = np.full(read_image(frame).shape[:2], int(frame.stem) % 3, np.uint8)
        write_mask(results / frame.parent.name / f"{frame.stem}.png", labels)
    archive = pack(dataset, tmp_path / "yt.zip", results)
    names = sorted(path.name for path in (root / "2019/valid/JPEGImages").iterdir())
    assert archive.namelist() == [f"Annotations/{name}/{stem:05d}.png" for name in names for stem in (0, 5, 10, 15)], (
        "every fifth frame"
    )
    with Image.open(io.BytesIO(archive.read(f"Annotations/{names[0]}/00010.png"))) as mask:
        assert mask.mode == "P" and set(np.unique(mask)) == {10 % 3}


def test_davis_wants_every_frame(data, tmp_path):
    root = data(make_davis_testdev, "davis_testdev_dir")
    frames = sorted((root / "JPEGImages/480p").glob("*/*.jpg"))
    for frame in frames:
        (tmp_path / "run" / frame.parent.name).mkdir(parents=True, exist_ok=True)
        labels = np.zeros(read_image(frame).shape[:2], np.uint8)
        write_mask(tmp_path / "run" / frame.parent.name / f"{frame.stem}.png", labels)
    archive = pack("dv2017_test_dev", tmp_path / "davis.zip", tmp_path / "run")
    assert archive.namelist() == [f"{frame.parent.name}/{frame.stem}.png" for frame in frames]


def test_the_same_results_give_the_same_bytes(data, tmp_path):
    data(make_got10k, "got10k_dir", splits=["test"], frames=5)
    results = write_boxes(tmp_path / "run", GOT10K, 5)
    pack("got10k_test", tmp_path / "a.zip", results)
    (results / f"{GOT10K[0]}.txt").touch()
    pack("got10k_test", tmp_path / "b.zip", results)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda run: (run / f"{GOT10K[1]}.txt").unlink(), r"000002\.txt is missing \(1 problem", id="gone"),
        pytest.param(lambda run: (run / f"{GOT10K[1]}_time.txt").unlink(), "_time.txt is missing", id="no times"),
        pytest.param(
            lambda run: (run / f"{GOT10K[2]}.txt").write_text("1,2,3,4\n" * 4), "4 lines for 5 frames", id="too short"
        ),
        pytest.param(
            lambda run: (run / f"{GOT10K[0]}.txt").write_text("1,2,3,4\n" * 3 + "1,nan,3,4\n" + "1,2,3,4\n"),
            "line 4 is not finite",
            id="not finite",
        ),
        pytest.param(lambda run: (run / f"{GOT10K[0]}.txt").write_text("a,b,c,d\n"), "cannot be read", id="no numbers"),
        pytest.param(lambda run: [path.unlink() for path in run.glob("*1.txt")], "is missing", id="one of several"),
    ],
)
def test_what_is_not_whole_is_not_packed(data, tmp_path, damage, message):
    data(make_got10k, "got10k_dir", splits=["test"], frames=5)
    damage(write_boxes(tmp_path / "run", GOT10K, 5))
    with pytest.raises(UserError, match=message):
        run_evaluation.main(["got10k_test", "--results", str(tmp_path / "run"), "--pack", str(tmp_path / "a.zip")])
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        pytest.param(None, r"00005\.png is missing \(2 problems", id="gone"),
        pytest.param(Image.new("P", (7, 9)), r"is 7x9, its frames 96x64", id="other size"),
        pytest.param(Image.new("L", (96, 64)), "not a palette PNG", id="grey"),
    ],
)
def test_masks_are_looked_at(data, tmp_path, mask, message):
    root = data(make_youtubevos, "youtubevos_dir", splits=["valid"], sequences=2, frames=4)
    for frame in (root / "2019/valid/JPEGImages").glob("*/*.jpg"):
        path = tmp_path / "run" / frame.parent.name / f"{frame.stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if frame.stem != "00005":
            write_mask(path, np.zeros((64, 96), np.uint8))
        elif mask is not None:
            mask.save(path)
    with pytest.raises(UserError, match=message):
        run_evaluation.main(["yt2019_valid", "--results", str(tmp_path / "run"), "--pack", str(tmp_path / "a.zip")])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--pack", "a.zip"], "--pack a.zip: goes with --results"),
        (["got10k_test", "--pack", "a.zip", "--results", "a=.", "b=.", "c=.", "d=."], "4 results given"),
        (["got10k_val", "--pack", "a.zip", "--results", "."], "no server takes it"),
    ],
)
def test_mistakes(data, arguments, message):
    data(make_got10k, "got10k_dir", splits=["val", "test"], frames=5)
    with pytest.raises(UserError, match=message):
        run_evaluation.main(arguments)
