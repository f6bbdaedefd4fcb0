"""The commands of docs/reproduce.md, one after another, on drawn data: `make paper-smoke`.

Data sets of a few pictures, a ResNet-50 with random weights, networks of a few channels that train for two iterations:
the numbers mean nothing. That every command runs, takes what the one before it made, and prints its table does.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from miniatures import make_davis, make_got10k, make_lasot, make_youtubevos
from miniatures.networks import write_box_filler

from ltr_ext import host
from ltr_ext.models.backbone import ResNet50
from ltr_ext.paths import SETTINGS_VARIABLE
from ltr_ext.train_settings.common import BACKBONE_FILE

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
ON_UPSTREAM = host.resolve().name == "upstream"
OURS = "baseline_ft" if ON_UPSTREAM else "ours"
"""Upstream's list of LaSOT names sequences that the miniature lacks, so that `lwl ours` cannot be trained on it."""
SETTINGS = """
workspace_dir = "workspace"
results_dir = "results"
youtubevos_dir = "youtubevos"
davis_dir = "davis"
got10k_dir = "got10k"
lasot_dir = "lasot"
pretrained_dir = "networks"
got10k_masks_dir = "masks_got10k/upstream"
lasot_masks_dir = "masks_lasot/upstream"
youtubevos_masks_dir = "masks_of_b/ytvos/Annotations"
"""
Run = Callable[..., str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data sets, the backbone and the settings."""
    folder = tmp_path_factory.mktemp("paper")
    make_youtubevos(folder / "youtubevos", splits=("train",), sequences=9, frames=8, all_frames=False)
    make_youtubevos(folder / "youtubevos", version="2018", splits=("valid",), sequences=2, all_frames=False)
    make_davis(folder / "davis", frames=8)
    make_got10k(folder / "got10k", splits=("train", "val"), frames=12)
    make_lasot(folder / "lasot", frames=60)
    (folder / "networks").mkdir()
    torch.manual_seed(0)
    torch.save(ResNet50().body.state_dict(), folder / "networks" / BACKBONE_FILE)
    (folder / "paths.toml").write_text(SETTINGS)
    return folder


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    """`run("run_training.py lwl stage1")` -> what it prints; trainings are made small."""
    environment = os.environ | {
        SETTINGS_VARIABLE: str(place / "paths.toml"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        "OMP_NUM_THREADS": "1",
    }

    def command(line: str) -> str:
        script, *words = line.split()
        if script == "run_training.py":
            start = ["-m", "miniatures.small_training"]
        else:
            start = [str(ROOT / script)] if script.endswith(".py") else ["-m", script]
        done = subprocess.run(
            [sys.executable, *start, *words], cwd=place, env=environment, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    return command


def best(kind: str, setting: str) -> str:
    """The checkpoint of a training."""
    return f"workspace/checkpoints/ltr/{setting.replace(' ', '/')}/{kind}_best.safetensors"


def export(run: Run, kind: str, setting: str, file: str) -> None:
    run(f"ltr_ext.export {best(kind, setting)} {file} --backbone networks/{BACKBONE_FILE}")


def column(printed: str, table: str) -> list[str]:
    """The numbers that a table has of one's own; the last column that is headed "here"."""
    lines = [line.strip("|").split("|") for line in printed.splitlines() if line.startswith("| ")]
    header = [cell.strip() for cell in lines[0]]
    places = [place for place, cell in enumerate(header) if cell.startswith("here")]
    assert places, f"table {table}: {header}"
    return [row[places[-1]].strip() for row in lines[1:] if len(row) == len(header)]


def numbers(cells: list[str]) -> list[float]:
    return [float(cell) for cell in cells if re.fullmatch(r"\d+\.\d+", cell)]


def test_the_papers_experiments_in_small(run: Run, place: Path) -> None:
    # box2mask: table 1, 2, 8 to 11, figure 3
    run("run_training.py box2mask default")
    export(run, "Box2MaskNet", "box2mask default", "box2mask.safetensors")
    run("run_training.py box2mask single_image")
    export(run, "Box2MaskNet", "box2mask single_image", "single_image.safetensors")
    variants = "--variant single_image=single_image.safetensors --variant iterative=box2mask.safetensors"
    counts = {"1": 6, "8": 4, "9": 6, "10": 4, "11": 5}
    for table, count in counts.items():
        dataset = "yt300" if table == "11" else "dv2017_val"
        printed = run(f"run_evaluation.py table{table} {dataset} --weights box2mask.safetensors --every 2")
        assert len(numbers(column(printed, table))) == count
    printed = run(f"run_evaluation.py table2 dv2017_val {variants}")
    assert len(numbers(column(printed, "2"))) == 2
    run(f"run_evaluation.py figure3 dv2017_val {variants} --out figure")
    assert (place / "figure/figure_3.png").is_file()

    # masks for GOT-10k and LaSOT, LWL: tables 4 to 7 and 12
    run("run_training.py lwl stage1")
    for name in ("got10k", "lasot"):
        run(f"run_annotate.py {name}_train --weights box2mask.safetensors --out masks_{name}")
    run(f"run_training.py lwl {OURS}")
    results = f"results/tracking_results/lwl/{OURS}"
    run(f"run_tracker.py lwl {OURS} got10k_val --no-report")
    printed = run(f"run_evaluation.py table5 --results ours={results}")
    assert len(numbers(column(printed, "5"))) == 3
    export(run, "LWLNet", f"lwl {OURS}", "lwl.safetensors")
    for dataset in ("yt300", "yt2018_valid"):
        run(f"run_tracker.py lwl {OURS} {dataset} --no-report --weights lwl.safetensors")
    printed = run(f"run_evaluation.py table12 yt300 --results ours={results}")
    assert len(numbers(column(printed, "12"))) == 3, "all classes were seen in training"
    run(f"run_evaluation.py yt2018_valid --results {results} --pack ytvos.zip")
    assert (place / "ytvos.zip").is_file()
    (place / "server.json").write_text('{"J&F mean": 80.9}')
    for table in ("7", "12"):
        assert column(run(f"run_evaluation.py table{table} --results ours=server.json"), table)[0] == "80.9"
    (place / "boxes.json").write_text('{"Precision": 70.1, "Success": 75.3}')
    assert numbers(column(run("run_evaluation.py table6 --results ours=boxes.json"), "6")) == [70.1, 75.3]

    # table 3; two iterations of training make empty masks, which nothing can be learnt from, so filled boxes stand in
    write_box_filler(place / "box2mask_a.safetensors")
    run("run_annotate.py youtubevos_boxes --weights box2mask_a.safetensors --out masks_of_b")
    run("run_training.py lwl pseudo")
    run("run_tracker.py lwl ours yt300 --no-report --out weak --weights " + best("LWLNet", "lwl pseudo"))
    printed = run("run_evaluation.py table3 --results Ours=weak/tracking_results/lwl/ours")
    assert len(numbers(column(printed, "3"))) == 1
