"""`docs/plots.ipynb`: its code runs, and it is stored without outputs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib
import pytest

from tracker_ext.evaluation.sequences import find_sequences

NOTEBOOK = Path(__file__).parents[3] / "docs/plots.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]


def is_settings(cell) -> bool:
    return "parameters" in cell["metadata"].get("tags", [])


def test_it_is_stored_without_outputs():
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in CODE)
    assert sum(map(is_settings, CODE)) == 1 and NOTEBOOK.stat().st_size < 20_000


@pytest.mark.parametrize("with_boxes", [True, False])
def test_its_code_draws_stored_results(davis_root, tmp_path, store_results, monkeypatch, capsys, with_boxes):
    import matplotlib.pyplot as plt

    monkeypatch.setattr(sys, "path", [*sys.path])
    matplotlib.use("Agg")
    plt.close("all")
    sequences = find_sequences(str(davis_root))
    for name, shift in (("good", 0), ("shifted", 3)):
        store_results(sequences, tmp_path / name, shift)
        for path in () if with_boxes else (tmp_path / name).glob("*.txt"):
            path.unlink()
    names = {"DATASET": str(davis_root), "RUNS": {name: tmp_path / name for name in ("good", "shifted")}}
    for cell in CODE:
        if not is_settings(cell):
            exec("".join(cell["source"]), names)
    figures = [plt.figure(number) for number in plt.get_fignums()]
    assert [len(figure.axes) for figure in figures] == ([2] if with_boxes else []) + [2, 1]
    over_time, bars = figures[-2:]
    assert [line.get_label() for line in over_time.axes[0].lines] == ["good", "shifted"]
    assert set(over_time.axes[0].lines[0].get_ydata()) == {1.0}
    heights = [bar.get_height() for bar in bars.axes[0].patches]
    assert heights[:2] == [1.0, 1.0] and all(height < 1 for height in heights[2:])
    assert "good" in capsys.readouterr().out
    plt.close("all")
