"""Blocks made of generators: as contextlib's, with two of its faults mended.

A block that is entered a second time says so, where contextlib raises an
`AttributeError` of its own inside. And an exception that cannot be changed (a frozen
dataclass) passes as it is, where contextlib replaces it by its own failure to set the
traceback.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from functools import wraps
from types import TracebackType
from typing import Generic, ParamSpec, TypeVar

from trio.lowlevel import enable_ki_protection

from trio_sup._core.anatomy import before, is_a, set_traceback
from trio_sup._core.errors import entered_again

P = ParamSpec("P")
T_co = TypeVar("T_co", covariant=True)


class Block(Generic[T_co]):
    """What a function marked with `block` returns: a context manager for one use."""

    __slots__ = ("_entered", "_generator", "_name")

    def __init__(self, name: str, generator: Generator[T_co]) -> None:
        self._name = name
        self._generator = generator
        self._entered = False

    @enable_ki_protection
    def __enter__(self) -> T_co:
        if self._entered:
            raise entered_again(self._name)
        self._entered = True
        return next(self._generator)

    @enable_ki_protection
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        try:
            if error is None:
                next(self._generator)
            else:
                self._generator.throw(error)
        except StopIteration as end:
            return error is not None and end is not error
        except BaseException as raised:
            if error is not None and (raised is error or _is_stop(raised, error)):
                _without_our_frames(error, trace)
                return False
            raise
        raise RuntimeError(f"{self._name}(...) yields twice")


class AsyncBlock(Generic[T_co]):
    """What a function marked with `async_block` returns, for ``async with``."""

    __slots__ = ("_entered", "_generator", "_name")

    def __init__(self, name: str, generator: AsyncGenerator[T_co]) -> None:
        self._name = name
        self._generator = generator
        self._entered = False

    @enable_ki_protection
    async def __aenter__(self) -> T_co:
        if self._entered:
            raise entered_again(self._name)
        self._entered = True
        return await anext(self._generator)

    @enable_ki_protection
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        try:
            if error is None:
                await anext(self._generator)
            else:
                await self._generator.athrow(error)
        except StopAsyncIteration as end:
            return error is not None and end is not error
        except BaseException as raised:
            if error is not None and (raised is error or _is_stop(raised, error)):
                _without_our_frames(error, trace)
                return False
            raise
        raise RuntimeError(f"{self._name}(...) yields twice")


def _without_our_frames(error: BaseException, trace: TracebackType | None) -> None:
    set_traceback(error, trace)


def _is_stop(raised: BaseException, error: BaseException) -> bool:
    """Whether Python has wrapped the block's own stop of an iteration."""
    stop = is_a(error, (StopIteration, StopAsyncIteration))
    return stop and is_a(raised, RuntimeError) and before(raised)[0] is error


def block(function: Callable[P, Generator[T_co]]) -> Callable[P, Block[T_co]]:
    """Make a function that yields once into one that returns a block; a decorator."""

    @wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> Block[T_co]:
        return Block(function.__name__, function(*args, **kwargs))

    return make


def async_block(
    function: Callable[P, AsyncGenerator[T_co]],
) -> Callable[P, AsyncBlock[T_co]]:
    """The same for ``async with``; a decorator."""

    @wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> AsyncBlock[T_co]:
        return AsyncBlock(function.__name__, function(*args, **kwargs))

    return make
