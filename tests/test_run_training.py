"""The command line of training."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ltr_ext.errors import run_command
from ltr_ext.trainers import options
from tracker_ext.commands import train


def test_known_settings_come_from_the_files(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "__init__.py").write_text('"""Not a setting."""')
    (tmp_path / "net" / "small.py").write_text('"""The small one.\n\nMore.\n"""\n')
    (tmp_path / "net" / "bare.py").write_text("x = 1\n")
    assert train.known_settings(tmp_path) == {"net bare": "", "net small": "The small one."}


def test_help_lists_them_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        train.main(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "box2mask lite  " in out and "python run_training.py box2mask lite" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["box2mask", "nothing"], "train setting box2mask nothing: unknown; known are", id="name"),
        pytest.param(["nothing", "lite"], "train setting nothing lite: unknown; known are", id="module"),
        pytest.param(["..", "os.path"], "unknown; known are", id="no identifiers"),
        pytest.param(["box2mask", "ltie"], "unknown; did you mean box2mask lite? known are", id="misspelt name"),
        pytest.param(["Box2Mask", "lite"], "did you mean box2mask lite?", id="misspelt module"),
        pytest.param(["box2mask"], "required: NAME; known are box2mask", id="no name"),
        pytest.param([], "required: MODULE, NAME; known are box2mask", id="nothing"),
        pytest.param(["box2mask", "lite", "--max-itertions", "3"], "did you mean --max-iterations?", id="option"),
        pytest.param(["box2mask", "lite", "--sede=3"], "--sede=3, did you mean --seed?", id="option with its value"),
        pytest.param(["box2mask", "lite", "--qqq"], "unrecognized arguments: --qqq; see", id="option unlike any"),
        pytest.param(["box2mask", "lite", "--seed", "-1"], "error: --seed -1: ", id="seed"),
        pytest.param(["box2mask", "lite", "--max-iterations", "0"], "error: --max-iterations 0: ", id="no iterations"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(lambda: train.main(arguments)) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["box2mask", "ltie"], ["box2mask"], ["box2mask", "lite", "--sede", "3"]])
def test_a_misspelt_name_is_refused_at_once(arguments: list[str]) -> None:
    """Before PyTorch is imported, which takes seconds."""
    code = (
        "import sys, run_training; from ltr_ext.errors import run_command\n"
        f"code = run_command(lambda: run_training.main({arguments!r})); sys.exit(code + ('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr


def test_options_are_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ltr.run_training

    started = []
    monkeypatch.setattr(ltr.run_training, "run_training", lambda *names: started.append((names, options._options)))
    monkeypatch.setattr(options, "_options", options.RunOptions())
    arguments = ["box2mask", "lite", "--workspace", str(tmp_path), "--seed", "3", "--fresh", "--max-iterations", "9"]
    assert train.main(arguments) == 0
    expected = options.RunOptions(workspace=tmp_path, seed=3, fresh=True, max_iterations=9)
    assert started == [(("box2mask", "lite"), expected)]
