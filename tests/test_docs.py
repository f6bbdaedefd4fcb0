"""What README and docs name is there: links, files, modules, commands, and the arrows of the picture of the layers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "weights").glob("*.md"))
EVERYWHERE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)

OURS = ("ltr_ext", "tracker_ext", "minihost", "benchmarks", "tests", "requirements")
"""Folders whose modules `python -m` may name."""
WRITTEN_BY_THE_USER = {"settings/paths.toml"}


@EVERYWHERE
def test_every_link_leads_somewhere(page):
    assert [target for target in links(page) if not leads(page, target)] == []


def test_a_link_leads_to_every_page():
    reached = {(page.parent / target.partition("#")[0]).resolve() for page in PAGES for target in links(page)}
    assert [page.name for page in PAGES[1:] if page not in reached] == []


@EVERYWHERE
def test_every_file_that_is_named_exists(page):
    assert [name for name in named_files(page) if not exists(page, name)] == []


@EVERYWHERE
def test_every_module_that_is_named_exists(page):
    run = re.findall(r"python3? -m ([\w.]+)", page.read_text(encoding="utf-8"))
    used = re.findall(r"\b((?:ltr_ext|tracker_ext|benchmarks)\.[\w.]*\w)", page.read_text(encoding="utf-8"))
    ours = {name for name in (*run, *used) if name.split(".")[0] in OURS}
    assert sorted(name for name in ours if not is_module(name)) == []


@EVERYWHERE
def test_every_script_that_is_named_exists(page):
    scripts = set(re.findall(r"(?<![\w/])run_\w+\.py\b", page.read_text(encoding="utf-8")))
    assert sorted(name for name in scripts if not (ROOT / name).is_file()) == []


@EVERYWHERE
def test_every_make_target_that_is_named_exists(page):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"(?:`| {4}|&& )make ([a-z][\w-]*)", page.read_text(encoding="utf-8")))
    assert sorted(named - targets) == []


def test_the_makefile_tests_what_is_there():
    folders = re.findall(r"\btests/[\w/]+", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert len(folders) > 3
    assert [name for name in folders if not (ROOT / name).exists()] == []


def test_something_is_found():
    """The other tests are worth what these functions are worth."""
    readme, architecture = ROOT / "README.md", ROOT / "docs" / "architecture.md"
    assert "docs/boxes_to_masks.webp" in links(readme) and leads(readme, "docs/evaluation.md#how-good-it-is")
    assert not leads(readme, "docs/evaluation.md#how-bad-it-is") and not leads(readme, "docs/gone.md")
    assert "ltr_ext/losses/masks.py" in named_files(architecture) and not exists(architecture, "ltr_ext/gone.py")
    assert is_module("benchmarks.speed") and is_module("tracker_ext.segmentation")
    assert is_module("ltr_ext.dataset.splits.part_of") and not is_module("tracker_ext.gone")


def test_every_script_and_every_layer_is_in_the_picture():
    layers = {path.parent.name for path in (ROOT / "tracker_ext").glob("*/__init__.py")}
    rooms = {"tracker_handle" if name == "parameter" else name for name in layers}
    rooms |= {path.stem for path in ROOT.glob("run_*.py")}
    assert sorted(rooms - {name for arrow in arrows() for name in arrow}) == []


def test_arrows_of_the_picture_are_imports():
    """And every import between two of its rooms runs along arrows, if by way of other rooms."""
    drawn = set(arrows())
    assert len(drawn) > 20
    assert sorted(drawn - imports()) == []
    rooms = {room for arrow in drawn for room in arrow}
    between = {(above, below) for above, below in imports() if above in rooms and below in rooms}
    assert sorted((above, below) for above, below in between if below not in reached(above, drawn)) == []


def links(page: Path) -> list[str]:
    """Targets of the links of a page that stay in the repository."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def leads(page: Path, target: str) -> bool:
    """Whether a link leads to a file, and, behind #, to a heading in it."""
    name, _, heading = target.partition("#")
    path = page.parent / name if name else page
    return path.exists() and (not heading or heading in headings(path))


@cache
def headings(page: Path) -> set[str]:
    """The headings of a page, as a link names them."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in found}


def named_files(page: Path) -> list[str]:
    """Paths in the repository that the text names, with or without an example of a command around them."""
    text = page.read_text(encoding="utf-8")
    folders = "ltr_ext|tracker_ext|minihost|benchmarks|tests|docs|weights|settings|requirements"
    whole = re.findall(rf"(?<![\w/.-])((?:{folders})/[\w./-]*\w)", text)
    parts = re.findall(r"`([\w/]+/\w+\.py)`", text)
    return sorted(name for name in {*whole, *parts} - WRITTEN_BY_THE_USER if not name.endswith("MODULE/NAME.py"))


def exists(page: Path, name: str) -> bool:
    """Whether there is such a file or folder: from the root, or, for a part of a path, anywhere."""
    return any((place / name).exists() for place in (ROOT, page.parent)) or any(
        path.as_posix().endswith(f"/{name}")
        for folder in ("ltr_ext", "tracker_ext")
        for path in (ROOT / folder).rglob("*")
    )


def is_module(name: str) -> bool:
    """Whether a dotted name is a module of ours, or something that one has."""
    path = ROOT / name.replace(".", "/")
    if path.with_suffix(".py").is_file() or path.is_dir():
        return True
    module, _, attribute = name.rpartition(".")
    file = ROOT / f"{module.replace('.', '/')}.py"
    return file.is_file() and re.search(rf"\b{attribute}\b", file.read_text(encoding="utf-8")) is not None


def arrows() -> Iterator[tuple[str, str]]:
    """(importing room, imported room) of the unbroken arrows of the picture."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = text[text.index("```mermaid") : text.index("```\n\n")]
    yield from re.findall(r"^ *(\w+)(?:\[[^]]*\])? --> (\w+)", picture, flags=re.MULTILINE)


@cache
def imports() -> frozenset[tuple[str, str]]:
    """Pairs of rooms: a folder or module of ours, an entry script, or the host."""
    found = set()
    files = [*ROOT.glob("run_*.py"), *(ROOT / "ltr_ext").rglob("*.py"), *(ROOT / "tracker_ext").rglob("*.py")]
    for path in files:
        above = room(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {(above, room(module)) for module in modules}
    return frozenset((above, below) for above, below in found if above and below and above != below)


def room(module: str) -> str:
    """What the picture calls the place of a module; empty for what is not ours."""
    first, _, rest = module.partition(".")
    if first in ("ltr", "pytracking"):
        return "host"
    if first in ("ltr_ext", "tracker_ext"):
        inner = rest.split(".")[0]
        if (first, inner) == ("ltr_ext", "export"):  # of checkpoints; tracker_ext has a layer of this name
            return "checkpoint_export"
        return "host_choice" if inner == "host" else "tracker_handle" if inner == "parameter" else inner
    return first if first.startswith("run_") else ""


def reached(start: str, drawn: set[tuple[str, str]]) -> set[str]:
    """Rooms to which arrows lead."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        above = waiting.pop()
        new = {below for first, below in drawn if first == above} - found
        found |= new
        waiting += new
    return found
