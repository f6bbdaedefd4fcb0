"""Fixed splits of the YouTube-VOS 2019 training set, the same on every machine.

YT300 are the 300 sequences that are never used for training (paper section 4.1), which pytracking publishes as
"jjvalid"; the others are its "jjtrain". A and B divide the others 1 : 9; A has masks, B has only boxes (paper section
4.2). The authors did not publish this division. Ours ranks the names by the SHA-256 of "A:<name>" and takes the first
tenth (rounded) as A.

    python -m ltr_ext.dataset.splits ~/data/YouTubeVOS --part A
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from ltr_ext import host
from ltr_ext.errors import CommandLine, UserError, run_command

UPSTREAM_LIST = "ltr/data_specs/youtubevos_jjvalid.txt"
OWN_LIST = Path(__file__).with_name("yt300.txt")
"""The sorted names of `UPSTREAM_LIST` in visionml/pytracking 7eb9e74."""
SHARE_OF_A = 0.1
PARTS = ("train", "YT300", "A", "B")


def yt300_names() -> frozenset[str]:
    """The names of YT300, from upstream's list if upstream is the host, otherwise from our copy of it."""
    published = host.find("auto").home / UPSTREAM_LIST
    return frozenset((published if published.is_file() else OWN_LIST).read_text(encoding="utf-8").split())


def split_yt300(frames_dir: Path) -> tuple[list[str], list[str]]:
    """The names of the training sequences and of the held-out sequences, both sorted.

    Args:
        frames_dir: `<youtubevos_dir>/2019/train/JPEGImages`; it may hold only a part of the data set.

    Raises:
        UserError: the folder is missing, or lacks sequences of either kind.
    """
    names = sorted(path.name for path in frames_dir.iterdir() if path.is_dir()) if frames_dir.is_dir() else []
    listed = yt300_names()
    held_out = [name for name in names if name in listed]
    train = [name for name in names if name not in listed]
    if not held_out or not train:
        raise UserError(
            f"YouTube-VOS {frames_dir}: {len(names)} sequences found, {len(held_out)} of them of YT300; it needs some "
            "of YT300 and others: unpack the training set of 2019 there, or correct youtubevos_dir in the settings"
        )
    return train, held_out


def split_a_b(names: list[str]) -> tuple[list[str], list[str]]:
    """The sequences with masks (A) and those with boxes (B) of the paper's table 3, both sorted.

    Args:
        names: the training sequences, without YT300.

    Returns:
        A, a tenth of the names but at least one, and B, the others.
    """
    ranked = sorted(names, key=lambda name: hashlib.sha256(f"A:{name}".encode()).hexdigest())
    count = max(round(SHARE_OF_A * len(names)), 1)
    return sorted(ranked[:count]), sorted(ranked[count:])


def part_of(frames_dir: Path, part: str) -> list[str]:
    """The sorted names of one of `PARTS`; raises `UserError` as `split_yt300` does."""
    train, held_out = split_yt300(frames_dir)
    a, b = split_a_b(train)
    return {"train": train, "YT300": held_out, "A": a, "B": b}[part]


def main() -> int:
    """Print the names of a part, one per line."""
    parser = CommandLine(
        prog="python -m ltr_ext.dataset.splits",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("youtubevos", type=Path, help="the folder that holds 2019/train")
    parser.add_argument("--part", choices=PARTS, required=True, help="which sequences")
    args = parser.parse_args()
    print("\n".join(part_of(args.youtubevos / "2019" / "train" / "JPEGImages", args.part)))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
