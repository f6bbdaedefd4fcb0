"""The one exception that means "the user can mend this", and how commands report it."""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from ltr_ext.program import as_called
from ltr_ext.text import nearest

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


class UserError(Exception):
    """A mistake the user can mend: one line that names the thing, its value and the remedy."""

    def __init__(self, message: str) -> None:
        super().__init__(as_called(message))


class CommandLine(argparse.ArgumentParser):
    """A parser that reports a mistake as one line, like every other mistake of a user's.

    Options are not abbreviated: `--box` is never `--boxes`. Scripts are named as they are called here.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})
        self.prog = as_called(self.prog)
        self._elsewhere: dict[str, str] = {}

    def format_help(self) -> str:
        """As argparse's."""
        return as_called(super().format_help())

    def refuse_option(self, option: str, remedy: str) -> None:
        """Say of an option that belongs to another command what to do instead."""
        self._elsewhere[option] = remedy

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, but for `refuse`."""
        parsed, left = self.parse_known_args(args, namespace)
        if left:
            self.refuse(left)
        return parsed

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, but an option that is unknown is said before what is missing."""
        words = sys.argv[1:] if args is None else list(args)
        for word in () if self._subcommands() else words:
            option = word.partition("=")[0]
            if word == "--":
                break
            if option in self._elsewhere:
                raise UserError(f"{option}: {self._elsewhere[option]}")
            if option.startswith("--") and option not in self._option_string_actions:
                self.refuse([word])
        return super().parse_known_args(words, namespace)

    def refuse(self, left: Sequence[str]) -> NoReturn:
        """Refuse arguments that nothing takes; of an option, say which was probably meant."""
        options = [option for parser in (self, *self._subcommands()) for option in parser._option_string_actions]
        name = next((one for one in left if one.startswith("-")), "").partition("=")[0]
        self.error(f"unrecognized arguments: {' '.join(left)}{_hint(name, options) if name else ''}")

    def error(self, message: str) -> NoReturn:
        """Refuse the command line; `main` of `run_command` reports it."""
        choice = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        hint = _hint(choice[1], re.findall(r"[^\s',]+", choice[2])) if choice else ""
        raise UserError(f"{message}{hint}; see {self.prog} --help")

    def _subcommands(self) -> list[argparse.ArgumentParser]:
        actions = [action for action in self._actions if isinstance(action, argparse._SubParsersAction)]
        return [parser for action in actions for parser in action.choices.values()]


def _hint(name: str, known: Iterable[str]) -> str:
    meant = nearest(name, known)
    return f", did you mean {meant}?" if meant and meant != name else ""


def run_command(main: Callable[[], int | None]) -> int:
    """Run a command-line `main` and turn a user's mistake into one line and exit code 2.

    Args:
        main: does the work and returns an exit code (None means 0).

    Returns:
        The exit code: that of `main`, 2 after a `UserError`, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file name that is no text is shown, not a reason to stop
            stream.reconfigure(errors="backslashreplace")
    try:
        return main() or 0
    except UserError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
