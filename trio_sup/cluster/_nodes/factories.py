"""Factories of children, known by name: what crosses is the name, never the code."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, cast

from trio_sup._core.specs import ChildSpec
from trio_sup.cluster._nodes.values import Signature, signature_of

P = ParamSpec("P")
H_co = TypeVar("H_co", covariant=True)

_factories: dict[str, ChildFactory[..., Any]] = {}


class ChildFactory(Generic[P, H_co]):
    """A function that describes a child, registered by `child_factory`."""

    def __init__(self, name: str, function: Callable[P, ChildSpec[Any]]) -> None:
        self.name: str = name
        self.function: Callable[P, ChildSpec[Any]] = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ChildSpec[Any]:
        """Describe a child, here."""
        made = self.function(*args, **kwargs)
        if not isinstance(cast("object", made), ChildSpec):
            raise TypeError(
                f"the factory {self.name!r} has to return a specification, "
                f"such as child(Room, 7), not {type(made).__name__}"
            )
        return made

    def __repr__(self) -> str:
        return f"<ChildFactory {self.name!r}>"

    @property
    def signature(self) -> Signature:
        """What its arguments are, as types; not for users."""
        return signature_of(self.function, deferred=False, bound=False)

    def bind(
        self, *args: P.args, **kwargs: P.kwargs
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return arguments as data; not for users.

        Raises:
            TypeError: they do not fit, or cannot cross.
        """
        inspect.signature(self.function).bind(*args, **kwargs)
        packed = self.signature.pack(args, kwargs)
        self.signature.unpack(*packed)  # as the other node does
        return packed

    def made_of(self, args: list[Any], kwargs: dict[str, Any]) -> ChildSpec[Any]:
        """Describe a child from data; not for users."""
        values, named = self.signature.unpack(args, kwargs)
        make = cast("Callable[..., ChildSpec[Any]]", self)
        return make(*values, **named)


def child_factory(
    name: str,
) -> Callable[[Callable[P, ChildSpec[H_co]]], ChildFactory[P, H_co]]:
    """Register a function that describes a child, under a name that all nodes know.

    A decorator, for a function at the top of a module that all nodes import. Another
    node gets the name and the arguments, as data by their annotations; nothing is
    pickled. Nodes that do not know the name are not asked to run such children.

    Args:
        name: What nodes of all versions of the program call it.

    Raises:
        ValueError: another function has that name in this process.
    """

    def register(function: Callable[P, ChildSpec[H_co]]) -> ChildFactory[P, H_co]:
        known = _factories.get(name)
        if known is not None and _source(known.function) != _source(function):
            raise ValueError(
                f"the factory {name!r} is {_place(known.function)} already, "
                f"so {_place(function)} needs another name"
            )
        factory = ChildFactory[P, H_co](name, function)
        _factories[name] = factory
        return factory

    return register


def _source(function: Callable[..., Any]) -> tuple[object, str]:
    # Not the module: a program that is started with -m may be imported again as itself.
    code = getattr(function, "__code__", function)
    file = getattr(code, "co_filename", function.__module__)
    return file, getattr(function, "__qualname__", "")


def _place(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{getattr(function, '__qualname__', function)}"


def factory_named(name: str) -> ChildFactory[..., Any] | None:
    """Return a registered factory."""
    return _factories.get(name)


def known_factories() -> tuple[str, ...]:
    """Return the names of all that are registered in this process."""
    return tuple(sorted(_factories))
