"""The photographs that the lite settings train on: the user's, or stills of the demo generator."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ltr_ext.data.synthetic.stills import StillCollection, collect_backgrounds, collect_stills
from ltr_ext.distributed import processes
from ltr_ext.paths import load_paths
from ltr_ext.text import counted

SOURCE_WEIGHTS = {"bsds_regions": 0.3, "ccp_garments": 0.3, "camvid": 0.5}
"""Folders of regions or garments hold parts, not objects, and street scenes are all alike: drawn less often."""

DEMO_STILLS = 300
"""Pictures drawn where there are no photographs."""


@dataclass(frozen=True)
class Photographs:
    """What synthetic video is made of."""

    train: StillCollection
    held_out: StillCollection
    backgrounds: tuple[Path, ...]
    root: Path
    """Where the pictures with masks lie."""
    drawn: bool
    """Whether they are no photographs but stills of the demo generator."""

    def facts(self) -> dict[str, int | str]:
        """How many there are, and a digest of their names: what a resumed run must find again."""
        stills = [still.image_path.relative_to(self.root) for still in (*self.train.stills, *self.held_out.stills)]
        names = "\n".join(map(str, [*stills, *(path.name for path in self.backgrounds)]))
        return {
            "photographs": len(self.train.stills),
            "held_out": len(self.held_out.stills),
            "backgrounds": len(self.backgrounds),
            "hash_of_names": hashlib.sha256(names.encode(errors="surrogateescape")).hexdigest()[:12],
        }


def find_photographs(source_weights: Mapping[str, float] = SOURCE_WEIGHTS) -> Photographs:
    """Photographs of `images_dir`; without it, stills of the demo generator, drawn once into the workspace.

    Args:
        source_weights: see `collect_stills`.
    """
    paths = load_paths()
    drawn = paths.images_dir is None
    root = paths.images_dir or paths.workspace_dir / "demo_stills"
    if drawn:
        with processes().main_first():
            if not root.is_dir():
                _render_demo_stills(root)
    return Photographs(
        collect_stills(root, held_out=False, source_weights=source_weights),
        collect_stills(root, held_out=True, source_weights=source_weights),
        collect_backgrounds(paths.backgrounds_dir),
        root,
        drawn,
    )


def announce(photographs: Photographs, further: str = "") -> None:
    """Say in one line what a training sees; process 0 speaks.

    Args:
        photographs: what its synthetic video is made of.
        further: what it sees beside that.
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


def _render_demo_stills(root: Path) -> None:
    """Generated pictures with masks, for a machine without photographs."""
    from ltr_ext.demo.stills import write_demo_stills

    write_demo_stills(root, count=DEMO_STILLS, seed=0)
