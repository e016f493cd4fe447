"""The border to user code: Ctrl-C may interrupt it, unlike the library's own."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

from trio.lowlevel import disable_ki_protection

P = ParamSpec("P")
T = TypeVar("T")


@disable_ki_protection
async def enter_user(
    fn: Callable[..., Awaitable[Any]], *args: object, **kwargs: object
) -> Any:
    """Enter an async function of the user's."""
    return await fn(*args, **kwargs)


@disable_ki_protection
def call_user(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
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
