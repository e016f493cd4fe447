"""Handles of servers that are found by a name of the cluster."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    ParamSpec,
    Protocol,
    TypeVar,
    cast as cast_,
)

from trio_sup._core.addresses import ClaimedVia
from trio_sup._servers.operations import Call, Cast
from trio_sup.cluster._nodes.monitors import GlobalExits
from trio_sup.cluster._rules.keys import ClusterKey
from trio_sup.cluster._rules.words import Name

if TYPE_CHECKING:
    from trio_sup._children.watching import Until
    from trio_sup._servers.callbacks import ServerBase

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="ServerBase")
S_co = TypeVar("S_co", bound="ServerBase", covariant=True)


class Desk(Protocol):
    """What carries messages: a node of a cluster."""

    async def request(
        self,
        to: GlobalRef[Any],
        op: Call[Any, ..., Any],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> Any:
        """Call."""

    def note(
        self,
        to: GlobalRef[Any],
        op: Cast[Any, ...],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> None:
        """Cast."""

    def watch(
        self, key: ClusterKey, name: Name, until: Until
    ) -> AbstractAsyncContextManager[GlobalExits]:
        """Monitor."""
        ...


class GlobalName:
    """A name of the cluster: give it as ``name=`` of a specification."""

    __slots__ = ("_via", "key")

    def __init__(self, key: ClusterKey, via: ClaimedVia) -> None:
        self.key: ClusterKey = key
        self._via = via

    def __as_name__(self) -> ClaimedVia:
        return self._via

    def __repr__(self) -> str:
        return f"<GlobalName {self.key!r}>"


class GlobalRef(Generic[S_co]):
    """Whoever holds a name of the cluster, on any node, looked up at each use.

    Made by `Cluster.ref`. Typed as a `ServerRef` of the same class. Arguments, answers
    and declared errors of who is on another node travel as data, by the types of the
    operation; on this node they are the very objects.
    """

    __slots__ = ("_desk", "key", "kind", "name", "timeout")

    def __init__(
        self, desk: Desk, key: ClusterKey, name: Name, kind: type[Any], timeout: float
    ) -> None:
        self._desk = desk
        self.key: ClusterKey = key
        self.name: Name = name
        self.kind: type[Any] = kind
        self.timeout: float = timeout

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, GlobalRef)
            and other._desk is self._desk
            and other.name == self.name
        )

    def __hash__(self) -> int:
        return hash((id(self._desk), self.name))

    def __repr__(self) -> str:
        return f"<GlobalRef {self.key!r} of {self.kind.__name__}>"

    def with_timeout(self, seconds: float) -> GlobalRef[S_co]:
        """Return a view whose calls raise `CallTimeout` after `seconds`.

        Raises:
            ValueError: `seconds` is not a number from 0 on; ``math.inf`` is one.
        """
        if not seconds >= 0:
            raise ValueError(f"a timeout must be a number >= 0, not {seconds!r}")
        return GlobalRef(self._desk, self.key, self.name, self.kind, seconds)

    async def call(
        self: GlobalRef[S], op: Call[S, P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Ask the server and wait for its answer, 5 seconds unless told otherwise.

        At most once: nothing that may have been executed is sent again.

        Raises:
            NotRegistered, Refused: it was not executed.
            NodeDown, CallTimeout, ConnectionChanged, EngineUnavailable: it may have
                been executed, or may still be.
            ServerExit: the server ended before it answered; `RemoteCrash` if it is on
                another node.
            TypeError: the arguments do not fit, or cannot cross.
            ValueError: the message is longer than the engine carries.
            Exception: what the operation declares in ``@call(raises=...)``.
        """
        return cast_("R", await self._desk.request(self, op, args, dict(kwargs)))

    def cast(
        self: GlobalRef[S], op: Cast[S, P], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Send an operation and go on. Never blocks, no checkpoint.

        It may be lost: if nobody holds the name, its node is down, or its mailbox full.

        Raises:
            EngineUnavailable, Overloaded: it was not sent.
            NoProcess, MailboxFull: the server is on this node, and did not take it.
            TypeError, ValueError: as for `call`.
        """
        self._desk.note(self, op, args, dict(kwargs))

    def monitor(
        self, *, until: Until = "life"
    ) -> AbstractAsyncContextManager[GlobalExits]:
        """Watch who holds the name now, for the length of an ``async with`` block.

        Iterate over what it yields for a `GlobalDown` at the end of each life. The
        iteration ends when no further one can come: with ``until="stopped"`` after the
        end without return, or when the node of the holder is down, or this one.

        Args:
            until: ``life`` for each end, ``stopped`` for the end without return.

        Raises:
            EngineUnavailable: this node has no lease at present.
        """
        return self._desk.watch(self.key, self.name, until)
