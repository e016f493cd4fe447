"""Ctrl-C waits while the library works, and interrupts user code on the spot.

Trio raises a `KeyboardInterrupt` wherever it finds unprotected code. Between two lines
of bookkeeping that would be fatal: a request that is queued while its caller does not
wait yet, a waiter that nobody wakes. A mark on the code is all it takes; it costs
nothing until somebody presses Ctrl-C, which then comes at the next checkpoint of the
main task. What calls user code leaves the protection by `enter_user` or `call_user`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

from trio.lowlevel import disable_ki_protection, enable_ki_protection

C = TypeVar("C", bound=type[Any])
P = ParamSpec("P")
T = TypeVar("T")


def protected(cls: C) -> C:
    """Protect all methods that a class defines itself; a decorator.

    They must not call user code, but by `enter_user` or `call_user`.
    """
    for member in vars(cls).values():
        if isinstance(member, property):
            _mark(member.fget)
            _mark(member.fset)
        else:
            _mark(getattr(member, "__func__", member))  # of static and class methods
    return cls


def _mark(function: object) -> None:
    if inspect.isfunction(function):
        enable_ki_protection(function)


@disable_ki_protection
async def enter_user(
    fn: Callable[..., Awaitable[Any]], /, *args: object, **kwargs: object
) -> Any:
    """Enter an async function of the user's."""
    return await fn(*args, **kwargs)


@disable_ki_protection
def call_user(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Enter a plain function of the user's."""
    return fn(*args, **kwargs)


def entering(fn: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return what is as `enter_user` for one method, if possible without it.

    Marking the method's own frames saves a coroutine for each call. What a decorator
    made is not marked: it may share its code with others.
    """
    if inspect.iscoroutinefunction(fn) and not hasattr(fn, "__wrapped__"):
        return disable_ki_protection(fn)
    return partial(enter_user, fn)
