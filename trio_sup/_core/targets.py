"""What can be run, with which arguments, and how it tells that it is ready."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import partial
from types import FunctionType, MappingProxyType
from typing import (
    Any,
    Final,
)
from weakref import WeakKeyDictionary

from trio_sup._core.checks import ChildSpecError

NO_KEYWORDS: Final[Mapping[str, object]] = MappingProxyType({})


def check_function(target: object, owner: object) -> None:
    """Check that a target is an async function, as far as one can tell.

    Raises:
        ChildSpecError: it is a coroutine, a plain function, or not callable.
    """
    if inspect.iscoroutine(target):
        target.close()
        name = target.__name__
        raise ChildSpecError(
            "target",
            target,
            f"the async function itself: child({name}, ...), not child({name}(...))",
            owner,
        )
    plain = inspect.unwrap(target) if callable(target) else target
    if (
        not callable(target)
        or (inspect.isfunction(plain) and not inspect.iscoroutinefunction(plain))
        # A class of which nothing comes that can be awaited: no server, no job.
        or (isinstance(target, type) and not hasattr(target, "__await__"))
    ):
        raise ChildSpecError(
            "target", target, "an async function or a GenServer subclass", owner
        )


def _signature(target: Callable[..., Any]) -> inspect.Signature:
    """Return the signature; that of a function or a class is looked up once.

    Whoever starts many children, or builds a tree again and again as tests do, pays
    for it each time otherwise.
    """
    if not isinstance(target, FunctionType | type):
        return inspect.signature(target)
    known = _signatures.get(target)
    if known is None:
        known = _signatures[target] = inspect.signature(target)
    return known


_signatures: WeakKeyDictionary[Callable[..., Any], inspect.Signature] = (
    WeakKeyDictionary()
)


def signals_ready(target: Callable[..., Any], ready: object) -> bool:
    """Whether a function is to be given `task_status` (rule 16 of how it is built)."""
    if ready == "signalled":
        return True
    if ready == "spawned":
        return False
    try:
        parameters = _signature(inspect.unwrap(target)).parameters
    except (TypeError, ValueError):
        return False
    return "task_status" in parameters


def check_arguments(
    target: Callable[..., Any],
    args: tuple[object, ...],
    owner: object,
    keywords: Mapping[str, object] = NO_KEYWORDS,
    *,
    needs_status: bool,
) -> None:
    """Bind the arguments now: a wrong call would crash every life.

    Raises:
        ChildSpecError: they do not fit the target's signature.
    """
    try:
        signature = _signature(target)
    except (TypeError, ValueError):
        return  # some callables have none; they are called as they are
    status = {"task_status": None} if needs_status else {}
    try:
        signature.bind(*args, **keywords, **status)
    except TypeError as error:
        given = (*args, dict(keywords)) if keywords else args
        raise ChildSpecError(
            "args", given, f"arguments that fit {signature} ({error})", owner
        ) from None


def unfold(
    target: Any, args: tuple[object, ...]
) -> tuple[Any, tuple[object, ...], Mapping[str, object]]:
    """Return target, args and keywords of a server that came in a `functools.partial`.

    A specification has the class itself as its target, by which servers are known. A
    function stays as it came.
    """
    inner = target
    while isinstance(inner, partial):
        inner = inner.func
    cls = origin_of(inner)
    if inner is target or not hasattr(cls, "__handlers__"):
        return target, args, NO_KEYWORDS
    # Python makes one of nested ones; a subclass of `partial` may be nested all the same.
    keywords: dict[str, object] = {}
    while isinstance(target, partial):
        args = (*target.args, *args)
        keywords = {**target.keywords, **keywords}
        target = target.func
    return cls, args, keywords


def origin_of(cls: Any) -> type[Any]:
    """Return the class behind a parametrised one: ``Cache[str, int]`` is `Cache`."""
    origin = typing.get_origin(cls)
    result: type[Any] = cls if origin is None else origin
    return result
