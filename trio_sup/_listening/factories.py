"""The factories of listeners."""

from __future__ import annotations

import os
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, Unpack, cast, overload

import trio

from trio_sup._children.current import current_record
from trio_sup._children.functions import function_spec
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.options import SupervisorOptions, owner_of, supervisor_spec
from trio_sup._core.specs import ChildSpec, Flags
from trio_sup._core.targets import check_arguments, check_function
from trio_sup._listening.accepting import Acceptor, Opened, hold_open
from trio_sup._listening.connections import ConnectionShell
from trio_sup._listening.listener import (
    ACCEPTOR,
    CONNECTIONS,
    SOCKETS,
    Listener,
    sibling,
)
from trio_sup._listening.options import Limits, ListenerOptions, divided
from trio_sup._listening.places import Given, TcpPort, UnixPath
from trio_sup._supervisors.shell import runs_with
from trio_sup._supervisors.static import StaticShell
from trio_sup._tree.dynamic import DynamicSupervisor

if TYPE_CHECKING:
    from trio_sup._children.record import Child

StreamT = TypeVar("StreamT", bound=trio.abc.AsyncResource)

_LISTENER: Final = runs_with(Listener, StaticShell)
_CONNECTIONS: Final = runs_with(DynamicSupervisor, ConnectionShell)


def listener(
    handler: Callable[[StreamT], Awaitable[object]],
    opener: Callable[[], Awaitable[Sequence[trio.abc.Listener[StreamT]]]],
    **options: Unpack[ListenerOptions],
) -> ChildSpec[Listener[Sequence[trio.abc.Listener[StreamT]]]]:
    """Describe a listener of any kind, by a function that opens it.

    For listeners of your own, and for sockets that somebody else has opened; else see
    `tcp_listener` and `unix_listener`, which this is behind. Its value is what `opener`
    returned.

    Args:
        handler: As for `tcp_listener`.
        opener: Opens what clients come to; called whenever the listener starts. The
            library closes it.
        options: As for `tcp_listener`.

    Raises:
        ChildSpecError: an invalid value or combination.
        TypeError: no option of a listener.
    """
    limits, rest = divided(listener, options, "listener")
    check_function(opener, owner_of(rest, "listener"))
    return _listener_spec(handler, Given(opener), limits, rest)


@overload
def tcp_listener(
    handler: Callable[[trio.SocketStream], Awaitable[object]],
    port: int,
    *,
    host: str | bytes | None = None,
    backlog: int | None = None,
    ssl_context: None = None,
    https_compatible: bool = False,
    **options: Unpack[ListenerOptions],
) -> ChildSpec[Listener[int]]: ...
@overload
def tcp_listener(
    handler: Callable[[trio.SSLStream[trio.SocketStream]], Awaitable[object]],
    port: int,
    *,
    ssl_context: ssl.SSLContext,
    host: str | bytes | None = None,
    backlog: int | None = None,
    https_compatible: bool = False,
    **options: Unpack[ListenerOptions],
) -> ChildSpec[Listener[int]]: ...
def tcp_listener(
    handler: Callable[..., Awaitable[object]],
    port: int,
    *,
    host: str | bytes | None = None,
    backlog: int | None = None,
    ssl_context: ssl.SSLContext | None = None,
    https_compatible: bool = False,
    **options: Unpack[ListenerOptions],
) -> ChildSpec[Listener[int]]:
    """Describe a TCP listener: each connection is a child, and ends alone.

    The port is open when the listener has started, and is its `value`. A handler that
    raises ends its connection: that is told once in the log, as any crash, and counts
    nowhere. If it raises because the client has gone away
    (`trio.BrokenResourceError`), that is no crash at all. When the handler returns,
    the connection is closed.

    When it stops, it first stops to accept; then its connections have `drain` seconds
    to end by themselves, and hear of it in `graceful_stop`.

    Args:
        handler: An async function of the stream; other arguments travel in
            `functools.partial`.
        port: The port; 0 for a free one.
        host: Which addresses of this machine; by default all of them, of IPv4 and
            IPv6, as for `trio.open_tcp_listeners`.
        backlog: How many clients may wait to be accepted; by default the most that the
            system has.
        ssl_context: For TLS; the handler then gets a `trio.SSLStream` after its
            handshake.
        https_compatible: As for `trio.SSLStream`: a client may end without a farewell.
        options: Those of `ListenerOptions`: `max_connections`, `when_full`, `drain`,
            `handshake_timeout`; and those of `SupervisorOptions`.

    Raises:
        ChildSpecError: an invalid value or combination.
        TypeError: no option of a listener.
    """
    limits, rest = divided(tcp_listener, options, "listener")
    number = cast("object", port)
    whole = isinstance(number, int) and not isinstance(number, bool)
    if not whole or not 0 <= port <= 0xFFFF:
        owner = owner_of(rest, "listener")
        raise ChildSpecError("port", port, "a whole number from 0 to 65535", owner)
    place = TcpPort(port, host, backlog, ssl_context, https_compatible)
    return _listener_spec(handler, place, limits, rest)


def unix_listener(
    handler: Callable[[trio.SocketStream], Awaitable[object]],
    path: str | os.PathLike[str],
    *,
    mode: int = 0o600,
    **options: Unpack[ListenerOptions],
) -> ChildSpec[Listener[Path]]:
    """Describe a listener at the path of a unix socket; as `tcp_listener`.

    What a killed program left at the path is removed, and the file is removed at the
    end. Its value is the path.

    Args:
        handler: As for `tcp_listener`.
        path: Where; at most some 100 bytes.
        mode: Who may connect: by default only this user. The directory decides, too.
        options: As for `tcp_listener`.

    Raises:
        ChildSpecError: an invalid value or combination.
        TypeError: no option of a listener.
    """
    limits, rest = divided(unix_listener, options, "listener")
    return _listener_spec(handler, UnixPath(Path(path), mode), limits, rest)


def _listener_spec(
    handler: Callable[[Any], Awaitable[object]],
    opener: Callable[[], Awaitable[Opened]],
    limits: Limits,
    options: SupervisorOptions,
) -> ChildSpec[Any]:
    owner = owner_of(options, "listener")
    check_function(handler, owner)
    check_arguments(handler, (None,), owner, needs_status=False)
    room = partial(Flags, max_children=limits.max_connections)
    children = (
        supervisor_spec(
            "dynamic", CONNECTIONS, _CONNECTIONS, room, {"id": CONNECTIONS}
        ),
        function_spec(hold_open, (opener,), id=SOCKETS),
        function_spec(_accept_all, (handler, limits), id=ACCEPTOR),
    )
    flags = partial(Flags, strategy="rest_for_one", children=children)
    return supervisor_spec(
        "supervisor", "listener", _LISTENER, flags, options, named_by_key=True
    )


async def _accept_all(
    handler: Callable[[Any], Awaitable[object]], limits: Limits
) -> None:
    record = current_record.get()
    assert record is not None
    assert record.parent is not None
    shell = sibling(record, CONNECTIONS).shell
    held = cast("Child[Opened]", sibling(record, SOCKETS).handle)
    path = record.parent.record.path_text
    acceptor = Acceptor(path, shell, handler, limits)
    opened, life = held.value, held.life
    try:
        async with trio.open_nursery() as nursery:
            for one in opened.listeners:
                nursery.start_soon(acceptor.accept_from, one)
    except* trio.ClosedResourceError:
        if not opened.ended:
            raise
        # The sockets end, and so will this, which depends on them: it is no crash.
        await held.wait_exit(life)
        await held.wait_running()
        raise  # they are back, and nobody has ended this
