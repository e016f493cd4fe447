"""Operations by name, and how a server's own type answers them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import Factory, field, frozen

from trio_sup._core.hints import as_operation
from trio_sup._servers.shapes import Shape
from trio_sup._trio.protect import entering


def system_handler(name: str) -> Handler:
    """Return what stands for a system request where people look."""
    return Handler(name, _no_method, (), deferred=False, is_call=True)


async def _no_method() -> None:
    raise NotImplementedError  # Can't happen: it is served as its own `work`.


# A property gives itself to who asks the class, and what it gets to who asks an
# instance, both without a function of Python's: each message names its operation, and
# a `__get__` of ours took 1.1 k instructions instead of 0.4 k.
if TYPE_CHECKING:
    _Descriptor = object
else:
    _Descriptor = property


class Operation(_Descriptor):
    """What calls and casts have in common."""

    kind: ClassVar[str]
    name: str = "?"
    qualname: str = "?"

    def __init__(self, fn: Callable[..., Awaitable[Any]]) -> None:
        super().__init__(getattr(fn, "__get__", None))  # type: ignore[call-arg]
        self.fn = fn
        self.__doc__ = fn.__doc__
        self.__wrapped__ = fn

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name
        self.qualname = f"{owner.__qualname__}.{name}"

    def __repr__(self) -> str:
        return f"<{self.kind} {self.qualname}>"


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
    plain: bool = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: self.is_call and not self.deferred, True),
    )
    """Whether callers wait for what it returns: as most do."""
    # How many arguments, all of them positional, certainly fit: as a call that is
    # answered with what it returns, as a cast. For the hot paths, which ask the kind and
    # the number at once.
    call_fits: frozenset[int] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: self.shape.sizes if self.plain else _NONE, True),
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
        meant = as_operation(cls, op)
        raise TypeError(f"{cls.__qualname__} has no operation {op!r}{meant}")
    if handler.is_call is not is_call:
        right = "call" if handler.is_call else "cast"
        raise TypeError(f"{op.qualname} is a {right}: use {right} for it")
    return handler
