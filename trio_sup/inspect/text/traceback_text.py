"""A traceback for people: own frames stand out, those of libraries are folded. Pure.

It comes from the node as text, as Python wrote it. A group of one exception that only
Trio's nursery made is left out: what stands in it is what happened.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NURSERY: Final = "Exceptions from Trio nursery"
_FRAME: Final = re.compile(
    r'File "(?P<file>[^"]*)", line (?P<line>\d+)(?:, in (?P<name>.*))?'
)
_RULE: Final = re.compile(r"\+(?:-\+)?-{4,}(?: \d+ -+)?")
_LIBRARY: Final = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages)/(?P<package>[^/]+)"
    r"|(?:^|/)lib/python3[^/]*/(?P<module>[^/]+)"
    r"|(?:^|/)(?P<ours>trio_sup)/"
    r"|^<(?P<frozen>frozen [^>]*)>"
)


@frozen
class Frame:
    """One place of a traceback."""

    file: str
    line: int
    name: str
    code: tuple[str, ...]
    """The lines of it that were printed."""
    library: str
    """Which library it belongs to; empty for the program itself."""


@frozen
class Says:
    """A line that is no frame: what was raised, or how tracebacks hang together."""

    text: str


@frozen
class Folded:
    """Frames of libraries, one after the other."""

    frames: tuple[Frame, ...]

    @property
    def text(self) -> str:
        """How many, and whose."""
        number = len(self.frames)
        whose = ", ".join(dict.fromkeys(frame.library for frame in self.frames))
        return f"{number} library frame{'s' * (number != 1)}: {whose}"


def read_traceback(text: str) -> list[Frame | Says]:
    """The parts of a traceback, in the order in which they stand there."""
    lines = [_bare(line) for line in text.rstrip("\n").split("\n")]
    lines = [line for line in lines if not _RULE.fullmatch(line.strip())]
    found: list[Frame | Says] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        place = _FRAME.fullmatch(line.strip())
        if place is None:
            found.append(Says(line.rstrip()))
            continue
        depth = _depth(line)
        code: list[str] = []
        while at < len(lines) and _depth(lines[at]) > depth:
            code.append(lines[at].strip())
            at += 1
        name, file = place["name"] or "", place["file"]
        shown = tuple(each for each in code if each.strip("^~ "))
        found.append(Frame(file, int(place["line"]), name, shown, _library(file)))
    return _unwrapped(found)


def _bare(line: str) -> str:
    """A line without what Python draws around the members of a group."""
    start = line.lstrip()
    if start.startswith(("| ", "+ ")):
        return start[2:]
    return "" if start == "|" else line


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip()) if line.strip() else 0


def _library(file: str) -> str:
    found = _LIBRARY.search(file)
    if found is None:
        return ""
    named = next(name for name in found.groups() if name)
    return named.removesuffix(".py")


def _unwrapped(parts: list[Frame | Says]) -> list[Frame | Says]:
    """Without the group that a nursery put around a single exception."""
    for at, part in enumerate(parts):
        if isinstance(part, Says) and NURSERY in part.text and "(1 sub-" in part.text:
            inner = parts[at + 1 :]
            while inner and isinstance(inner[0], Says) and not inner[0].text.strip():
                inner = inner[1:]
            return _unwrapped(inner) if inner else parts
    return parts


def own_place(parts: Iterable[Frame | Says]) -> Frame | None:
    """The innermost frame of the program itself: where to look first."""
    own = [part for part in parts if isinstance(part, Frame) and not part.library]
    return own[-1] if own else None


def folded(parts: Iterable[Frame | Says]) -> Iterator[Frame | Says | Folded]:
    """The parts with the frames of libraries folded."""
    waiting: list[Frame] = []
    for part in parts:
        if isinstance(part, Frame) and part.library:
            waiting.append(part)
            continue
        if waiting:
            yield Folded(tuple(waiting))
            waiting = []
        yield part
    if waiting:
        yield Folded(tuple(waiting))
