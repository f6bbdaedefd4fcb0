"""Fixed splits of the YouTube-VOS 2019 training set, the same on every machine.

YT300: the 300 sequences that no training sees (paper section 4.1), which pytracking publishes as "jjvalid"; the others
are its "jjtrain". A and B: the others, 1 : 9; A has masks, B boxes alone (section 4.2). Which these were was not
published. Ours rank the names by the SHA-256 of "A:<name>": A is the first tenth (rounded).

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
"""The same 300 names, sorted: those of `UPSTREAM_LIST` in visionml/pytracking 7eb9e74."""
SHARE_OF_A = 0.1
PARTS = ("train", "YT300", "A", "B")


def yt300_names() -> frozenset[str]:
    """The names of YT300: upstream's list where its tree is present, else our copy of it."""
    published = host.find("auto").home / UPSTREAM_LIST
    return frozenset((published if published.is_file() else OWN_LIST).read_text(encoding="utf-8").split())


def split_yt300(frames_dir: Path) -> tuple[list[str], list[str]]:
    """Names of training and of held-out sequences, both sorted.

    Args:
        frames_dir: `<youtubevos_dir>/2019/train/JPEGImages`; may hold a part of the data set.

    Raises:
        UserError: the folder is missing, or holds none of the one or none of the other.
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
    """The part with masks and the part with boxes (table 3), both sorted.

    Args:
        names: the training sequences, without YT300.

    Returns:
        A, a tenth of them but at least one, and B.
    """
    ranked = sorted(names, key=lambda name: hashlib.sha256(f"A:{name}".encode()).hexdigest())
    count = max(round(SHARE_OF_A * len(names)), 1)
    return sorted(ranked[:count]), sorted(ranked[count:])


def part_of(frames_dir: Path, part: str) -> list[str]:
    """Sorted names of one of `PARTS`; errors as `split_yt300`."""
    train, held_out = split_yt300(frames_dir)
    a, b = split_a_b(train)
    return {"train": train, "YT300": held_out, "A": a, "B": b}[part]


def main() -> int:
    """Print the names of a part, one a line."""
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
