"""Ctrl-C waits while the library works, and interrupts user code on the spot.

Trio raises a `KeyboardInterrupt` wherever it finds unprotected code. Between two lines
of bookkeeping that would be fatal: a request that is queued while its caller does not
wait yet, a waiter that nobody wakes. A mark on the code is all it takes; it costs
nothing until somebody presses Ctrl-C, which then comes at the next checkpoint of the
main task. What calls user code leaves the protection by `enter_user` or `call_user`.
"""

from __future__ import annotations

from inspect import isfunction
from typing import Any, TypeVar

from trio.lowlevel import enable_ki_protection

C = TypeVar("C", bound=type[Any])


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
    if isfunction(function):
        enable_ki_protection(function)
