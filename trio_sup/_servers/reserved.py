"""The names by which a server knows itself, kept from being taken by its class.

However a class makes an attribute of that name, in its body, by an annotation that a
`dataclass` reads, or in `__init__`, it is one message: a `TypeError`, as early as that
can be known.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, NoReturn, TypeVar

C = TypeVar("C", bound=type[Any])

RESERVED: Final = frozenset(
    {
        "continue_with",
        "every",
        "id",
        "idle_after",
        "key",
        "life",
        "monitor",
        "path",
        "ref",
        "send_after",
        "send_info_after",
        "supervisor",
    }
)
"""What a `GenServer` has of its own."""


def refuse(cls: type[Any], name: str) -> NoReturn:
    """Say that a name is taken.

    Raises:
        TypeError: always.
    """
    example = f"{cls.__name__.lower()}_{name}"
    raise TypeError(
        f"{cls.__qualname__}.{name}: reserved, a GenServer has this of its own; "
        f"call yours something else, such as {example!r}"
    )


def check_class(cls: type[Any]) -> None:
    """Refuse a class that defines or declares a name which its bases reserve.

    Raises:
        TypeError: it does.
    """
    above = (getattr(base, "__reserved__", ()) for base in cls.__bases__)
    reserved = frozenset[str]().union(*above)
    for name in sorted(reserved & {*vars(cls), *_declared(cls)}):
        refuse(cls, name)


def check_object(server: object, reserved: frozenset[str]) -> None:
    """Refuse an object with an attribute that hides what its class has.

    Raises:
        TypeError: it has one.
    """
    if not reserved.isdisjoint(vars(server)):
        refuse(type(server), min(reserved & vars(server).keys()))


def guarded(cls: C) -> C:
    """Let assignments to the properties of a class say that they are reserved."""
    for name in RESERVED:
        member = vars(cls)[name]
        if isinstance(member, property):
            setattr(cls, name, _Own(member.fget, doc=member.__doc__))
    return cls


class _Own(property):
    """A property whose assignment says whose it is."""

    def __set__(self, obj: object, value: object) -> None:
        refuse(type(obj), getattr(self.fget, "__name__", "?"))


def _declared(cls: type[Any]) -> list[str]:
    """The names that the annotations of a class make, as a `dataclass` reads them.

    An ``InitVar`` makes no attribute.
    """
    found = _annotations(cls)
    return [name for name, kind in found.items() if "InitVar" not in str(kind)]


def _annotations(cls: type[Any]) -> dict[str, object]:
    there: dict[str, object] = vars(cls).get("__annotations__") or {}
    # From Python 3.14 on they are worked out when asked for, which may fail but as text.
    if there or getattr(cls, "__annotate__", None) is None:
        return there
    annotationlib: Any = import_module("annotationlib")
    found: dict[str, object] = annotationlib.get_annotations(
        cls, format=annotationlib.Format.STRING
    )
    return found
