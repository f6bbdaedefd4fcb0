"""`run.json` beside the boxes of a tracker says with what each sequence was tracked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ltr_ext.output import write_text
from ltr_ext.text import counted

RECORD_FILE = "run.json"


def note_run(folder: Path, facts: Mapping[str, Any], sequences: Iterable[str]) -> None:
    """Write down what sequences were tracked with; what was known of them before is replaced.

    Args:
        folder: the existing folder of the box files.
        facts: what this run used, such as weights, device, precision.
        sequences: those that have results of it.

    Raises:
        UserError: the file cannot be written.
    """
    new = set(sequences)
    if not new:
        return
    runs = []
    for run in read_runs(folder):
        if left := sorted(set(run["sequences"]) - new):
            runs.append({**run, "sequences": left})
    same = next((run for run in runs if facts_of(run) == dict(facts)), None)
    if same is None:
        runs.append({**facts, "sequences": sorted(new)})
    else:
        same["sequences"] = sorted({*same["sequences"], *new})
    write_text(folder / RECORD_FILE, json.dumps({"runs": runs}, indent=1) + "\n")


def read_runs(folder: Path) -> list[dict[str, Any]]:
    """The runs of a folder, each with its facts and its `sequences`; none where the file is missing or damaged."""
    try:
        runs = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))["runs"]
        return [run for run in runs if isinstance(run["sequences"], list)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def facts_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run without its sequences."""
    return {name: value for name, value in run.items() if name != "sequences"}


def differences(folder: Path, sequences: Sequence[str], facts: Mapping[str, Any], name: str) -> list[str]:
    """Which of the sequences were tracked with another value of a fact than this run has.

    Returns:
        A phrase for each other value: how many sequences have it, and what it is.
    """
    found = []
    for run in read_runs(folder):
        count = len(set(run["sequences"]) & set(sequences))
        if count and run.get(name) != facts.get(name):
            found.append(f"{counted(count, 'sequence')} with {name} {in_words(run.get(name))}")
    return found


def in_words(value: Any) -> str:
    """A fact as one word or several: weights are named with the first digits of their hash."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {str(digest)[:12]}" for key, digest in value.items()) or "none"
    return "unknown" if value is None else str(value)
