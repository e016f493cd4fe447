"""Any Python value as text, without running a line of the program's own code.

A `repr` may raise, block the loop for a minute or return a gigabyte; so none is
called, and neither is any ``__len__``, ``__iter__``, ``__getattr__``,
``__class__`` or property. What a value holds is read by the built-in types' own
methods and by C-level descriptors. Types that are not known show their name and
their attributes.

Everything is bounded: depth, items of a container, characters of a string, and
the number of values in all.
"""

from __future__ import annotations

import re
import types
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from attrs import define

from trio_sup._child import Child
from trio_sup.inspect.render_leaves import (
    MAX_STRING,
    MORE,
    class_name,
    cut,
    instance_dict,
    leaf,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_DEPTH: Final = 6
MAX_ITEMS: Final = 40
"""Items of one container, attributes of one object."""
MAX_VALUES: Final = 1500
"""Values in one text, all depths together."""
WIDTH: Final = 88
"""What does not fit into one line of this width is broken over several."""

SECRET: Final = re.compile(
    r"pass(word|wd|phrase)?$|passw|secret|token|api_?key|credential|private_?key"
    r"|cookie|authorization|session_?id",
    re.IGNORECASE,
)
"""Attributes and keys with such names are never shown."""
REDACTED: Final = "<redacted>"

_MRO: Final[Any] = type.__dict__["__mro__"]
_CLASS_DICT: Final[Any] = type.__dict__["__dict__"]
_EXCEPTION_ARGS: Final[Any] = BaseException.__dict__["args"]
# Unbound methods of these read any subclass as the built-in type does.
_DICT: Final[Any] = dict

_MACHINERY: Final = frozenset(
    {"asyncio", "concurrent", "logging", "socket", "ssl", "threading", "trio"}
)
"""Packages whose objects are shown by name: their attributes say nothing."""


@define
class Group:
    """Something with parts: written in one line if it fits, else in several."""

    opening: str
    parts: list[tuple[str, Piece]]
    """Each with what stands before it."""
    closing: str


Piece: TypeAlias = "str | Group"


def render(value: object, *, width: int = WIDTH) -> str:
    """The value as text; several lines where it is long.

    Never raises for what a value is, and runs none of its code.
    """
    return "\n".join(_layout(_Renderer().piece(value), width))


def render_line(value: object, limit: int) -> str:
    """The value as one line of at most `limit` characters."""
    return cut(flat(_Renderer(max_values=200).piece(value)), limit)


def render_call(args: tuple[object, ...], kwargs: Mapping[str, object]) -> str:
    """Arguments as they would stand in a call, in one line."""
    renderer = _Renderer(max_values=200)
    parts = [("", renderer.piece(arg, 1)) for arg in islice(args, MAX_ITEMS)]
    parts += renderer.named(islice(kwargs.items(), MAX_ITEMS), "=", 1)
    if len(args) > MAX_ITEMS or len(kwargs) > MAX_ITEMS:
        parts.append(("", MORE))
    return flat(Group("(", parts, ")"))


def render_attributes(
    state: Mapping[str, object], *, width: int = WIDTH
) -> tuple[str, bool]:
    """One attribute a line, secrets left out, and whether something is missing."""
    renderer = _Renderer()
    lines: list[str] = []
    for name, piece in renderer.named(islice(state.items(), 200), " = ", 1):
        lines += _layout(piece, width, name)
    missing = len(state) > 200
    if missing:
        lines.append(MORE)
    return "\n".join(lines), missing or renderer.left <= 0


class _Renderer:
    """Makes the pieces of one text; counts the values."""

    def __init__(self, max_values: int = MAX_VALUES) -> None:
        self.left: int = max_values
        self._path: set[int] = set()

    def piece(self, value: object, depth: int = 0) -> Piece:
        self.left -= 1
        if self.left < 0:
            return MORE
        kind = type(value)
        simple = _of_library(value, kind) or leaf(value, kind)
        if simple is not None:
            return simple
        if depth >= MAX_DEPTH:
            return f"<{class_name(kind)} {MORE}>"
        if id(value) in self._path:
            return f"<{class_name(kind)}: itself>"
        self._path.add(id(value))
        try:
            return self._container(value, kind, depth + 1)
        finally:
            self._path.discard(id(value))

    def named(
        self, items: Iterable[tuple[str, object]], between: str, depth: int
    ) -> list[tuple[str, Piece]]:
        """Names with their values; secrets lose theirs."""
        found: list[tuple[str, Piece]] = []
        for name, value in items:
            shown = cut(name, MAX_STRING) + between
            secret = SECRET.search(name) is not None
            found.append((shown, REDACTED if secret else self.piece(value, depth)))
        return found

    def _container(self, value: Any, kind: Any, depth: int) -> Piece:
        for base, opening, closing in _SEQUENCES:
            if issubclass(kind, base):
                if kind is not base:
                    opening, closing = f"{class_name(kind)}({opening}", f"{closing})"
                size = base.__len__(value)
                items = islice(base.__iter__(value), MAX_ITEMS)
                parts = [("", self.piece(item, depth)) for item in items]
                if kind is tuple and size == 1:
                    closing = ",)"
                return Group(opening, _more(parts, size), closing)
        if issubclass(kind, dict):
            return self._dict(value, kind, depth)
        if issubclass(kind, BaseException):
            args = _EXCEPTION_ARGS.__get__(value)
            parts = [("", self.piece(arg, depth)) for arg in islice(args, MAX_ITEMS)]
            return Group(f"{class_name(kind)}(", parts, ")")
        return self._object(value, kind, depth)

    def _dict(self, value: Any, kind: Any, depth: int) -> Piece:
        parts: list[tuple[str, Piece]] = []
        for key, item in islice(_DICT.items(value), MAX_ITEMS):
            name = flat(self.piece(key, depth))
            secret = type(key) is str and SECRET.search(key) is not None
            shown: Piece = REDACTED if secret else self.piece(item, depth)
            parts.append((f"{name}: ", shown))
        opening, closing = "{", "}"
        if kind is not dict:
            opening, closing = f"{class_name(kind)}({{", "})"
        return Group(opening, _more(parts, _DICT.__len__(value)), closing)

    def _object(self, value: object, kind: type, depth: int) -> Piece:
        known = islice(attributes_of(value), MAX_ITEMS + 1)
        parts = self.named(known, "=", depth)
        if not parts:
            return f"<{class_name(kind)}>"
        return Group(f"{class_name(kind)}(", _more(parts[:MAX_ITEMS], len(parts)), ")")


_SEQUENCES: Final[tuple[tuple[Any, str, str], ...]] = (
    (list, "[", "]"),
    (tuple, "(", ")"),
    (set, "{", "}"),
    (frozenset, "frozenset({", "})"),
    (deque, "deque([", "])"),
)


def attributes_of(value: object) -> Iterator[tuple[str, object]]:
    """The attributes of any object, read past whatever its class defines."""
    kind: Any = type(value)
    for cls in _MRO.__get__(kind):
        for name, member in _slots_of(_CLASS_DICT.__get__(cls)):
            try:
                yield name, member.__get__(value)
            except (AttributeError, TypeError):
                pass
    yield from instance_dict(value).items()


def _slots_of(names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The slots of one class, in the order in which they were written."""
    found = {
        name: member
        for name, member in names.items()
        if type(member) is types.MemberDescriptorType
    }
    written = names.get("__slots__")
    if type(written) is tuple:
        for name in cast("tuple[object, ...]", written):
            if type(name) is str and name in found:
                yield name, found.pop(name)
    yield from found.items()


def _of_library(value: Any, kind: Any) -> str | None:
    """What machinery is shown as: its name; of a handle, whose it is."""
    if issubclass(kind, Child):
        return f"<{class_name(kind)} {cut(value.kid.path_text, MAX_STRING)}>"
    names = _CLASS_DICT.__get__(kind)
    module = names.get("__module__")
    root = module.partition(".")[0] if type(module) is str else ""
    if root in _MACHINERY or (root == "trio_sup" and "__attrs_attrs__" not in names):
        return f"<{class_name(kind)}>"
    return None


def _more(parts: list[tuple[str, Piece]], size: int) -> list[tuple[str, Piece]]:
    if size > len(parts):
        return [*parts, ("", f"{MORE} ({size} in all)")]
    return parts


# --- layout -------------------------------------------------------------------


def flat(piece: Piece) -> str:
    """A piece in one line."""
    if isinstance(piece, str):
        return piece
    inside = ", ".join(before + flat(part) for before, part in piece.parts)
    return f"{piece.opening}{inside}{piece.closing}"


def _layout(piece: Piece, width: int, before: str = "", indent: int = 0) -> list[str]:
    line = " " * indent + before + flat(piece)
    if isinstance(piece, str) or len(line) <= width or not piece.parts:
        return [line]
    lines = [" " * indent + before + piece.opening]
    if all(isinstance(part, str) and len(part) <= 24 for _, part in piece.parts):
        lines += _filled(piece, width, " " * (indent + 2))
        return [*lines, " " * indent + piece.closing]
    for name, part in piece.parts:
        inner = _layout(part, width, name, indent + 2)
        inner[-1] += ","
        lines += inner
    lines.append(" " * indent + piece.closing)
    return lines


def _filled(piece: Group, width: int, margin: str) -> Iterator[str]:
    """Small parts, as many on a line as fit."""
    line = margin
    for name, part in piece.parts:
        word = f"{name}{flat(part)},"
        if len(line) + len(word) > width and line != margin:
            yield line.rstrip()
            line = margin
        line += word + " "
    yield line.rstrip()
