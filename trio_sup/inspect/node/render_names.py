"""The names that a program gives to its values, read without running its code."""

from __future__ import annotations

import types
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import evolve, frozen

from trio_sup.inspect.node.render_leaves import instance_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from trio_sup.inspect.node.secret_names import SecretNames

_MRO: Final[Any] = type.__dict__["__mro__"]
_CLASS_DICT: Final[Any] = type.__dict__["__dict__"]
_TUPLE_ITER: Final[Any] = tuple.__dict__["__iter__"]
_WRAPPINGS: Final = 20
"""Decorators around a function that are looked through."""
_VARARGS, _VARKEYWORDS = 0x04, 0x08
_LONGEST: Final = 1000
_NAME_KEYS: Final = frozenset({"name", "key", "header", "field", "option", "variable"})
_VALUE_KEYS: Final = frozenset({"value", "val", "content", "data", "default", "text"})


@frozen
class Parameters:
    """What a function calls its arguments, as far as that is known."""

    positional: tuple[str, ...] = ()
    by_keyword: tuple[str, ...] = ()
    rest: str = ""
    """The name behind ``*``."""
    keywords: str = ""
    """The name behind ``**``."""
    all_of: str = ""
    """A name that stands for every argument: that of the operation."""

    def names(self, count: int) -> list[str]:
        """A name for each positional argument, empty where none is known."""
        known = self.positional[:count]
        return [*known, *[self.rest] * (count - len(known))]

    def name_for(self, keyword: str, secrets: SecretNames) -> str:
        """What decides about a keyword argument: the name behind ``**`` may."""
        among_others = self.keywords and keyword not in self.by_keyword
        hidden = among_others and secrets.hides(self.keywords)
        return self.keywords if hidden else keyword


UNKNOWN: Final = Parameters()


def parameters_of(function: object, op: str = "") -> Parameters:
    """The parameters of a method, without its first one.

    Looks through partial objects, bound methods and what says `__wrapped__`.

    Args:
        function: What is called, or the descriptor that stands in the class.
        op: The name of the operation, which may say that all of it is secret.
    """
    found = _function(function)
    if found is None:
        return Parameters(all_of=op)
    code = found.__code__
    names, count = code.co_varnames, code.co_argcount
    known = after = count + code.co_kwonlyargcount
    rest = names[after] if code.co_flags & _VARARGS else ""
    after += bool(rest)
    keywords = names[after] if code.co_flags & _VARKEYWORDS else ""
    return Parameters(names[1:count], names[1:known], rest, keywords, op)


def parameters_of_member(kind: type, op: str) -> Parameters | None:
    """The parameters of an operation of a server's class, None if it has none."""
    member = member_of(kind, op)
    if member is None:
        return None
    found = parameters_of(member, op)
    if instance_dict(member).get("deferred") is True:
        # Such a handler is given its caller first, which is no argument.
        return evolve(found, positional=found.positional[1:])
    return found


def _function(value: object) -> types.FunctionType | None:
    for _ in range(_WRAPPINGS):
        kind = type(value)
        if kind is types.MethodType:
            value = cast("types.MethodType", value).__func__
            continue
        inside = instance_dict(value)
        inner = inside.get("__wrapped__", inside.get("fn"))
        if inner is None:
            return cast("Any", value) if kind is types.FunctionType else None
        value = inner
    return None


def member_of(kind: type, name: str) -> object | None:
    """What stands under a name in a class or the nearest of its bases."""
    for cls in _MRO.__get__(kind):
        names = _CLASS_DICT.__get__(cls)
        if name in names:
            return cast("object", names[name])
    return None


def declared_fields(kind: type) -> list[str]:
    """The names of a named tuple's items."""
    fields = member_of(kind, "_fields")
    if type(fields) is not tuple or not issubclass(kind, tuple):
        return []
    return [name if type(name) is str else "" for name in cast("Any", fields)]


def hidden_fields(kind: type) -> Collection[str]:
    """The attributes that a dataclass, or attrs, keeps out of the class's `repr`."""
    hidden: set[str] = set()
    plain = member_of(kind, "__dataclass_fields__")
    if type(plain) is dict:
        for name, field in islice(cast("dict[object, Any]", plain).items(), 1000):
            if isinstance(name, str) and _slot(field, "repr") is False:
                hidden.add(name)
    attributes = member_of(kind, "__attrs_attrs__")
    if isinstance(attributes, tuple):
        # Not through a method of the object's own class.
        walk = cast("Callable[[object], Iterator[object]]", _TUPLE_ITER)
        for field in islice(walk(cast("object", attributes)), 1000):
            key, shown = _slot(field, "name"), _slot(field, "repr")
            # A function in its place is there to hide something.
            if isinstance(key, str) and shown is not True and shown is not None:
                hidden.add(key)
    return hidden


def _slot(field: object, name: str) -> object:
    member = member_of(type(field), name)
    if type(member) is not types.MemberDescriptorType:
        return None
    try:
        return member.__get__(field)
    except AttributeError:
        return None


def name_text(value: object) -> str:
    """A name that may be text or bytes; empty for anything else."""
    # Exact slices, whatever a subclass does.
    if issubclass(type(value), str):
        return str.__getitem__(cast("str", value), slice(0, _LONGEST))
    if issubclass(type(value), bytes):
        return bytes.__getitem__(cast("bytes", value), slice(0, _LONGEST)).decode(
            "latin-1"
        )
    return ""


def pair_name(
    items: Sequence[tuple[str, object]], secrets: SecretNames
) -> Collection[str]:
    """The keys of values whose name is kept beside them.

    As in ``{"name": "DB_PASSWORD", "value": "…"}``.
    """
    for key, value in items:
        if key.lower() in _NAME_KEYS:
            name = name_text(value)
            if name and secrets.hides(name):
                return [key for key, _ in items if key.lower() in _VALUE_KEYS]
    return ()
