"""Scores from box files, against numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ltr_ext.paths import SETTINGS_VARIABLE

pytestmark = pytest.mark.usefixtures("fake_parameters")

FRAMES = 5
TRUTH = np.array([[30.0, 30, 20, 10]] * FRAMES)


@pytest.fixture
def results(monkeypatch, tmp_path):
    """`results(rows)`: tracker and sequence whose box file holds `rows`; row 0 is given and does not count."""
    from pytracking.evaluation import Sequence, Tracker

    (tmp_path / "paths.toml").write_text('results_dir = "results"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))

    def make(rows):
        tracker = Tracker("fake", "shift", display_name="shifted")
        Path(tracker.results_dir).mkdir(parents=True)
        np.savetxt(Path(tracker.results_dir) / "a.txt", np.array(rows), delimiter="\t", fmt="%d")
        return [tracker], [Sequence("a", [f"{t}.jpg" for t in range(FRAMES)], "mini", TRUTH)]

    return make


def scores_in(text: str) -> list[float]:
    """The numbers of the table row of the tracker."""
    (row,) = [line for line in text.splitlines() if line.startswith("shifted")]
    return [float(word) for word in row.replace("|", " ").split()[1:]]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # at threshold 1 not even a perfect box has IoU > 1, so 20 of the 21 thresholds count
        pytest.param(TRUTH, [100 * 20 / 21, 100, 100, 100, 100], id="perfect"),
        # two of the five frames (the first is the given one) overlap, three are 100 pixels off
        pytest.param(
            [[0, 0, 1, 1], [30, 30, 20, 10], *[[130, 30, 20, 10]] * 3],
            [40 * 20 / 21, 40, 40, 40, 40],
            id="lost after the second frame",
        ),
        # half of the width: IoU 1/2 on four frames, not above 0.5 but above 0, 0.05 .. 0.45, ten thresholds;
        # centre 5 pixels off, a quarter of the width
        pytest.param(
            [[30, 30, 10, 10]] * 5, [100 * (0.2 * 20 + 0.8 * 10) / 21, 20, 20, 100, 20], id="half of the object"
        ),
    ],
)
def test_the_table(results, capsys, rows, expected):
    from pytracking.analysis.plot_results import print_results

    trackers, dataset = results(rows)
    print_results(trackers, dataset, "mini", plot_types=("success", "prec", "norm_prec"))
    np.testing.assert_allclose(scores_in(capsys.readouterr().out), expected, atol=0.006)


def test_the_plots_are_written(results, monkeypatch, tmp_path):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    import matplotlib

    matplotlib.use("Agg")
    from pytracking.analysis.plot_results import plot_results

    trackers, dataset = results(TRUTH)
    plot_results(trackers, dataset, "mini", plot_types=("success", "norm_prec"))
    folder = tmp_path / "results" / "result_plots" / "mini"
    assert {path.name for path in folder.glob("*.pdf")} == {"success_plot.pdf", "norm_precision_plot.pdf"}


def test_missing_results_are_an_error(results):
    from pytracking.analysis.plot_results import print_results

    trackers, dataset = results(TRUTH)
    (Path(trackers[0].results_dir) / "a.txt").unlink()
    with pytest.raises(Exception, match=r"a\.txt"):
        print_results(trackers, dataset, "mini")
