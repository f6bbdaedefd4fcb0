"""What every command line has in common: whole option names, and a near one for a misspelt."""

from __future__ import annotations

import pytest

from ltr_ext.errors import CommandLine, UserError


def commands() -> CommandLine:
    """A command with sub-commands."""
    command = CommandLine(prog="x.py")
    command.add_argument("--loud", action="store_true")
    kinds = command.add_subparsers(dest="kind")
    video = kinds.add_parser("video")
    video.add_argument("path")
    video.add_argument("--boxes", required=True)
    video.add_argument("--mode", choices=("strided", "centred"))
    video.refuse_option("--box", "goes with y.py")
    return command


def test_what_is_right_is_parsed():
    args = commands().parse_args(["--loud", "video", "p", "--boxes=b", "--mode", "centred"])
    assert (args.loud, args.kind, args.path, args.boxes, args.mode) == (True, "video", "p", "b", "centred")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["video", "p", "--box", "b"], "^--box: goes with y.py$", id="of another command, no abbreviation"),
        pytest.param(["video", "p", "--box=-5,0,9,9"], "^--box: goes with y.py$", id="the same with ="),
        pytest.param(["video", "p", "--boxe", "b"], "arguments: --boxe, did you mean --boxes[?]", id="misspelt"),
        pytest.param(["video", "--mod", "strided"], "arguments: --mod, did you mean --mode", id="said before missing"),
        pytest.param(["video", "p", "--xyz"], "^unrecognized arguments: --xyz; see x.py video --help$", id="near none"),
        pytest.param(
            ["--lou", "video", "p", "--boxes", "b"],
            "unrecognized arguments: --lou, did you mean --loud",
            id="before the command",
        ),
        pytest.param(["vidoe"], "invalid choice: 'vidoe'.*[)], did you mean video[?]; see", id="command"),
        pytest.param(
            ["video", "p", "--boxes", "b", "--mode", "centered"], "[)], did you mean centred[?]; see", id="choice"
        ),
        pytest.param(["video", "p"], "required: --boxes; see x.py video --help", id="missing"),
    ],
)
def test_mistakes(words, message):
    with pytest.raises(UserError, match=message):
        commands().parse_args(words)
