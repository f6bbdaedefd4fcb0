"""The exception for mistakes that the user can mend, and how commands report it."""

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
    """A mistake that the user can mend; its message is one line that names the thing, its value and the remedy."""

    def __init__(self, message: str) -> None:
        super().__init__(as_called(message))


class CommandLine(argparse.ArgumentParser):
    """A parser that reports a mistake in the command line as a `UserError`, like every other mistake of a user.

    Options cannot be abbreviated: `--box` never means `--boxes`. Help texts and messages name the scripts as the user
    calls them (see `ltr_ext.program`).
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})
        self.prog = as_called(self.prog)
        self._elsewhere: dict[str, str] = {}

    def format_help(self) -> str:
        """The help text of argparse, with the names by which the user calls the scripts."""
        return as_called(super().format_help())

    def refuse_option(self, option: str, remedy: str) -> None:
        """Refuse an option that belongs to another command with a message that says what to do instead."""
        self._elsewhere[option] = remedy

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As in argparse, except that `refuse` reports what is left over."""
        parsed, left = self.parse_known_args(args, namespace)
        if left:
            self.refuse(left)
        return parsed

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As in argparse, except that an unknown option is reported before a missing argument.

        Raises:
            UserError: an option is unknown, or was given to `refuse_option`.
        """
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
        """Refuse unknown arguments; the message says which option was probably meant by an unknown one."""
        options = [option for parser in (self, *self._subcommands()) for option in parser._option_string_actions]
        name = next((one for one in left if one.startswith("-")), "").partition("=")[0]
        self.error(f"unrecognized arguments: {' '.join(left)}{_hint(name, options) if name else ''}")

    def error(self, message: str) -> NoReturn:
        """Refuse the command line; `run_command` prints the error."""
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
    """Run the `main` function of a command, and print a user's mistake as one line.

    Args:
        main: does the work and returns an exit code (None means 0).

    Returns:
        The exit code: that of `main`, 2 after a `UserError`, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # printing a file name that is not valid text must not fail
            stream.reconfigure(errors="backslashreplace")
    try:
        return main() or 0
    except UserError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
