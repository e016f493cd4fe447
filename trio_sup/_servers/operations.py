"""Operations: what `@call` and `@cast` make of a method.

Class access yields the operation (`Counter.add`, for `ref.call(Counter.add, 2)`),
instance access the bound method, so that `super().add(n)` and plain calls inside the
server keep working. An operation is a name plus the class that declared it; a server
dispatches by name on its own type, so a subclass may override it.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    TypeGuard,
    TypeVar,
    overload,
)

from trio_sup._servers.handlers import Handler, Operation
from trio_sup._servers.shapes import Shape

if TYPE_CHECKING:
    from trio_sup._servers.callbacks import ServerBase
    from trio_sup._servers.messages import Caller

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S", bound="ServerBase")
S_co = TypeVar("S_co", bound="ServerBase", covariant=True)
S_contra = TypeVar("S_contra", bound="ServerBase", contravariant=True)


class Call(Operation, Generic[S_contra, P, R_co]):
    """A request with an answer; give it to `ServerRef.call`."""

    kind = "call"
    _signature: Callable[Concatenate[S_contra, P], Awaitable[R_co]]

    def __init__(
        self,
        fn: Callable[..., Awaitable[Any]],
        *,
        raises: tuple[type[Exception], ...] = (),
        deferred: bool = False,
    ) -> None:
        _check_async(fn, self.kind)
        super().__init__(fn)
        self.raises = raises
        self.deferred = deferred
        self.shape: Shape = Shape(fn, 2 if deferred else 1)


class Cast(Operation, Generic[S_contra, P]):
    """A message without an answer; give it to `ServerRef.cast`."""

    kind = "cast"
    raises: tuple[type[Exception], ...] = ()
    deferred: bool = False
    _signature: Callable[Concatenate[S_contra, P], Awaitable[None]]

    def __init__(self, fn: Callable[..., Awaitable[Any]]) -> None:
        _check_async(fn, self.kind)
        super().__init__(fn)
        self.shape: Shape = Shape(fn, 1)


def _check_async(fn: Callable[..., Awaitable[Any]], kind: str) -> None:
    if not inspect.iscoroutinefunction(inspect.unwrap(fn)):
        name = getattr(fn, "__qualname__", repr(fn))
        raise TypeError(f"@{kind} needs an async method: write `async def {name}(...)`")


if TYPE_CHECKING:
    # What the decorators return, as checkers see it. It is the operation itself: see
    # `Operation` for what a class and an instance give of it.

    class CallMethod(Generic[S_co, P, R_co]):
        """A method decorated with `@call`."""

        def __init__(
            self,
            fn: Callable[..., Awaitable[Any]],
            *,
            raises: tuple[type[Exception], ...] = (),
            deferred: bool = False,
        ) -> None: ...
        @overload
        def __get__(
            self: CallMethod[S, P, R], obj: None, owner: type[Any]
        ) -> Call[S, P, R]: ...
        @overload
        def __get__(
            self, obj: object, owner: type[Any]
        ) -> Callable[P, Awaitable[R_co]]: ...
        def __get__(self, obj: Any, owner: Any) -> Any: ...

    class CastMethod(Generic[S_co, P]):
        """A method decorated with `@cast`."""

        def __init__(self, fn: Callable[..., Awaitable[Any]]) -> None: ...
        @overload
        def __get__(
            self: CastMethod[S, P], obj: None, owner: type[Any]
        ) -> Cast[S, P]: ...
        @overload
        def __get__(
            self, obj: object, owner: type[Any]
        ) -> Callable[P, Awaitable[None]]: ...
        def __get__(self, obj: Any, owner: Any) -> Any: ...

else:
    CallMethod, CastMethod = Call, Cast


class CallDecorator:
    """What ``call(raises=...)`` returns."""

    def __init__(self, raises: tuple[type[Exception], ...]) -> None:
        self._raises = raises

    def __call__(
        self, fn: Callable[Concatenate[S, P], Awaitable[R]]
    ) -> CallMethod[S, P, R]:
        return CallMethod(fn, raises=self._raises)


class DeferredDecorator:
    """What ``call.deferred(raises=...)`` returns."""

    def __init__(self, raises: tuple[type[Exception], ...]) -> None:
        self._raises = raises

    def __call__(
        self, fn: Callable[Concatenate[S, Caller[R], P], Awaitable[None]]
    ) -> CallMethod[S, P, R]:
        return CallMethod(fn, raises=self._raises, deferred=True)


class _CallNamespace:
    """The decorator `call`, and `call.deferred` beside it."""

    @overload
    def __call__(
        self, fn: Callable[Concatenate[S, P], Awaitable[R]], /
    ) -> CallMethod[S, P, R]: ...
    @overload
    def __call__(self, *, raises: tuple[type[Exception], ...]) -> CallDecorator: ...
    def __call__(  # type: ignore[misc]  # the overloads bind S, P and R; this cannot
        self, fn: Any = None, /, *, raises: tuple[type[Exception], ...] = ()
    ) -> Any:
        """Make a method an operation that callers wait for.

        Args:
            fn: An async method of a `GenServer`.
            raises: Exception types that are an answer: the caller gets the
                exception, the server lives on, changes of state stay. Any other
                exception is a crash of the server.
        """
        decorator = CallDecorator(_checked(raises))
        return decorator if fn is None else decorator(fn)

    @overload
    def deferred(
        self, fn: Callable[Concatenate[S, Caller[R], P], Awaitable[None]], /
    ) -> CallMethod[S, P, R]: ...
    @overload
    def deferred(self, *, raises: tuple[type[Exception], ...]) -> DeferredDecorator: ...
    def deferred(  # type: ignore[misc]  # the overloads bind S, P and R; this cannot
        self, fn: Any = None, /, *, raises: tuple[type[Exception], ...] = ()
    ) -> Any:
        """Make a method a call that is answered later, by anybody.

        The method gets a `Caller` as its first argument and returns nothing; the
        client sees the type of ``caller.reply``'s argument.

        Args:
            fn: ``async def take(self, caller: Caller[R], *args) -> None``.
            raises: As for `call`.
        """
        decorator = DeferredDecorator(_checked(raises))
        return decorator if fn is None else decorator(fn)


call: _CallNamespace = _CallNamespace()
"""Makes a method of a `GenServer` an operation that callers wait for.

``@call``, or ``@call(raises=(NotFound,))``: exceptions of these types are an answer,
and the caller gets them; the server lives on, and changes of its state stay. Any other
exception is a crash of the server. ``@call.deferred`` is for an answer that comes later.
"""


def cast(fn: Callable[Concatenate[S, P], Awaitable[None]]) -> CastMethod[S, P]:
    """Make a method an operation that nobody waits for.

    What it raises is a crash of the server: there is nobody whom it could answer.

    Args:
        fn: An async method of a `GenServer`.
    """
    return CastMethod(fn)


def _checked(raises: object) -> tuple[type[Exception], ...]:
    if isinstance(raises, tuple):
        given = typing.cast("tuple[object, ...]", raises)
        types = [
            one for one in given if isinstance(one, type) and issubclass(one, Exception)
        ]
        if len(types) == len(given):
            return tuple(types)
    raise TypeError(f"raises must be a tuple of exception types, not {raises!r}")


def _is_operation(value: object) -> TypeGuard[Call[Any, ..., Any] | Cast[Any, ...]]:
    return isinstance(value, Call | Cast)


def handlers_of(cls: type[Any]) -> dict[Operation, Handler]:
    """Return, for each operation that a server class knows, its own handler.

    Raises:
        TypeError: an operation is overridden by an undecorated method, or a call
            by a cast or the other way round.
    """
    table: dict[Operation, Handler] = {}
    for base in cls.__mro__:
        for name, declared in vars(base).items():
            if not _is_operation(declared):
                continue
            own = inspect.getattr_static(cls, name)
            if not _is_operation(own) or type(own) is not type(declared):
                raise TypeError(
                    f"{cls.__qualname__}.{name} overrides the operation "
                    f"{declared.qualname} and must be decorated "
                    f"with @{declared.kind} as well"
                )
            table[declared] = Handler(
                name, own.fn, own.raises, own.deferred, own.kind == "call", own.shape
            )
    return table
