"""The one exception that means "the user can mend this", and how commands report it."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from ltr_ext.words import nearest

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


class UserError(Exception):
    """A mistake the user can mend: one line that names the thing, its value and the remedy."""


class CommandLine(argparse.ArgumentParser):
    """A parser that reports a mistake as one line, like every other mistake of a user's."""

    def parse_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def, override]
        """As argparse's, but for `refuse`."""
        parsed, left = self.parse_known_args(args, namespace)
        if left:
            self.refuse(left)
        return parsed

    def refuse(self, left: Sequence[str]) -> NoReturn:
        """Refuse arguments that nothing takes; of an option, say which was probably meant."""
        subcommands = [action for action in self._actions if isinstance(action, argparse._SubParsersAction)]
        parsers = [self, *(parser for action in subcommands for parser in action.choices.values())]
        options = [option for parser in parsers for action in parser._actions for option in action.option_strings]
        name = next((one for one in left if one.startswith("-")), "").partition("=")[0]
        meant = nearest(name, options) if name else None
        hint = f", did you mean {meant}?" if meant else ""
        self.error(f"unrecognized arguments: {' '.join(left)}{hint}")

    def error(self, message: str) -> NoReturn:
        """Refuse the command line; `main` of `run_command` reports it."""
        raise UserError(f"{message}; see {self.prog} --help")


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
