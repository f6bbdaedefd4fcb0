"""The options that the kinds of input of `run_annotate.py` share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tracker_ext.annotation.formats import FORMATS
from tracker_ext.annotation.run_options import RunOptions, parse_shard
from tracker_ext.annotation.settings import JobSettings
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.windows import MODES, Mode


def add_window_options(
    command: argparse.ArgumentParser, mode: Mode = AnnotateConfig.mode, needs_out: bool = True
) -> None:
    """What every kind of input has; `mode` is what it does unless told otherwise."""
    default = "" if needs_out else " (default: cvat_task_<TASK> in the current folder)"
    command.add_argument("--out", metavar="DIR", type=Path, required=needs_out, help=f"folder for the results{default}")
    command.add_argument(
        "--frames",
        metavar="T",
        dest="num_frames",
        type=int,
        default=AnnotateConfig.num_frames,
        help="frames seen together (default %(default)s)",
    )
    command.add_argument(
        "--interval",
        metavar="D",
        type=int,
        default=AnnotateConfig.interval,
        help="frames of the video from one of them to the next; 5 suits fast motion (default %(default)s)",
    )
    command.add_argument(
        "--mode",
        choices=MODES,
        default=mode,
        help="strided: the fast mode, each window of T frames gives T masks; centred: the paper's, a window per frame, "
        "up to T times the work (default %(default)s)",
    )
    command.add_argument(
        "--flip",
        action="store_true",
        help="segment the mirrored clip, too, and average: better masks (docs/annotation.md) at twice the work",
    )
    command.add_argument(
        "--no-colour",
        dest="colour",
        action="store_false",
        help="leave undecided pixels to the network alone, as the paper does, and do not decide them by their colour",
    )
    command.add_argument(
        "--tolerance",
        metavar="PART",
        type=float,
        default=AnnotateConfig.tolerance,
        help="part of the box by which a mask may exceed it on each side; 0 for tight boxes (default %(default)s)",
    )
    command.add_argument(
        "--max-gap",
        metavar="N",
        type=int,
        default=JobSettings.max_gap,
        help="frames between two boxed frames at most N frames apart get a mask all the same; 0: they are left empty "
        "(default %(default)s)",
    )
    command.add_argument(
        "--batch",
        metavar="N",
        dest="encode_batch",
        type=int,
        default=AnnotateConfig.encode_batch,
        help="frames encoded at once (default %(default)s)",
    )
    command.add_argument("--weights", metavar="FILE", type=Path, help="box2mask weights (default: those that ship)")


def add_dataset_options(command: argparse.ArgumentParser) -> None:
    """What only data sets and folders have."""
    several: dict[str, Any] = {"metavar": "NAME", "action": "append"}
    command.add_argument(
        "--format",
        metavar="NAME",
        dest="formats",
        action="extend",
        type=lambda text: text.split(","),
        help=f"{', '.join(FORMATS)}; several with commas, or given several times (default: upstream; "
        "of YouTube-VOS ytvos, of a folder davis)",
    )
    command.add_argument(
        "--variant", metavar="NAME", help="multi_frame_plus: run iterative weights as this, faster and coarser"
    )
    command.add_argument(
        "--every", metavar="K", type=int, help="every K-th frame of a sequence (default: all; of LaSOT every 5th)"
    )
    command.add_argument(
        "--max-frames", metavar="N", type=int, help="at most so many frames of a sequence (default: all; of LaSOT 200)"
    )
    command.add_argument(
        "--min-confidence", metavar="C", type=float, help="leave masks below empty, 0 to 1 (default: none)"
    )
    command.add_argument(
        "--workers", metavar="N", type=int, default=RunOptions.workers, help="processes (default %(default)s)"
    )
    command.add_argument("--limit", metavar="N", type=int, help="stop after so many sequences")
    command.add_argument(
        "--shard", metavar="i/n", type=parse_shard, help="the i-th of n parts of the data set, i from 1"
    )
    command.add_argument("--only", help="this sequence, or those of a failed.csv; repeatable", **several)
    command.add_argument(
        "--redo", help="make this sequence again, or those of a csv file with a column sequence; repeatable", **several
    )
    command.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="slurm (array of --workers tasks), local, or a Dask scheduler tcp://host:port",
    )
    command.add_argument(
        "--slurm", metavar="KEY=VALUE", action="append", help="option of submitit, as slurm_partition=gpu"
    )
    command.add_argument(
        "--no-symlinks",
        action="store_true",
        help="pictures beside the masks (davis, ytvos) are hard links, or copies, instead of symbolic links: the "
        "folder can be moved to another machine",
    )
    command.add_argument(
        "--check-inputs", action="store_true", help="make sequences again whose boxes or frames have changed since"
    )
    command.add_argument("--dry-run", action="store_true", help="count, and estimate size and time; writes nothing")
