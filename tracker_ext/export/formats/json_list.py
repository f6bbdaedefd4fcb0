"""Lists of json objects that are too long for the memory."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, TextIO


class JsonList:
    """A list of json objects, kept on the disk until it is known where they go."""

    def __init__(self, folder: Path) -> None:
        """Begin an empty list; its file in `folder` has no name."""
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8", dir=folder)  # noqa: SIM115
        self.count = 0

    def add(self, entry: dict[str, Any]) -> None:
        """Append an object."""
        self._file.write(f"{',' if self.count else ''}\n{json.dumps(entry)}")
        self.count += 1

    def move_to(self, target: TextIO) -> None:
        """Write the objects, with commas between, and give up the list."""
        with self._file as file:
            file.seek(0)
            shutil.copyfileobj(file, target)

    def save(self, path: Path) -> None:
        """Write a json file of the list, and give it up."""
        with path.open("w", encoding="utf-8") as file:
            file.write("[")
            self.move_to(file)
            file.write("]\n")
