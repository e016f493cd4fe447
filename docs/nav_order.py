"""Puts the sections of the documentation in reading order.

MkDocs derives the navigation from the folders and sorts it by name; a reader
wants the tutorial before the reference.
"""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation

SECTIONS = ["tutorial", "how-to", "explanation", "reference", "decisions"]


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Sort the top level: pages that open it, the sections, the rest."""
    del config, files
    nav.items.sort(key=_rank)
    return nav


def _rank(item: object) -> int:
    folder = _folder(item)
    if folder in SECTIONS:
        return 1 + SECTIONS.index(folder)
    if getattr(item, "is_homepage", False):
        return 0
    return 1 + len(SECTIONS)


def _folder(item: object) -> str:
    """Return the folder that a section was made from, or an empty string."""
    for child in getattr(item, "children", None) or ():
        file = getattr(child, "file", None)
        if file is not None:
            return str(file.src_uri).split("/", 1)[0]
        return _folder(child)
    return ""
