"""What the factories of listeners share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from attrs import frozen

from trio_sup._core.checks import ChildSpecError, check_one_of, check_seconds
from trio_sup._core.options import SupervisorOptions, check_options, owner_of

WhenFull: TypeAlias = Literal["wait", "refuse"]
"""What becomes of a client for which there is no room."""

WHEN_FULL: Final[tuple[WhenFull, ...]] = get_args(WhenFull)


class ListenerOptions(SupervisorOptions, total=False):
    """What can be said of a listener of any kind; see `tcp_listener`.

    Attributes:
        max_connections: How many connections there may be at a time; `math.inf` for
            no bound. By default 1024. Each takes a file descriptor, of which a process
            often has no more than that (``ulimit -n``).
        when_full: What becomes of clients beyond that. ``wait``: they are accepted when
            there is room; until then they wait in the system's queue. ``refuse``:
            they are accepted and closed at once. By default ``wait``.
        drain: Seconds that connections have to end by themselves when the listener
            stops; those that remain are then cancelled. By default 5.
        handshake_timeout: Seconds that a TLS handshake may take. By default 10.
    """

    max_connections: float
    when_full: WhenFull
    drain: float
    handshake_timeout: float


@frozen(kw_only=True)
class Limits:
    """What is a listener's own among its options."""

    max_connections: float = 1024
    when_full: WhenFull = "wait"
    drain: float = 5.0
    handshake_timeout: float = 10.0


_OWN: Final = ListenerOptions.__optional_keys__ - SupervisorOptions.__optional_keys__


def divided(
    factory: Callable[..., object], options: ListenerOptions, word: str
) -> tuple[Limits, SupervisorOptions]:
    """Return what is a listener's own, checked, and what any supervisor takes.

    Raises:
        ChildSpecError: an invalid value.
        TypeError: no option of a listener.
    """
    check_options(factory, options, ListenerOptions.__optional_keys__)
    given: dict[str, Any] = dict(options)
    limits = Limits(**{name: given.pop(name) for name in _OWN & given.keys()})
    rest = cast("SupervisorOptions", given)
    owner = owner_of(rest, word)
    most: object = limits.max_connections
    whole = isinstance(most, int) and not isinstance(most, bool)
    if not (whole or most == float("inf")) or limits.max_connections < 1:
        accepted = "a whole number >= 1, or math.inf"
        raise ChildSpecError("max_connections", most, accepted, owner)
    check_one_of("when_full", limits.when_full, WHEN_FULL, owner)
    check_seconds("drain", limits.drain, owner)
    check_seconds("handshake_timeout", limits.handshake_timeout, owner)
    return limits, rest
