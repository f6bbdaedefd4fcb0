"""The photographs that the lite settings train on: the user's, or stills of the demo generator."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import settings as paths_settings
from ltr_ext.data.stills import StillCollection, collect_backgrounds, collect_stills
from ltr_ext.distributed import team

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


def find_photographs() -> Photographs:
    """Photographs of `images_dir`; without it, stills of the demo generator, drawn once into the workspace."""
    paths = paths_settings.load()
    root = paths.images_dir
    if root is None:
        root = paths.workspace_dir / "demo_stills"
        with team().leader_first():
            if not root.is_dir():
                logging.getLogger(__name__).info("images_dir is not set: rendering training stills into %s", root)
                _render_demo_stills(root)
    return Photographs(
        collect_stills(root, held_out=False, source_weights=SOURCE_WEIGHTS),
        collect_stills(root, held_out=True, source_weights=SOURCE_WEIGHTS),
        collect_backgrounds(paths.backgrounds_dir),
    )


def _render_demo_stills(root: Path) -> None:
    """Generated pictures with masks, for a machine without photographs."""
    from ltr_ext.demo.stills import write_demo_stills

    write_demo_stills(root, count=DEMO_STILLS, seed=0)
