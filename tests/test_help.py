"""`--help` of every command: all is explained, and stands in its column."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import pytest

from ltr_ext.errors import UserError
from tracker_ext.commands import annotate, box2mask, compare, edit, evaluate, export, track, train


def parsers() -> Iterator[argparse.ArgumentParser]:
    """Of every command and subcommand."""
    for parser in (
        annotate.parser(),
        box2mask.parser(),
        compare.parser(),
        edit.parser(),
        evaluate.parser(),
        export.parser(),
        track.parser(),
        train.parser(),
    ):
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield from action.choices.values()


@pytest.fixture(params=[80, 120], ids=lambda columns: f"{columns} columns", autouse=True)
def columns(request, monkeypatch) -> int:
    monkeypatch.setenv("COLUMNS", str(request.param))
    return request.param


def test_every_argument_is_explained_and_has_an_example():
    for parser in parsers():
        for action in parser._actions:
            assert action.help or isinstance(action, argparse._SubParsersAction), f"{parser.prog} {action.dest}"
        assert re.search(r"^examples?:", parser.epilog or "", re.M), parser.prog


def test_the_train_settings_stand_in_two_columns(columns):
    """A name of its own length does not push its description aside, and a long description is wrapped."""
    known = train.known_settings()
    listing = re.search(r"^train settings:\n((?:  .*\n)+)", train.parser().format_help(), re.M)[1]
    column = 4 + max(map(len, known))
    assert all(line[column - 1] == " " != line[column] and len(line) < columns for line in listing.splitlines())
    text = " ".join(listing.split())
    assert all(f"{name} {line}" in text for name, line in known.items())


def test_what_run_annotate_takes_stands_in_two_columns():
    text = annotate.parser().format_help()
    lines = [line for line in text.splitlines() if re.match(r"    \w+_\w+ |    (folder|video) ", line)]
    assert len(lines) == 6
    assert len({re.match(r"    \w+ +", line).end() for line in lines}) == 1


@pytest.mark.parametrize(
    "command, arguments, meant",
    [
        (annotate, ["folder", "x", "--out", "y", "--wrokers", "2"], "--workers"),
        (evaluate, ["demo", "--labl", "x"], "--label"),
        (evaluate, ["compare", "demo", "--trackres", "x:y"], "--trackers"),
        (edit, ["clip.mp4", "--no-browsr"], "--no-browser"),
        (export, ["x", "--out", "y", "--polygon"], "--polygons"),
        (track, ["lwl", "default", "demo", "--presicion=fp32"], "--precision"),
        (train, ["box2mask", "lite", "--frehs"], "--fresh"),
    ],
)
def test_a_misspelt_option_is_refused_with_the_nearest(command, arguments, meant):
    with pytest.raises(UserError, match=f"unrecognized arguments: .*, did you mean {meant}.*--help"):
        command.main(arguments)
