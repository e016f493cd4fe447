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

import types
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from attrs import define

from trio_sup._children.record import Child
from trio_sup.inspect.node.masking import REDACTED
from trio_sup.inspect.node.render_leaves import (
    MAX_STRING,
    MORE,
    class_name,
    cut,
    instance_dict,
    leaf,
)
from trio_sup.inspect.node.render_names import (
    UNKNOWN,
    Parameters,
    declared_fields,
    hidden_fields,
    name_text,
    pair_name,
)
from trio_sup.inspect.node.secret_names import DEFAULT, SecretNames

__all__ = [
    "REDACTED",
    "attributes_of",
    "render",
    "render_attributes",
    "render_call",
    "render_line",
]

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

MAX_DEPTH: Final = 6
MAX_ITEMS: Final = 40
"""Items of one container, attributes of one object."""
MAX_VALUES: Final = 1500
"""Values in one text, all depths together."""
WIDTH: Final = 88
"""What does not fit into one line of this width is broken over several."""


_MRO: Final[Any] = type.__dict__["__mro__"]
_CLASS_DICT: Final[Any] = type.__dict__["__dict__"]
_HANDLE: Final[type[Any]] = Child  # with a value of any type
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


def render(value: object, *, width: int = WIDTH, secrets: SecretNames = DEFAULT) -> str:
    """The value as text; several lines where it is long.

    Never raises for what a value is, and runs none of its code.
    """
    return "\n".join(_layout(_Renderer(secrets).piece(value), width))


def render_line(value: object, limit: int) -> str:
    """The value as one line of at most `limit` characters."""
    return cut(flat(_Renderer(DEFAULT, max_values=200).piece(value)), limit)


def render_call(
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    parameters: Parameters = UNKNOWN,
    *,
    secrets: SecretNames = DEFAULT,
) -> str:
    """Arguments as they would stand in a call, in one line.

    Args:
        args: The positional ones.
        kwargs: The others.
        parameters: What the called function calls them.
        secrets: Which names hide their values.
    """
    renderer = _Renderer(secrets, max_values=200)
    given = list(islice(args, MAX_ITEMS))
    names = parameters.names(len(given))
    if parameters.all_of and secrets.hides(parameters.all_of):
        given, kwargs = [_Hidden] * len(given), dict.fromkeys(kwargs, _Hidden)
    parts = [
        ("", renderer.under(name, arg, 1))
        for name, arg in zip(names, given, strict=True)
    ]
    rest = [
        (name, _Hidden if _hidden_as(parameters, name, secrets) else value)
        for name, value in islice(kwargs.items(), MAX_ITEMS)
    ]
    parts += renderer.named(rest, "=", 1)
    if len(args) > MAX_ITEMS or len(kwargs) > MAX_ITEMS:
        parts.append(("", MORE))
    return flat(Group("(", parts, ")"))


def _hidden_as(parameters: Parameters, name: str, secrets: SecretNames) -> bool:
    return secrets.hides(parameters.name_for(name, secrets))


def render_attributes(
    state: Mapping[str, object],
    *,
    width: int = WIDTH,
    secrets: SecretNames = DEFAULT,
    hidden: Collection[str] = (),
) -> tuple[str, bool]:
    """One attribute a line, secrets left out, and whether something is missing.

    Args:
        state: The attributes.
        width: Of a line.
        secrets: Which names hide their values.
        hidden: Attributes that their class keeps from being shown.
    """
    renderer = _Renderer(secrets)
    lines: list[str] = []
    known = islice(state.items(), 200)
    for name, piece in renderer.named(known, " = ", 1, hidden):
        lines += _layout(piece, width, name)
    missing = len(state) > 200
    if missing:
        lines.append(MORE)
    return "\n".join(lines), missing or renderer.left <= 0


class _Renderer:
    """Makes the pieces of one text; counts the values."""

    def __init__(self, secrets: SecretNames, max_values: int = MAX_VALUES) -> None:
        self.secrets = secrets
        self.left: int = max_values
        self._path: set[int] = set()

    def piece(self, value: object, depth: int = 0) -> Piece:
        self.left -= 1
        if self.left < 0:
            return MORE
        kind = type(value)
        if value is _Hidden:
            return REDACTED
        simple = _of_library(value, kind) or leaf(value, kind, self.secrets)
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

    def under(self, name: str, value: object, depth: int) -> Piece:
        """A value that has a name: nothing of it, if that is a secret's."""
        if name and self.secrets.hides(name, value):
            return REDACTED
        return self.piece(value, depth)

    def named(
        self,
        items: Iterable[tuple[str, object]],
        between: str,
        depth: int,
        hidden: Collection[str] = (),
    ) -> list[tuple[str, Piece]]:
        """Names with their values; secrets lose theirs."""
        known = list(items)
        beside = pair_name(known, self.secrets)
        found: list[tuple[str, Piece]] = []
        for name, value in known:
            shown = cut(name, MAX_STRING) + between
            if name in hidden or name in beside:
                found.append((shown, REDACTED))
            else:
                found.append((shown, self.under(name, value, depth)))
        return found

    def _container(self, value: Any, kind: Any, depth: int) -> Piece:
        for base, opening, closing in _SEQUENCES:
            if issubclass(kind, base):
                if kind is not base:
                    opening, closing = f"{class_name(kind)}({opening}", f"{closing})"
                size = base.__len__(value)
                items = islice(base.__iter__(value), MAX_ITEMS)
                parts = self._items(list(items), kind, depth)
                if kind is tuple and size == 1:
                    closing = ",)"
                return Group(opening, _more(parts, size), closing)
        if issubclass(kind, dict):
            return self._dict(value, kind, depth)
        if issubclass(kind, BaseException):
            args = _EXCEPTION_ARGS.__get__(value)
            parts = self._items(list(islice(args, MAX_ITEMS)), kind, depth)
            return Group(f"{class_name(kind)}(", parts, ")")
        return self._object(value, kind, depth)

    def _dict(self, value: Any, kind: Any, depth: int) -> Piece:
        parts: list[tuple[str, Piece]] = []
        entries: list[tuple[object, object]] = list(
            islice(_DICT.items(value), MAX_ITEMS)
        )
        beside = pair_name([(name_text(k), item) for k, item in entries], self.secrets)
        for key, item in entries:
            shown = flat(self.piece(key, depth))
            hidden = name_text(key) in beside or self._hidden_by(key, item)
            inner = REDACTED if hidden else self.piece(item, depth)
            parts.append((f"{shown}: ", inner))
        opening, closing = "{", "}"
        if kind is not dict:
            opening, closing = f"{class_name(kind)}({{", "})"
        return Group(opening, _more(parts, _DICT.__len__(value)), closing)

    def _hidden_by(self, key: object, item: object) -> bool:
        """Whether a key, or a part of it, stands for a secret."""
        if self.secrets.hides(name_text(key), item):
            return True
        # As it is written: the name of an enum's member, the parts of a tuple.
        return type(key) is not str and self.secrets.hides(
            flat(_Renderer(self.secrets, 20).piece(key)), item
        )

    def _items(
        self, items: list[object], kind: type, depth: int
    ) -> list[tuple[str, Piece]]:
        """The items of a sequence, under the names that its class gives them."""
        names = declared_fields(kind)
        if not names and len(items) == 2 and self.secrets.hides(name_text(items[0])):
            names = ["", name_text(items[0])]  # As headers, and options, are kept.
        names += [""] * (len(items) - len(names))
        for index, item in enumerate(items[:-1]):
            option = name_text(item)  # A command line: its value comes behind it.
            if option.startswith("-") and "=" not in option and not names[index + 1]:
                names[index + 1] = option
        return [
            ("", self.under(name, item, depth))
            for name, item in zip(names, items, strict=False)
        ]

    def _object(self, value: object, kind: type, depth: int) -> Piece:
        known = islice(attributes_of(value), MAX_ITEMS + 1)
        parts = self.named(known, "=", depth, hidden_fields(kind))
        if not parts:
            return f"<{class_name(kind)}>"
        return Group(f"{class_name(kind)}(", _more(parts[:MAX_ITEMS], len(parts)), ")")


_Hidden: Final = object()
"""Stands for a value that is not to be seen."""

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
    if issubclass(kind, _HANDLE):
        return f"<{class_name(kind)} {cut(value.record.path_text, MAX_STRING)}>"
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
