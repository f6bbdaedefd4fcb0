"""Fixed splits of the YouTube-VOS 2019 training set, the same on every machine: no list to lose.

YT300: 300 sequences that no training sees (paper section 4.1). A and B: the other sequences, 1 : 9; A has masks, B
boxes alone (section 4.2). The paper drew both at random and did not publish them. Ours rank the names by the SHA-256 of
"YT300:<name>" and of "A:<name>": the first 300 of the one, the first tenth (rounded) of the rest in the other.

    python -m ltr_ext.dataset.splits ~/data/YouTubeVOS --part A
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from ltr_ext.errors import CommandLine, UserError, run_command

NUM_HELD_OUT = 300
SHARE_OF_A = 0.1
PARTS = ("train", "YT300", "A", "B")


def split_yt300(frames_dir: Path, num_held_out: int = NUM_HELD_OUT) -> tuple[list[str], list[str]]:
    """Names of training and of held-out sequences, both sorted.

    Args:
        frames_dir: `<youtubevos_dir>/2019/train/JPEGImages`.
        num_held_out: 300; a smaller data set (fewer than three times as many sequences) gives up a third.

    Raises:
        UserError: the folder is missing or holds fewer than three sequences.
    """
    names = sorted(path.name for path in frames_dir.iterdir() if path.is_dir()) if frames_dir.is_dir() else []
    if len(names) < 3:
        raise UserError(
            f"YouTube-VOS {frames_dir}: {len(names)} sequences found; correct youtubevos_dir in the settings"
        )
    return _take(names, "YT300", min(num_held_out, len(names) // 3))


def split_a_b(names: list[str]) -> tuple[list[str], list[str]]:
    """The part with masks and the part with boxes (table 3), both sorted.

    Args:
        names: the training sequences, without YT300.

    Returns:
        A, a tenth of them but at least one, and B.
    """
    rest, chosen = _take(names, "A", max(round(SHARE_OF_A * len(names)), 1))
    return chosen, rest


def part_of(frames_dir: Path, part: str) -> list[str]:
    """Sorted names of one of `PARTS`; errors as `split_yt300`."""
    train, held_out = split_yt300(frames_dir)
    a, b = split_a_b(train)
    return {"train": train, "YT300": held_out, "A": a, "B": b}[part]


def _take(names: list[str], salt: str, count: int) -> tuple[list[str], list[str]]:
    """The names that stay, and the `count` whose hash is smallest."""
    ranked = sorted(names, key=lambda name: hashlib.sha256(f"{salt}:{name}".encode()).hexdigest())
    return sorted(ranked[count:]), sorted(ranked[:count])


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
