"""Print, for pip, the oldest versions that setup.py allows of what the tests need: the floor of every dependency.

    python requirements/oldest.py > oldest.txt
    pip install -r oldest.txt

`make test-oldest` runs the tests on them. A floor is a version that exists and that the whole suite passes with.
"""

from __future__ import annotations

import re
import runpy
from contextlib import chdir
from pathlib import Path
from typing import Any
from unittest.mock import patch

SETUP = Path(__file__).resolve().parent.parent / "setup.py"


def oldest_versions(requirements: list[str]) -> list[str]:
    """The floor of each requirement.

    Args:
        requirements: as in setup.py: `name>=floor,<limit` or `name==version`.

    Returns:
        `name==floor`, sorted.

    Raises:
        ValueError: a requirement has no floor.
    """
    floors = []
    for requirement in requirements:
        found = re.fullmatch(r"([A-Za-z0-9._-]+)(?:>=|==)([0-9][^,]*)(?:,<[0-9.]+)?", requirement)
        if found is None:
            raise ValueError(f"requirement {requirement!r} has no floor")
        floors.append(f"{found[1]}=={found[2]}")
    return sorted(floors)


def setup_arguments() -> dict[str, Any]:
    """What setup.py says, read by running it without installing anything."""
    with patch("setuptools.setup") as setup, chdir(SETUP.parent):
        runpy.run_path(str(SETUP))
    return dict(setup.call_args.kwargs)


if __name__ == "__main__":
    said = setup_arguments()
    print("\n".join(oldest_versions([*said["install_requires"], *said["extras_require"]["test"]])))
