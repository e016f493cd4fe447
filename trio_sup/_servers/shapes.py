"""Which arguments an operation takes: asked before a message is queued.

A call with wrong arguments is its caller's mistake; found by the server, it would be a
crash, and the end of everybody else's calls.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final

MOST: Final = 8
"""How many numbers of arguments are known beforehand, of a handler that takes any."""

REMEMBERED: Final = 64
"""How many combinations that fit are remembered, of those with keywords."""

_VARIADIC: Final = inspect.CO_VARARGS


class Shape:
    """The arguments of one handler, without those that the library gives.

    Args:
        fn: The handler; None takes everything.
        given: How many arguments come from the library: the server and, if it answers
            later, the caller.
    """

    __slots__ = ("_fn", "_given", "_known", "_signature", "sizes")

    def __init__(self, fn: Callable[..., Any] | None = None, given: int = 1) -> None:
        self._fn = fn
        self._given = given
        self._signature: inspect.Signature | None = None
        # Numbers of positional arguments with names of others that were found to fit.
        self._known: set[tuple[int, tuple[str, ...]]] = set()
        self.sizes: frozenset[int] = _sizes(fn, given)
        """How many arguments fit for certain, if all are positional."""

    def check(
        self, what: str, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        """Refuse arguments that do not fit. What fits is worked out once.

        Args:
            what: What to call it.
            args: Those given by position.
            kwargs: Those given by name.

        Raises:
            TypeError: they do not fit.
        """
        combination = (len(args), tuple(kwargs))
        if self._fn is None or combination in self._known:
            return
        signature = self._signature
        if signature is None:
            try:
                # As it is called: a decorator may add arguments, and take others.
                signature = inspect.signature(self._fn, follow_wrapped=False)
            except (TypeError, ValueError):
                self._fn = None  # some callables have none
                return
            self._signature = signature
        try:
            signature.bind(*(None,) * self._given, *args, **kwargs)
        except TypeError as error:
            message = f"{what}{_without(signature, self._given)}: {error}"
        else:
            if len(self._known) < REMEMBERED:
                self._known.add(combination)
            return
        raise TypeError(message)


def _sizes(fn: Callable[..., Any] | None, given: int) -> frozenset[int]:
    """Read from a function's code what `inspect` would take long to find out."""
    if not isinstance(fn, FunctionType) or hasattr(fn, "__signature__"):
        return frozenset()
    code = fn.__code__
    if code.co_kwonlyargcount > len(fn.__kwdefaults__ or ()):
        return frozenset()  # some have to be given by name
    least = max(0, code.co_argcount - len(fn.__defaults__ or ()) - given)
    most = code.co_argcount - given
    if code.co_flags & _VARIADIC:
        most = max(most, least + MOST)
    return frozenset(range(least, most + 1))


def _without(signature: inspect.Signature, given: int) -> str:
    """Return a signature as the caller sees it."""
    parameters = list(signature.parameters.values())
    first = parameters[0].kind if parameters else None
    if first is not inspect.Parameter.VAR_POSITIONAL:
        parameters = parameters[given:]
    return str(inspect.Signature(parameters, return_annotation=inspect.Signature.empty))
