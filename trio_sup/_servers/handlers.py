"""Operations by name, and how a server's own type answers them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import (
    Any,
)

from attrs import Factory, field, frozen

from trio_sup._servers.shapes import Shape
from trio_sup._trio.protect import entering


def system_handler(name: str) -> Handler:
    """Return what stands for a system request where people look."""
    return Handler(name, _no_method, (), deferred=False, is_call=True)


async def _no_method() -> None:
    raise NotImplementedError  # Can't happen: it is served as its own `work`.


class Operation:
    """What calls and casts have in common."""

    __slots__ = ("name", "owner", "qualname")

    def __init__(self, owner: type[Any], name: str) -> None:
        self.owner: type[Any] = owner
        self.name: str = name
        self.qualname: str = f"{owner.__qualname__}.{name}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.qualname}>"


@frozen
class Handler:
    """How a server's own type answers an operation."""

    name: str
    fn: Callable[..., Awaitable[Any]]
    raises: tuple[type[Exception], ...]
    deferred: bool
    is_call: bool
    shape: Shape = Shape()
    """Which arguments it takes."""
    enter: Callable[..., Awaitable[Any]] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: entering(self.fn), takes_self=True),
    )
    """What the server's loop calls: `fn`, which Ctrl-C may interrupt."""
    # How many arguments, all of them positional, certainly fit: as a call, as a cast.
    # For the hot paths, which ask the kind and the number at once.
    call_fits: frozenset[int] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: self.shape.sizes if self.is_call else _NONE, True),
    )
    cast_fits: frozenset[int] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: _NONE if self.is_call else self.shape.sizes, True),
    )


_NONE: frozenset[int] = frozenset()


def fitting(
    cls: type[Any],
    op: Operation,
    args: tuple[object, ...],
    kwargs: dict[str, object],
    *,
    is_call: bool,
) -> Handler:
    """Return how a server class answers an operation with certain arguments.

    Raises:
        TypeError: as `handler_of`; or the arguments do not fit what answers it.
    """
    handler = handler_of(cls, op, is_call=is_call)
    handler.shape.check(f"{cls.__qualname__}.{handler.name}", args, kwargs)
    return handler


def handler_of(cls: type[Any], op: Operation, *, is_call: bool) -> Handler:
    """Return how a server class answers an operation.

    Raises:
        TypeError: the class does not know the operation, or it is of the other kind.
    """
    handlers: dict[Operation, Handler] = cls.__handlers__
    handler = handlers.get(op)
    if handler is None:
        raise TypeError(f"{cls.__qualname__} has no operation {op!r}")
    if handler.is_call is not is_call:
        right = "call" if handler.is_call else "cast"
        raise TypeError(f"{op.qualname} is a {right}: use {right} for it")
    return handler
