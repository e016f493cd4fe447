"""Addresses: names that are looked up at each use.

An address is a handle whose record is another one each time: that of the present holder.
So there is one class of addresses for each class of handles, made when first needed, and
this room needs to know none of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Hashable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar, cast

import trio

from trio_sup._children.record import Child
from trio_sup._children.typed import handle_as
from trio_sup._core.clean import safe_repr, safe_text
from trio_sup._core.errors import NoProcess, WrongRun
from trio_sup._core.targets import origin_of
from trio_sup._core.words import Status
from trio_sup._servers.asking import View
from trio_sup._servers.handlers import Handler, Operation, fitting
from trio_sup._servers.ref import ServerRef
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.genserver import GenServer

S = TypeVar("S", bound="GenServer")
S_co = TypeVar("S_co", bound="GenServer", covariant=True)


A = TypeVar("A", bound=Child)


class Book(Protocol):
    """Where a key is looked up: a registry, or that of whatever node runs."""

    @property
    def name(self) -> str:
        """What to call it."""
        ...

    def enter(self, call: str, *, waits: bool = False) -> None:
        """Refuse what comes from elsewhere."""

    def holder(self, key: Hashable) -> Record | None:
        """The child that a unique key belongs to, running or not."""
        ...

    async def wait_for(self, key: Hashable, /) -> object:
        """Wait until somebody runs under a key."""

    def via(self, key: Hashable, /) -> Hashable:
        """What a specification says to register under the key."""
        ...


@protected
class Address(Child):
    """Whoever holds a key: a handle that looks it up at each use.

    Made by `Registry.ref` and `address`, for handles of every kind: it has the methods
    of the class that it was made for. Two are equal when they name the same key of the
    same registry.
    """

    __slots__ = ()
    _book: Book
    _key: Hashable
    _kind: type[object] | None
    _waits: bool

    @property
    def record(self) -> Record:  # type: ignore[override]
        """The library's own record of the present holder; not for users."""
        holder = self._book.holder(self._key)
        if holder is None:
            raise NoProcess(safe_text(self._key), "is not registered")
        handle_as(holder, self._kind)
        return holder

    @property
    def key(self) -> Hashable:
        """The key that is looked up."""
        return self._key

    @property
    def status(self) -> Status:
        """Where the present holder is in its story; ``gone`` without one."""
        try:
            holder = self._book.holder(self._key)
        except WrongRun:
            return "gone"  # outside of a Trio run nobody holds anything
        return "gone" if holder is None else holder.status

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Address)
            and other._book is self._book
            and other._key == self._key
        )

    def __hash__(self) -> int:
        return hash((id(self._book), self._key))

    def __repr__(self) -> str:
        kind, key = type(self).__name__, safe_repr(self._key)
        return f"<{kind} {key} of {self._book.name!r}, {self.status}>"

    def __as_name__(self) -> Hashable:
        return self._book.via(self._key)

    async def wait_running(self) -> None:
        """Wait while the holder is between lives. A checkpoint.

        An address made with ``wait=True`` waits for a holder, too, for ever if nobody
        comes.

        Raises:
            NoProcess: nobody holds the key, or its holder will not run again.
            WrongKind: the holder is of another kind.
        """
        await trio.lowlevel.checkpoint()
        while True:
            if self._waits and self._book.holder(self._key) is None:
                await self._book.wait_for(self._key)
                continue
            record = self.record
            if record.running:
                return
            if not record.may_return:
                raise NoProcess(record.path_text, f"is {record.status}")
            await record.wait_change()

    async def wait_stopped(self) -> None:
        """Wait until the present holder, if there is one, is down for good."""
        holder = self._book.holder(self._key)
        if holder is None:
            await trio.lowlevel.checkpoint()
        else:
            await holder.handle.wait_stopped()


def _aim(
    address: A, book: Book, key: Hashable, kind: type[object] | None, *, waits: bool
) -> A:
    made: Any = address  # its slots are those of the class of its kind
    made._book, made._key, made._kind, made._waits = book, key, kind, waits
    return address


@protected
class NamedRef(Address, ServerRef[S_co]):  # pyright: ignore[reportIncompatibleVariableOverride] # it looks its `record` up
    """Whoever holds a key: a `ServerRef` that looks it up at each use.

    Made by `Registry.ref` and `address`. Two are equal when they name the same key of
    the same registry. Every use raises `NoProcess` while nobody holds the key, and
    `WrongKind` if its holder is not of the class asked for; `status` is then
    ``"gone"``. One that was made with ``wait=True`` waits instead, in all that is
    awaited.
    """

    __slots__ = ("_book", "_key", "_kind", "_waits")

    @classmethod
    def to(
        cls, book: Book, key: Hashable, kind: type[S], *, waits: bool
    ) -> NamedRef[S]:
        """Make the address; see `Registry.ref`."""
        self = cast("NamedRef[S]", object.__new__(cls))
        self.view = View(None, patient=True, expires=False) if waits else None
        return _aim(self, book, key, kind, waits=waits)

    def _same(self) -> Self:
        kind = cast("type[GenServer]", self._kind)
        made = type(self).to(self._book, self._key, kind, waits=self._waits)
        return cast("Self", made)

    @property
    def _nobody(self) -> bool:
        return self._waits and self._book.holder(self._key) is None

    @property
    def called(self) -> str:
        """What to call it in messages; not for users."""
        return safe_text(self._key) if self._nobody else super().called

    def must_wait(self) -> bool:
        """Whether a call cannot be sent yet, and is to wait; not for users."""
        return self._nobody or super().must_wait()

    def check_run(self, call: str) -> None:
        """Refuse a call from a thread or from another Trio run; not for users."""
        if self._nobody:
            self._book.enter(call, waits=True)
        else:
            super().check_run(call)

    def handler(
        self,
        op: Operation,
        args: tuple[object, ...],
        kwargs: dict[str, object],
        *,
        is_call: bool = True,
    ) -> Handler:
        """Return how this server answers an operation; not for users."""
        if self._nobody:
            return fitting(origin_of(self._kind), op, args, kwargs, is_call=is_call)
        return super().handler(op, args, kwargs, is_call=is_call)


def address_of(
    book: Book, key: Hashable, kind: type[object] | None, *, waits: bool
) -> Child:
    """Make an address of the class that goes with a kind.

    Raises:
        TypeError: `kind` is neither a server class nor a class of handles.
    """
    wanted: Any = Child if kind is None else origin_of(kind)
    if not isinstance(wanted, type):
        raise TypeError(f"an address needs a class, not {kind!r}")
    if issubclass(wanted, Child):
        handle = cast("type[Child]", wanted)
        made: Address = object.__new__(_class_for(handle, waits=waits))
        return _aim(made, book, key, kind, waits=waits)
    server = cast("type[GenServer]", kind)
    if not hasattr(origin_of(server), "__handlers__"):
        raise TypeError(
            "an address needs a server class, or a class of handles such as "
            f"DynamicSupervisor, not {kind!r}"
        )
    ref: NamedRef[GenServer] = NamedRef.to(book, key, server, waits=waits)
    return ref


_NOT_AWAITED: Final = frozenset({"stop", "wait_exit", "wait_running", "wait_stopped"})
"""What is asked of who is there, and of nobody else. An exit above all: whoever comes
between two lives means the last one, and would wait for the end of the next."""

_classes: dict[tuple[type[Child], bool], type[Address]] = {}


def _class_for(handle: type[Child], *, waits: bool) -> type[Address]:
    """Return the class of addresses of one class of handles."""
    known = _classes.get((handle, waits))
    if known is None:
        body: dict[str, Any] = {
            "__slots__": ("_book", "_key", "_kind", "_waits"),
            "__module__": handle.__module__,
            "__doc__": handle.__doc__,
        }
        if waits:
            for name, member in inspect.getmembers(handle, inspect.iscoroutinefunction):
                if not name.startswith("_") and name not in _NOT_AWAITED:
                    body[name] = _when_running(member)
        # Its name says what it is like.
        known = cast("type[Address]", type(handle.__name__, (Address, handle), body))
        _classes[handle, waits] = known
    return known


def _when_running(method: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    @wraps(method)
    async def call(self: Child, /, *args: Any, **kwargs: Any) -> Any:
        await self.wait_running()
        return await method(self, *args, **kwargs)

    return call
