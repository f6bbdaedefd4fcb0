"""Score a data set: a tracker's stored results, the masks that box2mask makes of the true boxes, the paper's tables."""

from __future__ import annotations

import argparse
import re
import sys

from ltr_ext import host
from ltr_ext.errors import CommandLine, UserError
from tracker_ext.commands import compare
from tracker_ext.evaluation import command
from tracker_ext.evaluation.paper import DAVIS_INTERVAL, NUM_FRAMES
from tracker_ext.segmentation.config import PAPER_MODE
from tracker_ext.segmentation.windows import MODES

EXAMPLES = """examples:
  python run_evaluation.py demo
  python run_evaluation.py ~/data/my_clips --out results/my_clips
  python run_evaluation.py demo --results results/tracking_results/lwl/box2mask_init
  python run_evaluation.py got10k_val --results LWL=results/a box2mask=results/b --out results/compared
  python run_evaluation.py got10k_test --results results/tracking_results/lwl/box2mask_init --pack got10k.zip

trackers and reference points side by side, with speed and memory (compare --help):
  python run_evaluation.py compare ~/data/my_clips

the paper's tables, its numbers beside one's own (tableN is short for --table N, figure3 for --figure 3):
  python run_evaluation.py table1                   frames T, on those of yt300, dv2017_val, clips that are there
  python run_evaluation.py table9 ~/data/my_clips --every 4
      also table2 components (see --variant), table8 iterations, table10 and table11 interval
  python run_evaluation.py table5 --results mine=results/tracking_results/lwl/box2mask_init
      also table3 weak supervision (yt300), table6 TrackingNet; of these two, and of
  python run_evaluation.py table4 --results mine=workspace/analysis/first.json          (VOT2020: vot analysis)
  python run_evaluation.py table7 --results mine=server.json                            ({"J&F mean": 80.6})
      what a toolkit or a server scored is read from JSON
  python run_evaluation.py table12 yt300 --results mine=results/tracking_results/lwl/ours   classes seen and unseen
  python run_evaluation.py figure3 ~/data/my_clips --out results/figure    single images beside several frames
"""


def parser() -> CommandLine:
    """The command line."""
    line = CommandLine(
        prog="run_evaluation.py",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument(
        "dataset", nargs="?", help="data set by name (demo, clips, dv2017_val, ...), or a folder in DAVIS layout"
    )
    line.add_argument(
        "--results",
        metavar="[NAME=]DIR",
        nargs="+",
        action="extend",
        default=[],
        help="score these: boxes DIR/<seq>.txt or DIR/<seq>_<id>.txt, masks DIR/masks/<seq>/<frame>.png or where "
        "run_tracker.py puts them, or a zip of such a folder; several are compared; without it box2mask is run on the "
        "true boxes",
    )
    line.add_argument("--masks", metavar="DIR", help="folder of the masks, if they are not with the boxes")
    line.add_argument(
        "--out",
        metavar="DIR",
        help="folder for tables (Markdown, CSV, LaTeX), plots (PNG, TikZ), overlays and contact sheet (default: "
        "DIR/report of a single --results; of a zip, NAME_report beside it; else none)",
    )
    line.add_argument(
        "--label", metavar="NAME", help="name of the results in the table (default: NAME, else that of the folder)"
    )
    line.add_argument(
        "--frames",
        type=int,
        default=NUM_FRAMES,
        metavar="T",
        help="frames that box2mask sees together (default %(default)s)",
    )
    line.add_argument(
        "--interval",
        type=int,
        default=DAVIS_INTERVAL,
        metavar="D",
        help="frames from one of them to the next (default %(default)s, as for DAVIS)",
    )
    line.add_argument(
        "--mode",
        choices=MODES,
        default=PAPER_MODE,
        help="how box2mask's windows lie: centred, the paper's, a window per frame; strided, the fast mode, each "
        "window gives T masks (default %(default)s)",
    )
    line.add_argument("--flip", action="store_true", help="box2mask sees the mirrored clip, too: twice the work")
    line.add_argument(
        "--no-colour",
        dest="colour",
        action="store_false",
        help="box2mask without the evidence of colours, as the paper",
    )
    line.add_argument("--weights", metavar="FILE", help="box2mask weights (default: those that ship)")
    line.add_argument("--no-box2mask", action="store_true", help="score the baselines alone: filled boxes, GrabCut")
    line.add_argument(
        "--grabcut-frames",
        type=int,
        metavar="N",
        help="frames that GrabCut is tried on, per sequence; 0: without it (default: 2 to 10, a minute or so in all)",
    )
    line.add_argument(
        "--table",
        metavar="N",
        help="a table of the paper: 1, 2, 8, 9, 10, 11 are run (some two minutes a row and 1000 frames, see --every), "
        "3 to 7 and 12 take --results",
    )
    line.add_argument(
        "--figure",
        choices=("3",),
        help="a figure of the paper, drawn into --out: masks of single images beside those of --frames T; with "
        "--variant the networks to take, else one network on T = 1 and on T frames",
    )
    line.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="weights of a variant, for table 2 and figure 3",
    )
    line.add_argument("--every", type=int, default=1, metavar="K", help="tables: frames of every K-th window only")
    line.add_argument(
        "--pack",
        metavar="FILE.zip",
        help="write the archive that the server of got10k_test, trackingnet, yt2019_valid (and other YouTube-VOS sets) "
        "or dv2017_test_dev takes; of got10k_test up to three --results, one per repetition",
    )
    line.add_argument("--host", choices=host.CHOICES, default="auto", help=host.OPTION_HELP)
    return line


def main(arguments: list[str] | None = None) -> int:
    """Parse, check, do what is asked for; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["compare"]:
        return compare.main(words[1:])
    short = re.fullmatch(r"(table|figure)(\d+)", words[0]) if words else None
    args, beyond = parser().parse_known_args([f"--{short[1]}", short[2], *words[1:]] if short else words)
    if beyond:
        if beyond[0].startswith("-"):
            parser().refuse(beyond)
        raise UserError(f"{beyond[0]}: not understood beside {words[0]}; tables are table1 to table12, see --help")
    command.check(args)
    print(f"host: {host.resolve(args.host)}")
    command.run(args)
    return 0
