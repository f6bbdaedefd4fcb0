"""The photographs on which the lite settings train: the user's, or stills of the demo generator."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ltr_ext.data.synthetic.stills import StillCollection, collect_backgrounds, collect_stills
from ltr_ext.distributed import processes
from ltr_ext.paths import load_paths
from ltr_ext.text import counted
from ltr_ext.trainers.options import chosen_workspace

SOURCE_WEIGHTS = {"bsds_regions": 0.3, "ccp_garments": 0.3, "camvid": 0.5}
"""Relative weights of folders that are drawn less often, since they hold parts of objects, or similar scenes."""

DEMO_STILLS = 300
"""Number of pictures that are drawn if there are no photographs."""


@dataclass(frozen=True)
class Photographs:
    """The pictures of which synthetic video is made."""

    train: StillCollection
    held_out: StillCollection
    backgrounds: tuple[Path, ...]
    root: Path
    """The folder of the pictures with masks."""
    drawn: bool
    """Whether they are stills of the demo generator instead of photographs."""

    def facts(self) -> dict[str, int | str]:
        """The numbers of pictures and a digest of their names, which must be the same in a resumed run."""
        stills = [still.image_path.relative_to(self.root) for still in (*self.train.stills, *self.held_out.stills)]
        names = "\n".join(map(str, [*stills, *(path.name for path in self.backgrounds)]))
        return {
            "photographs": len(self.train.stills),
            "held_out": len(self.held_out.stills),
            "backgrounds": len(self.backgrounds),
            "hash_of_names": hashlib.sha256(names.encode(errors="surrogateescape")).hexdigest()[:12],
        }


def find_photographs(source_weights: Mapping[str, float] = SOURCE_WEIGHTS) -> Photographs:
    """The photographs in `images_dir`, or stills that the demo generator draws once into the workspace.

    Args:
        source_weights: see `collect_stills`.

    Raises:
        UserError: see `collect_stills`.
    """
    paths = load_paths()
    drawn = paths.images_dir is None
    root = paths.images_dir or (chosen_workspace() or paths.workspace_dir) / "demo_stills"
    if drawn:
        with processes().main_first():
            if not root.is_dir():
                from ltr_ext.demo.stills import write_demo_stills

                write_demo_stills(root, count=DEMO_STILLS, seed=0)
    return Photographs(
        collect_stills(root, held_out=False, source_weights=source_weights),
        collect_stills(root, held_out=True, source_weights=source_weights),
        collect_backgrounds(paths.backgrounds_dir),
        root,
        drawn,
    )


def announce(photographs: Photographs, further: str = "") -> None:
    """Print a line about the training data, in process 0 alone.

    Args:
        photographs: the pictures of which synthetic video is made.
        further: a description of other training data.
    """
    if not processes().is_main:
        return
    used = counted(len(photographs.train.stills), "drawn picture" if photographs.drawn else "photograph")
    line = f"trains on {used} from {photographs.root} ({len(photographs.held_out.stills):,} more held out)"
    if photographs.backgrounds:
        line += f", {counted(len(photographs.backgrounds), 'background')}"
    if further:
        line += f", {further}"
    if photographs.drawn:
        line += (
            "; drawn pictures show the machinery only: for good weights name a folder of photographs as images_dir in "
            f"{load_paths().source}"
        )
    print(line, flush=True)
