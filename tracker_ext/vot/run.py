"""Runs a tracker for the VOT toolkit, which starts this process and speaks TraX with it on standard input and output.

`tracker_ext.vot.workspace` writes this command into `trackers.ini`.
"""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from typing import Any

from ltr_ext import host
from ltr_ext.errors import EXIT_USER_ERROR, CommandLine, UserError, run_command
from ltr_ext.text import one_line
from tracker_ext.vot import protocol, session

EXIT_CRASHED = 1
EXAMPLE = """example (`command` in trackers.ini, with protocol = trax):
  /path/to/.venv/bin/python -m tracker_ext.vot.run lwl default
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = CommandLine(
        prog="python -m tracker_ext.vot.run",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("tracker", help="tracker, for example lwl")
    command.add_argument("parameter", help="parameter module, for example default")
    command.add_argument("--given", choices=session.KINDS, help="what the tracker starts from (default: what it needs)")
    command.add_argument("--report", choices=session.KINDS, help="what it answers with (default: masks if it has them)")
    command.add_argument("--host", choices=host.CHOICES, default="auto", help="what to run on (default: auto)")
    return command


def main(arguments: list[str] | None = None) -> int:
    """Load the tracker, then connect to the toolkit and serve it; returns the exit code.

    The weights are read before the connection, since the toolkit's timeout and its real-time clock start with it.
    """
    args = parser().parse_args(arguments)
    logging.basicConfig(format="%(levelname)s: %(message)s", stream=sys.stderr)
    trax = protocol.load_trax()
    print(f"host: {host.resolve(args.host)}", file=sys.stderr)
    from tracker_ext.tracker.for_video import build_tracker
    from tracker_ext.tracker_handle import TrackerHandle

    handle = TrackerHandle(args.tracker, args.parameter)
    tracker = build_tracker(handle, several=False)
    given = args.given or session.kind_given(tracker)
    reported = args.report or session.kind_reported(tracker)
    print(f"tracker: {args.tracker} {args.parameter}, {given} in, {reported} out", file=sys.stderr, flush=True)
    server = trax.Server(list(protocol.REGION_TYPES), [trax.Image.PATH])
    try:
        session.serve(server, lambda: build_tracker(handle, several=False), given=given, reported=reported)
    except UserError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        say_goodbye(server, error)
        return EXIT_USER_ERROR
    except Exception as error:
        traceback.print_exc()
        say_goodbye(server, error)
        return EXIT_CRASHED
    server.quit()
    return 0


def say_goodbye(server: Any, error: Exception) -> None:
    """Tell the toolkit why the process ends.

    Everything for the toolkit's log must be printed before, since the toolkit then stops reading and soon kills the
    process. If the toolkit has ended already, this must not hide the reason.
    """
    sys.stderr.flush()
    try:
        server.quit(one_line(error) or type(error).__name__)
    except Exception as second:
        print(f"the toolkit cannot be told: {second}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(run_command(main))
