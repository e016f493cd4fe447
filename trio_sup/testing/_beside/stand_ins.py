"""For the length of a check some methods of the library's tell a judge what they do.

They are put in the place of the library's own when the first check begins, and taken
away when the last one ends: before and after that nothing of this is there, and nobody
pays. Which run is judged says a context variable, that all tasks of the run inherit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

from attrs import frozen
from trio.lowlevel import enable_ki_protection

Telling: TypeAlias = Callable[..., Any]
"""Takes the judge of the run, the library's own method, and the arguments."""


@frozen
class StandIn:
    """One method of the library's, and what tells of it."""

    owner: type[Any]
    name: str
    telling: Telling


@frozen
class Bench:
    """The judge of a run, and the thread in which that is."""

    judge: Any
    thread: int


present: ContextVar[Bench | None] = ContextVar("present judge", default=None)

_lock = threading.Lock()
_deep = 0
_own: list[tuple[StandIn, Any]] = []


@contextmanager
def stand_ins(all_of_them: Iterable[StandIn]) -> Generator[None]:
    """Have the stand-ins in place for the length of a block; blocks may nest."""
    global _deep
    with _lock:
        _deep += 1
        if _deep == 1:
            for each in all_of_them:
                _own.append((each, vars(each.owner)[each.name]))
                setattr(each.owner, each.name, _through(each, _own[-1][1]))
    try:
        yield
    finally:
        with _lock:
            _deep -= 1
            if _deep == 0:
                while _own:
                    each, original = _own.pop()
                    setattr(each.owner, each.name, original)


def _through(each: StandIn, original: Any) -> Any:
    telling = each.telling

    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        bench = present.get()
        if bench is None or bench.thread != threading.get_ident():
            return original(self, *args, **kwargs)
        return telling(bench.judge, original, self, *args, **kwargs)

    method.__name__ = method.__qualname__ = each.name
    method.__doc__ = original.__doc__
    return enable_ki_protection(method)


@contextmanager
def judged(judge: Any) -> Generator[None]:
    """Let a judge hear of what happens in a run that begins in this block."""
    token = present.set(Bench(judge, threading.get_ident()))
    try:
        yield
    finally:
        present.reset(token)
