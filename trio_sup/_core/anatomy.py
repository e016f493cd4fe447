"""What an exception is and is made of, asked without running any of its own code.

`isinstance` reads `__class__`, and a class may override that, `exceptions`, `split`,
`derive`, `__traceback__` or `__setattr__`. Whoever works out how a life ended must not
be at the mercy of the very exception that ended it. So here types are asked for by
`type`, and fields by the descriptors of Python's own classes; everything is a loop,
as groups nest deeper than the stack, and each member is looked at once, as one group
may stand in many places.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, TypeGuard, TypeVar, cast

E = TypeVar("E", bound=BaseException)

_exceptions: Any = BaseExceptionGroup.__dict__["exceptions"]
_message: Any = BaseExceptionGroup.__dict__["message"]
_cause: Any = BaseException.__dict__["__cause__"]
_context: Any = BaseException.__dict__["__context__"]
_traceback: Any = BaseException.__dict__["__traceback__"]
_name: Any = type.__dict__["__name__"]
_qualname: Any = type.__dict__["__qualname__"]
_module: Any = type.__dict__["__module__"]

_mro: Any = type.__dict__["__mro__"]
_dict: Any = type.__dict__["__dict__"]

SHOWN_NODES = 100
"""Of how many exceptions a traceback may tell and still be shown in full."""

SHOWN_DEPTH = 50
"""How deep groups may nest in it: what formats them is recursive."""

# What formatting reads of an exception, besides its own `__str__`.
_READ = frozenset(
    {
        "__bool__",
        "__cause__",
        "__class__",
        "__context__",
        "__getattribute__",
        "__len__",
        "__notes__",
        "__suppress_context__",
        "__traceback__",
        "exceptions",
    }
)


def is_a(error: object, kind: type[E] | tuple[type[E], ...]) -> TypeGuard[E]:
    """Whether `error` is of a class of exceptions, whatever its `__class__` says."""
    return issubclass(type(error), kind)


def class_name(value: object) -> str:
    """Return the name of an object's class, whatever its metaclass says."""
    name: str = _name.__get__(type(value))
    return name


def full_name(value: object) -> str:
    """Return the name of an object's class with its module, as it is imported."""
    module, name = _module.__get__(type(value)), _qualname.__get__(type(value))
    return f"{module}.{name}" if type(module) is str else str(name)


def is_group(
    error: BaseException,
) -> TypeGuard[BaseExceptionGroup[BaseException]]:
    """Whether this is an exception group, of whatever exceptions."""
    return issubclass(type(error), BaseExceptionGroup)


def members_of(error: BaseException) -> tuple[BaseException, ...] | None:
    """Return what a group holds, or None for an exception that is no group."""
    if not issubclass(type(error), BaseExceptionGroup):
        return None
    members: tuple[BaseException, ...] = _exceptions.__get__(error)
    return members


def traceback_of(error: BaseException) -> TracebackType | None:
    """Return the traceback."""
    trace: TracebackType | None = _traceback.__get__(error)
    return trace


def set_traceback(error: BaseException, trace: TracebackType | None) -> None:
    """Set the traceback, of a frozen exception too."""
    _traceback.__set__(error, trace)


def set_cause(error: BaseException, cause: BaseException | None) -> None:
    """Set the `__cause__`, of a frozen exception too."""
    _cause.__set__(error, cause)


def set_context(error: BaseException, context: BaseException | None) -> None:
    """Set the `__context__`, of a frozen exception too."""
    _context.__set__(error, context)


def before(error: BaseException) -> tuple[BaseException | None, BaseException | None]:
    """Return the `__cause__` and the `__context__`."""
    return _cause.__get__(error), _context.__get__(error)


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions in a (nested) group, in order, or the exception itself.

    One that stands in several places comes once.
    """
    if not is_group(error):
        yield error
        return
    seen: set[int] = set()
    todo: list[BaseException] = [error]
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        members = members_of(one)
        if members is None:
            yield one
        else:
            todo.extend(reversed(members))


def without(
    error: BaseException, kind: type[BaseException] | tuple[type[BaseException], ...]
) -> BaseException | None:
    """Return an exception without the leaves of a kind; None if nothing is left.

    As the second half of `split`, which is recursive and lets the class of the group
    decide. A group that loses nothing stays what it is.
    """
    if not is_group(error):
        return None if is_a(error, kind) else error
    if not any(is_a(leaf, kind) for leaf in leaves(error)):
        return error
    rest: dict[int, BaseException | None] = {}
    todo: list[BaseException] = [error]
    while todo:
        one = todo[-1]
        members = members_of(one)
        if id(one) in rest:
            todo.pop()
        elif members is None:
            rest[id(one)] = None if is_a(one, kind) else one
        else:
            missing = [member for member in members if id(member) not in rest]
            if missing:
                todo.extend(missing)
            else:
                rest[id(one)] = _reduced(one, members, rest)
    return rest[id(error)]


def _reduced(
    group: BaseException,
    members: tuple[BaseException, ...],
    rest: dict[int, BaseException | None],
) -> BaseException | None:
    """Return a group of what is left of its members."""
    found = [rest[id(member)] for member in members]
    kept = [member for member in found if member is not None]
    if not kept:
        return None
    if len(kept) == len(members) and all(map(_same, kept, members)):
        return group
    derived = _derived(cast("BaseExceptionGroup[BaseException]", group), kept)
    set_traceback(derived, traceback_of(group))
    cause, context = before(group)
    set_cause(derived, cause)
    set_context(derived, context)
    return derived


def _same(one: BaseException, other: BaseException) -> bool:
    return one is other


def _derived(
    group: BaseExceptionGroup[BaseException], kept: list[BaseException]
) -> BaseException:
    """Return what `derive` makes of some members, if it makes what it should."""
    try:
        made: BaseException = group.derive(kept)
    except Exception:  # noqa: BLE001 - user code; a plain group says the same
        made = group
    members = members_of(made)
    right = made is not group and members is not None and len(members) == len(kept)
    if right and all(map(_same, members or (), kept)):
        return made
    message: str = _message.__get__(group)
    return BaseExceptionGroup(message, kept)


def is_showable(error: BaseException) -> bool:
    """Whether Python can format a traceback of it and all that belongs to it.

    Its formatting recurses into groups and repeats what stands in several places: a
    group of a few dozen levels can be larger than any memory. And it reads what a
    class may have put something else in the place of.
    """
    todo: list[tuple[BaseException, int]] = [(error, 0)]
    chained: set[int] = set()
    spent = 0
    while todo:
        one, depth = todo.pop()
        members = members_of(one) or ()
        spent += 1 + len(members)
        if spent > SHOWN_NODES or depth > SHOWN_DEPTH or not _is_plain(one):
            return False
        todo.extend((member, depth + 1) for member in members)
        # Causes and contexts are shown once, one after the other.
        for former in before(one):
            if former is not None and id(former) not in chained:
                chained.add(id(former))
                todo.append((former, depth))
    return True


def _is_plain(error: BaseException) -> bool:
    """Whether a class leaves alone what a traceback is made from."""
    for base in _mro.__get__(type(error)):
        if base is BaseException or base is BaseExceptionGroup:
            break
        if not _READ.isdisjoint(_dict.__get__(base)):
            return False
    try:
        getattr(error, "__notes__", None)
    except Exception:  # noqa: BLE001 - the user's __getattr__
        return False
    return True
