"""Makes a link of every code span that names something of the library.

A hook rather than hand work: pages stay readable, and no name is missed. What a span
leads to is decided by what the library has (`target_of`); `python -m tests.docs` holds
that each target stands in the reference.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import trio_sup
import trio_sup.events

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

PUBLIC: Final[frozenset[str]] = frozenset(import_module("trio_sup").__all__)
EVENTS: Final = frozenset(trio_sup.events.__all__) - PUBLIC

PLAIN: Final = ("reference/cli.md", "reference/inspector-protocol.md", "inspector/")
"""Pages on which a small word in code style is rather a command's or a key's."""

ONE_BY_ONE: Final = re.compile(
    r"""
    (?P<fence> ^[ ]*(?P<marks>`{3,}|~{3,}).*?^[ ]*(?P=marks)[ ]*$ )
    | (?P<line> ^(?:\#|!!!|\?\?\?).*?$ )
    | (?P<link> !?\[(?:[^\[\]]|\[[^\[\]]*\])*\](?:\([^)\s]*(?:\s"[^"]*")?\)|\[[^\]]*\]) )
    | (?P<long> ``+[^`].*?``+ )
    | `(?P<span> [^`\n]+ )`
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
NAME: Final = re.compile(
    r"@?(?:trio_sup\.)?(?P<event>events\.)?(?P<name>\w+)(?:\.(?P<member>\w+))?"
    r"(?P<call>\(.*\))?"
)


def on_page_markdown(
    markdown: str, *, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Called by MkDocs for each page."""
    del config, files
    return linked(markdown, page.file.src_uri)


def linked(markdown: str, path: str) -> str:
    """Return a page with its code spans linked."""

    def replace(found: re.Match[str]) -> str:
        target = None if found["span"] is None else target_of(found["span"], path)
        return found[0] if target is None else f"[{found[0]}][{target}]"

    return ONE_BY_ONE.sub(replace, markdown)


def targets(markdown: str, path: str) -> set[str]:
    """Return what the code spans of a page lead to."""
    spans = (found["span"] for found in ONE_BY_ONE.finditer(markdown))
    found = {target_of(span, path) for span in spans if span is not None}
    return {target for target in found if target is not None}


def target_of(span: str, path: str = "") -> str | None:
    """Return the entry of the reference that a code span names, or None."""
    found = NAME.fullmatch(span.strip())
    if found is None:
        return None
    name, member = found["name"], found["member"]
    if found["event"] or (name in EVENTS and member is None):
        return f"trio_sup.events.{name}" if name in trio_sup.events.__all__ else None
    if name not in PUBLIC:
        return None
    if member is not None:
        return _member(name, member)
    if name.islower() and found["call"] is None and path.startswith(PLAIN):
        return None
    return f"trio_sup.{name}"


@cache
def _member(name: str, member: str) -> str | None:
    if (name, member) == ("call", "deferred"):
        return "trio_sup.call.deferred"
    owner: Any = getattr(trio_sup, name)
    if not inspect.isclass(owner) or member.startswith("_"):
        return None
    for base in owner.__mro__:
        found = vars(base).get(member)
        is_told = isinstance(found, property) or inspect.isroutine(found)
        told = inspect.getdoc(found) if is_told else None
        if base.__name__ in PUBLIC and told and "not for users" not in told:
            return f"trio_sup.{base.__name__}.{member}"
    return f"trio_sup.{name}" if hasattr(owner, member) else None
