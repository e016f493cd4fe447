"""The state of a server, kept in the engine: what it consists of, and when it is written.

A life of a server that is durable is one of a subclass, made here: it reads the state
before `init`, is given it behind, and writes it between two messages. Written is what was read with the same
token, or a greater one; whoever lost the name cannot.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Awaitable, Callable
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Literal,
    Protocol,
    TypeAlias,
    get_origin,
    get_type_hints,
)
from weakref import WeakKeyDictionary

import attrs

from trio_sup._core.exits import Exit, describe_error
from trio_sup._servers.genserver import GenServer
from trio_sup._servers.operations import cast
from trio_sup.cluster._nodes.values import NotPortable, converter, is_plain

if TYPE_CHECKING:
    from trio_sup._children.record import Record

When: TypeAlias = Literal["handled", "request"] | float
"""When a state is written: after each message, on request, or every so many seconds."""

VERSION: Final = 1
"""Of how a state is written down; the first item of it."""


class Keeper(Protocol):
    """Who reads and writes for the children of one node."""

    async def read(self, record: Record) -> bytes | None:
        """Return the state that the name has; waits as long as there is any sense."""
        ...

    async def write(self, record: Record, data: bytes) -> None:
        """Write it; waits until it is written, or until the name is lost."""
        ...

    async def write_last(self, record: Record, data: bytes) -> None:
        """Write it, if that is still possible."""
        ...

    def forget(self, record: Record) -> None:
        """The child is at rest."""


def check_when(when: When) -> When:
    """Refuse what is no time to write.

    Raises:
        ValueError: it is none.
    """
    if isinstance(when, str):
        if when in ("handled", "request"):
            return when
    elif not isinstance(when, bool) and 0 < when < float("inf"):
        return when
    raise ValueError(
        f'durable is "handled", "request" or a number of seconds > 0, not {when!r}'
    )


# What a state consists of.


def dump(server: GenServer) -> bytes:
    """Return the state of a server as it is kept.

    Raises:
        NotPortable: it is of no type that can be kept.
    """
    cls = type(server)
    kinds = _kinds_of(cls)
    if kinds is None:
        data = _pack(server.dump(), _hints(cls.dump).get("return", Any), cls)  # type: ignore[attr-defined]
    else:
        data = {
            name: _pack(getattr(server, name), kind, cls)
            for name, kind in kinds.items()
            if hasattr(server, name)
        }
    return json.dumps([VERSION, data], separators=(",", ":")).encode()


def load(server: GenServer, data: bytes) -> None:
    """Give a server the state that was kept.

    Raises:
        NotPortable: it does not fit.
    """
    cls = type(server)
    try:
        version, kept = json.loads(data)
    except (ValueError, TypeError) as error:
        raise NotPortable(f"the state of {cls.__qualname__}: {error}") from error
    if version != VERSION:
        raise NotPortable(f"the state of {cls.__qualname__} is of version {version!r}")
    kinds = _kinds_of(cls)
    if kinds is None:
        hints = _hints(cls.load)  # type: ignore[attr-defined]
        hints.pop("return", None)
        kind = next(iter(hints.values()), Any)
        server.load(_unpack(kept, kind, cls))  # type: ignore[attr-defined]
        return
    for name, kind in kinds.items():
        if name in kept:  # else the field is newer than the state
            setattr(server, name, _unpack(kept[name], kind, cls))


_known: WeakKeyDictionary[type[Any], dict[str, Any] | None] = WeakKeyDictionary()


def _kinds_of(cls: type[Any]) -> dict[str, Any] | None:
    """As `_find_kinds`, found once."""
    if cls not in _known:
        _known[cls] = _find_kinds(cls)
    return _known[cls]


def _find_kinds(cls: type[Any]) -> dict[str, Any] | None:
    """Return the fields of a class with their types; None if it says what to keep.

    Raises:
        TypeError: it says neither.
    """
    says = [hasattr(cls, "dump"), hasattr(cls, "load")]
    if all(says):
        return None
    if any(says):
        raise TypeError(f"{cls.__qualname__} needs both dump and load to be durable")
    kinds: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is not GenServer and issubclass(base, GenServer):
            kinds |= _declared(base)
    if not kinds:
        raise TypeError(
            f"{cls.__qualname__} is to be durable and does not say what to keep: "
            "annotate its fields in the class body, or define dump and load"
        )
    return kinds


def _declared(cls: type[GenServer]) -> dict[str, Any]:
    """Return the fields that one class declares itself, with their types."""
    try:
        own = inspect.get_annotations(cls)
        alone = type(
            cls.__name__, (), {"__annotations__": own, "__module__": cls.__module__}
        )
        hints = get_type_hints(alone, localns=dict(vars(cls)))
    except Exception as error:
        raise NotPortable(f"the annotations of {cls!r}: {error}") from error
    return {
        name: kind
        for name, kind in hints.items()
        if kind is not ClassVar and get_origin(kind) is not ClassVar
    }


def _hints(of: Any) -> dict[str, Any]:
    try:
        return get_type_hints(of)
    except Exception as error:
        raise NotPortable(f"the annotations of {of!r}: {error}") from error


def _pack(value: object, kind: Any, cls: type[GenServer]) -> Any:
    try:
        data: Any = (
            value if kind is Any else converter.unstructure(value, unstructure_as=kind)
        )
    except Exception as error:
        raise NotPortable(
            f"the state of {cls.__qualname__}: {describe_error(error)}"
        ) from error
    if not is_plain(data):
        name = type(value).__name__
        raise NotPortable(
            f"the state of {cls.__qualname__}: {name} has no declared type"
        )
    return data


def _unpack(data: Any, kind: Any, cls: type[GenServer]) -> Any:
    try:
        return data if kind is Any else converter.structure(data, kind)
    except Exception as error:
        raise NotPortable(
            f"the state of {cls.__qualname__}: {describe_error(error)}"
        ) from error


# When it is written.


def durable(cls: type[Any], keeper: Keeper, when: When) -> type[GenServer]:
    """Return a subclass whose lives begin with the state that is kept, and keep it.

    Raises:
        TypeError: the class is no `GenServer`, or does not say what to keep.
    """
    if not issubclass(cls, GenServer):
        raise TypeError(f"only a GenServer is durable, not {cls!r}")
    _kinds_of(cls)
    body = _body(cls, keeper, when)
    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    made: type[GenServer] = type(cls.__name__, (cls,), {**body, **names})
    if when == "handled":
        made.__handlers__ = {
            op: attrs.evolve(handler, fn=_keeping(handler.fn, handler.raises, keeper))
            for op, handler in made.__handlers__.items()
        }
    return made


def _body(cls: Any, keeper: Keeper, when: When) -> dict[str, Any]:
    """Return what the subclass does more."""

    async def init(self: Any) -> Any:
        # First: from then on nobody of before can write any more.
        kept = await keeper.read(_record(self))
        wish = await cls.init(self)
        if kept is not None:
            load(self, kept)
        if isinstance(when, float | int):
            self.every(when, write_state)
        return wish

    async def written(self: Any) -> None:
        await _write(self, keeper)

    async def terminate(self: Any, exit: Exit) -> None:
        await cls.terminate(self, exit)
        if exit.error is None and when != "request":
            await keeper.write_last(_record(self), dump(self))

    write_state: Any = cast(written)
    body = {"init": init, "terminate": terminate, "_cluster_write_state": write_state}
    if when == "handled":
        for name in ("handle_info", "handle_continue"):
            body[name] = _keeping(getattr(cls, name), (), keeper)
    return body


def _keeping(
    fn: Callable[..., Awaitable[Any]],
    raises: tuple[type[Exception], ...],
    keeper: Keeper,
) -> Callable[..., Awaitable[Any]]:
    """Return a handler that writes before anybody hears what came of it."""

    @functools.wraps(fn)
    async def kept(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            answer = await fn(self, *args, **kwargs)
        except raises:
            await _write(self, keeper)
            raise
        await _write(self, keeper)
        return answer

    return kept


def _record(server: Any) -> Record:
    record: Record = server.__inner__.record
    return record


async def _write(server: Any, keeper: Keeper) -> None:
    await keeper.write(_record(server), dump(server))
