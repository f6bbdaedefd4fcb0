"""YT300: 300 sequences of the YouTube-VOS 2019 training set that training never sees (paper section 4.1).

The paper drew its 300 at random and did not publish them. Ours are the 300 names with the smallest SHA-256 of
"YT300:<name>": the same on every machine, and no list to lose.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ltr_ext.errors import UserError

NUM_HELD_OUT = 300


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
    ranked = sorted(names, key=lambda name: hashlib.sha256(f"YT300:{name}".encode()).hexdigest())
    held_out = ranked[: min(num_held_out, len(names) // 3)]
    return sorted(set(names) - set(held_out)), sorted(held_out)
