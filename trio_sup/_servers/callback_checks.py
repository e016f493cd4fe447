"""Callbacks that would fail when they are called, or never be: said with the class.

Else `terminate` without its argument is found out at the first end of a server, and a
`handle_call`, written from memory of OTP, never.
"""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import Any, Final

CALLED_WITH: Final[dict[str, tuple[str, ...]]] = {
    "init": (),
    "handle_info": ("message",),
    "terminate": ("exit",),
}
"""The callbacks, and what they are given beside `self`."""

NOT_HERE: Final = {
    "handle_call": "a request is a method of its own: `@call async def pop(self)`",
    "handle_cast": "a message is a method of its own: `@cast async def push(self, item)`",
    "code_change": "a class takes over the state of another in `migrate`",
}
"""Callbacks of OTP that nothing calls, and what stands for them."""


def check_callbacks(cls: type[Any]) -> None:
    """Refuse callbacks of a class itself that cannot work.

    Only plain functions are looked at: who builds them otherwise knows better.

    Raises:
        TypeError: one is not async, does not take what it is given, or is OTP's.
    """
    for name, given in CALLED_WITH.items():
        fn = vars(cls).get(name)
        if isinstance(fn, FunctionType):
            _check(cls, name, fn, given)
    for name, instead in NOT_HERE.items():
        if isinstance(vars(cls).get(name), FunctionType):
            raise TypeError(f"{cls.__qualname__}.{name}: nothing calls it; {instead}")


def _check(cls: type[Any], name: str, fn: FunctionType, given: tuple[str, ...]) -> None:
    shown = f"async def {name}({', '.join(('self', *given))})"
    if not inspect.iscoroutinefunction(inspect.unwrap(fn)):
        raise TypeError(f"{cls.__qualname__}.{name} is not async: write `{shown}`")
    try:
        inspect.signature(fn).bind(None, *given)
    except TypeError:
        why = "; child(...) gives its arguments to __init__" if name == "init" else ""
        raise TypeError(
            f"{cls.__qualname__}.{name} is called as `{shown}`{why}"
        ) from None
