"""Puts the documentation in reading order.

MkDocs derives the navigation from the folders and sorts it by name; a reader wants
the tutorial before the reference, and the first tree before the search for bugs.
The order of the sections stands here; inside of a section its index page, which links
to all the others, gives it.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation

SECTIONS = ["tutorial", "how-to", "applications", "inspector", "explanation"]
"""In this order, below the home page and above the single pages."""
LAST = ["reference"]


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Sort the top level, and each section as its index page does."""
    del files
    for item in nav.items:
        folder = _folder(item)
        if folder:
            linked = pages_in_order(Path(config.docs_dir) / folder)
            children = getattr(item, "children", None) or []
            children.sort(key=lambda page: _place(page, linked))
    nav.items.sort(key=_rank)
    return nav


def pages_in_order(section: Path) -> list[str]:
    """Return the pages that an index page links to in its folder, itself first."""
    text = (section / "index.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([a-z0-9-]+\.md)", text)
    return ["index.md", *dict.fromkeys(links)]


def _place(page: object, linked: list[str]) -> int:
    name = Path(str(page.file.src_uri)).name  # type: ignore[attr-defined]
    return linked.index(name) if name in linked else len(linked)


def _rank(item: object) -> int:
    folder = _folder(item)
    if folder in SECTIONS:
        return 1 + SECTIONS.index(folder)
    if folder in LAST:
        return 2 + len(SECTIONS) + LAST.index(folder)
    if getattr(item, "is_homepage", False):
        return 0
    return 3 + len(SECTIONS)  # the glossary and the changelog


def _folder(item: object) -> str:
    """Return the folder that a section was made from, or an empty string."""
    for child in getattr(item, "children", None) or ():
        file = getattr(child, "file", None)
        if file is not None:
            return str(file.src_uri).split("/", 1)[0]
        return _folder(child)
    return ""
