"""Several nodes at once: each over a connection of its own, so that none waits for another.

Only what their health is made of is asked for, once a second. Knows no Textual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import define, field

from trio_sup.inspect.client.answer import Answer
from trio_sup.inspect.client.session import Phase, Session
from trio_sup.inspect.finding.directory import DiscoveryError
from trio_sup.inspect.finding.discovery import list_nodes
from trio_sup.inspect.finding.remote import SCHEME
from trio_sup.inspect.model.node_health import node_health
from trio_sup.inspect.text import show
from trio_sup_inspector.connection import Connection, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from trio_sup.inspect.finding.found_node import FoundNode
    from trio_sup.inspect.model.node_health import NodeHealth

Loudness: TypeAlias = Literal["ok", "dim", "warn", "bad"]

MOST: Final = 32
"""Nodes that are watched at once."""
RATE: Final = 1.0
"""Deltas a second that are asked for."""
SILENT: Final = 2.0
"""Seconds after which it is said that a node says nothing."""
ENDED_KEPT: Final = 60.0
"""Seconds for which a node that has ended is still told of."""
ROWS_A_SECOND: Final = 10_000
"""Rows of a node that are looked through in a second, on the average."""


@define(eq=False)
class Member:
    """One node of this machine, or one of another that was on screen."""

    title: str
    found: FoundNode | None = None
    """None for a node of another machine."""
    connection: Connection | None = None
    """None for one that is not watched."""
    cancel: Callable[[], object] | None = None
    """Ends the connection, if it is the fleet's own."""
    ended: float | None = None
    """When it was seen to run no more, by the application's clock."""
    address: str = ""
    """Of a node of another machine."""
    _health: tuple[float, NodeHealth | None] = (float("-inf"), None)

    @property
    def target(self) -> Target | None:
        """How to attach to it."""
        if self.found is not None:
            return Target(self.found.socket.parent, str(self.found.socket))
        return Target((), self.address) if self.address else None

    @property
    def may_be_watched(self) -> bool:
        """Whether it may be connected to."""
        if self.found is None:
            return bool(self.address)
        return self.ended is None and self.found.probe == "listening"

    @property
    def session(self) -> Session | None:
        """What is known of it."""
        return None if self.connection is None else self.connection.session

    def health(self, clock: float) -> NodeHealth | None:
        """Its figures, or None as long as nothing was heard; made once a second."""
        session = self.session
        if session is None:
            return None
        at, health = self._health
        age = max(1.0, len(session.rows) / ROWS_A_SECOND)
        if 0.0 <= clock - at < age and health is not None:
            return health
        node, beat = session.clock.node, session.heartbeat
        if node is None or beat is None:
            return None
        now = session.node_time(clock)
        answer = Answer(node, now, beat.lag, session.rows, [])
        health = node_health(answer, session.paces.total.per_minute(now))
        self._health = clock, health
        return health

    def state(self, clock: float) -> tuple[str, Loudness]:
        """How it is, in a few words, and how loud that is."""
        session = self.session
        if self.ended is not None:
            return f"ended {show.duration(clock - self.ended)} ago", "warn"
        if self.found is not None and self.found.probe == "forbidden":
            return "permission denied", "bad"
        if session is None:
            return "not watched", "dim"
        phase = session.state.phase
        if phase in (Phase.CONNECTING, Phase.SYNCING) and self.health(clock) is None:
            silence = session.silence(clock)
            if silence >= SILENT:
                return f"silent {show.duration(silence)}", "bad"
            return "connecting", "dim"
        if phase is Phase.STALE:
            return f"silent {show.duration(session.silence(clock))}", "bad"
        if phase is Phase.REFUSED:
            return "refused", "bad"
        if phase is Phase.RECONNECTING:
            return "does not answer", "bad"
        health = self.health(clock)
        if health is None:
            return "connecting", "dim"
        return health.words, "bad" if health.problems else "ok"

    def why(self, clock: float) -> list[str]:
        """What needs a look, a line each."""
        session = self.session
        if self.ended is not None or session is None:
            return []
        if session.state.phase in (Phase.REFUSED, Phase.RECONNECTING):
            trouble = None if self.connection is None else self.connection.trouble
            return [trouble.text if trouble is not None else session.state.text]
        health = self.health(clock)
        if health is None:
            return []
        return [f"{p.path or 'the node'} {p.problem}" for p in health.problems]

    def alarming(self, clock: float) -> bool:
        """Whether it needs a look."""
        return self.state(clock)[1] in ("bad", "warn")


@define
class Fleet:
    """The nodes that run here.

    Args:
        directory: Where they are looked for.
        clock: The application's clock.
        jitter: See `Connection`.
        poll: See `Connection`.
        spawn: Runs a connection beside the application; gives what cancels it.
    """

    directory: Path | tuple[Path, ...]
    clock: Callable[[], float]
    jitter: Callable[[], float]
    poll: float
    spawn: Callable[[Callable[[], Coroutine[None, None, None]]], Callable[[], object]]
    wrong: str = ""
    """Why the directory cannot be looked into."""
    running: bool = False
    """Whether anybody has asked for it: before, nobody is connected to."""
    _members: dict[str, Member] = field(factory=dict["str", Member])

    def look(self, shown: Connection | None) -> None:
        """See which nodes run, and connect to those that are new.

        Args:
            shown: The connection to the node on screen: it is not made twice.
        """
        self.running = True
        try:
            found = [node for node in list_nodes(self.directory) if node.running]
            self.wrong = ""
        except DiscoveryError as error:
            found, self.wrong = [], str(error)
        here = {str(node.socket): node for node in found}
        for key, member in list(self._members.items()):
            if key not in here and member.found is not None:
                self._end(key, member)
        for key, node in here.items():
            member = self._members.setdefault(key, Member(node.title, node))
            member.found, member.ended = node, None
        self._take_shown(shown)
        watched = sum(m.connection is not None for m in self._members.values())
        for member in self._members.values():
            if member.connection is None and member.may_be_watched:
                if watched < MOST:
                    self._watch(member)
                watched += 1

    def _take_shown(self, shown: Connection | None) -> None:
        """The node on screen has a connection; the one before gets one of its own."""
        key = "" if shown is None else str(shown.socket or shown.target.wanted or "")
        for member in self._members.values():
            if member.cancel is None and member.connection is not shown:
                member.connection = None  # It was on screen.
        if key.startswith(SCHEME) and key not in self._members:
            title = key.removeprefix(SCHEME)
            self._members[key] = Member(title, address=key)
        here = self._members.get(key)
        if here is not None and here.connection is not shown:
            self._let_go(here)
            here.connection = shown

    def _watch(self, member: Member) -> None:
        target = member.target
        assert target is not None  # it may be watched
        session = Session(client="trio-sup inspect (nodes)", rate_hz=RATE)
        line = Connection(session, target, self.clock, self.jitter, self.poll)
        member.connection = line
        member.cancel = self.spawn(line.run)

    def _end(self, key: str, member: Member) -> None:
        if member.ended is None:
            member.ended = self.clock()
            self._let_go(member)
        elif self.clock() - member.ended > ENDED_KEPT:
            del self._members[key]

    def _let_go(self, member: Member) -> None:
        if member.cancel is not None:
            member.cancel()
        member.cancel = member.connection = None

    def tick(self) -> None:
        """Send what is due, and let nothing pile up."""
        for member in self._members.values():
            if member.cancel is not None and member.connection is not None:
                member.connection.session.take_changes()
                member.connection.flush()

    @property
    def members(self) -> list[Member]:
        """All nodes, by name."""
        return sorted(self._members.values(), key=lambda member: member.title)

    def after(self, shown: Connection | None) -> Member | None:
        """The next node behind the one on screen; the list goes round."""
        members = [m for m in self.members if m.ended is None]
        titles = [member.title for member in members if member.connection is shown]
        before = titles[0] if titles else ""
        behind = [m for m in members if m.title > before] or members
        found = behind[0] if behind else None
        return None if found is None or found.connection is shown else found

    def alarms(self, shown: Connection | None) -> list[Member]:
        """The nodes that need a look, but for the one on screen."""
        clock = self.clock()
        return [
            m for m in self.members if m.connection is not shown and m.alarming(clock)
        ]
