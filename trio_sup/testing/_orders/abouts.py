"""What is known of the functions that run: whose they are, and what their lines touch."""

from __future__ import annotations

import contextlib
import dis
import os
import sys
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Literal, TypeAlias

import trio

import trio_sup
from trio_sup.testing._orders.dpor import Footprint
from trio_sup.testing._orders.lines import lines_of

Whose: TypeAlias = Literal["user", "trio", "library", "standard", "harness", "none"]

_TRIO = os.path.dirname(trio.__file__) + os.sep
_OURS = os.path.dirname(trio_sup.__file__) + os.sep
_HARNESS = os.path.join(_OURS, "testing") + os.sep


class About:
    """What is known of a function."""

    __slots__ = ("_begin", "_lines", "_places", "code", "kind", "method")

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.kind: Whose = _kind(code.co_filename)
        self.method = code.co_varnames[:1] == ("self",)
        self._lines: Mapping[int, Footprint] | None = None
        self._places: dict[int, int] = {}
        self._begin: int | None = None

    @property
    def begin(self) -> int:
        """The place in the bytecode at which a call of it begins."""
        if self._begin is None:
            self._begin = next(
                (
                    instruction.offset
                    for instruction in dis.get_instructions(self.code)
                    if instruction.opname == "RESUME"
                ),
                0,
            )
        return self._begin

    def line(self, number: int) -> Footprint:
        """Return what a line touches."""
        if self._lines is None:
            self._lines = lines_of(self.code)
        return self._lines.get(number, _NOTHING)

    def line_at(self, offset: int) -> int:
        """Return the line of a place in the bytecode."""
        if not self._places:
            for first, end, line in self.code.co_lines():
                for place in range(first, end, 2):
                    self._places[place] = line or 0
        return self._places.get(offset, 0)


_NOTHING = Footprint()
# By identity: to compare functions takes longer. They are kept, so none gets another's.
_abouts: dict[int, About] = {}


def about(code: CodeType) -> About:
    """Return what is known of a function."""
    found = _abouts.get(id(code))
    if found is None:
        found = _abouts[id(code)] = About(code)
    return found


def _kind(file: str) -> Whose:
    if file.startswith("<attrs generated"):
        module = file.rpartition(" ")[2]
        if module.startswith("trio."):
            return "trio"
        if module.startswith("outcome."):
            return "none"
        return "library" if module.startswith("trio_sup.") else "user"
    if file.startswith(_TRIO):
        return "trio"
    if file.startswith(_OURS):
        return "harness" if file.startswith(_HARNESS) else "library"
    if file.startswith(_PLAIN) or file == contextlib.__file__:
        return "none"
    if "sortedcontainers" in file:  # Trio has it; others may
        return "standard"
    if "site-packages" in file:
        return "user"
    if file.startswith(("<frozen ", _STANDARD)):
        return "standard"
    return "user"


_STANDARD = os.path.dirname(os.__file__) + os.sep
# What Trio and the library are made with; it keeps nothing. Of installed packages, which
# may stand below the standard library, only these are not the user's.
_PLAIN = tuple(
    os.path.dirname(os.path.abspath(sys.modules[name].__file__ or "")) + os.sep
    for name in ("attr", "outcome")
)


def on_behalf_of(frame: FrameType) -> Whose:
    """Return for whom a function works: the standard library does it for others."""
    at: FrameType | None = frame
    while at is not None:
        kind = about(at.f_code).kind
        if kind != "standard":
            return kind
        at = at.f_back
    return "none"
