"""One incarnation of a node: its lease, and what hangs on it.

A session is joined once and lost once, and never revived: the node joins again under
another id. Whatever it holds ends with it, before anybody else can be given it.
"""

from __future__ import annotations

import math
from collections.abc import Coroutine
from typing import Any, Final, Protocol, TypeVar

import trio

from trio_sup._trio.log import Log
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters
from trio_sup.cluster._backends.link import Link, LinkDown
from trio_sup.cluster._rules.holdings import Holdings
from trio_sup.cluster._rules.lease import Lease
from trio_sup.cluster._rules.words import (
    Beat,
    Claimed,
    Frozen,
    Gone,
    Name,
    NodeInfo,
    Taken,
    Token,
)

T = TypeVar("T")

_log: Final = Log("trio_sup.cluster")


class SessionLost(Exception):
    """The session is over: what was asked for may have been done."""


class Told(Protocol):
    """Who hears of what happens to a session; synchronous, and must not raise."""

    def session_lost(self) -> None:
        """The lease is over: nothing that hangs on it may go on."""

    def name_lost(self, name: Name) -> None:
        """Somebody else holds a name that was held here."""

    def members_changed(self, came: list[NodeInfo], went: list[NodeInfo]) -> None:
        """Nodes came or went."""

    def beat_answered(self, beat: Beat) -> None:
        """The lease is renewed."""


@protected
class Session:
    """One incarnation of a node.

    Args:
        link: The way to the engine.
        info: Who the node is.
        ttl: How long a lease lasts, in seconds.
        told: Who is to hear of what happens.
    """

    def __init__(self, link: Link, info: NodeInfo, ttl: float, told: Told) -> None:
        self.link = link
        self.info: NodeInfo = info
        self.lease: Lease = Lease(ttl)
        self.holdings: Holdings = Holdings()
        self.lost: trio.Event = trio.Event()
        self.freed: Waiters = Waiters()
        """Woken when a name may have become free."""
        self.began: float = link.time()
        self.lag: float = 0.0
        """How late the last heartbeat was."""
        self._told = told
        # What is to be told to the engine as soon as it can be.
        self._releases: list[tuple[Name, Token]] = []
        self._release = Waiters()
        self._releasing = False
        self._flushed = Waiters()
        # When the next lease of another node ends, by the own clock.
        self._other_ends = math.inf

    def valid(self) -> bool:
        """Whether the node may act: a look at its own clock, no more."""
        return self.lease.valid(self.link.time())

    def check_deadline(self) -> None:
        """End the session if its time is over."""
        if self.lease.expired(self.link.time()):
            self.end()

    def end(self) -> None:
        """The lease is over, or to be given back: end what hangs on it, once."""
        if self.lease.end():
            self.lost.set()
            self.freed.wake()
            self._release.wake()
            self._told.session_lost()

    async def ask(self, request: Coroutine[Any, Any, T]) -> T:
        """Ask the engine something, for as long as there is any sense in it.

        Raises:
            LinkDown: it cannot be reached, or gave no answer in time.
        """
        with trio.move_on_after(self.lease.patience):
            return await request
        raise LinkDown(f"no answer of the engine in {self.lease.patience:g} s")

    # The lease.

    async def join(self) -> None:
        """Get a lease.

        Raises:
            LinkDown: the engine cannot be reached.
        """
        sent = self.link.time()
        await self.ask(self.link.join(self.info, self.lease.ttl))
        if not await self._beat(sent):
            raise LinkDown("the engine does not know who joined just now")

    async def keep_alive(self) -> None:
        """Renew the lease until the session is lost."""
        answered, sent = True, self.link.time()
        while not self.lease.over:
            due = self.lease.next_beat(
                sent, answered=answered, other_ends=self._other_ends
            )
            await trio.sleep(max(0.0, due - self.link.time()))
            sent = self.link.time()
            self._note_lag(sent - due)
            try:
                answered = await self._beat(sent)
            except LinkDown as down:
                _log.debug("node %s: no heartbeat: %s", self.info.name, down)
                answered = False

    def _note_lag(self, late: float) -> None:
        """Say when something holds the loop: before it costs the lease."""
        was_late, is_late = (each > self.lease.tolerance for each in (self.lag, late))
        self.lag = max(0.0, late)
        if is_late and not was_late:
            _log.warning(
                "node %s: its heartbeat was %.1f s late, as something held the loop; "
                "its lease lasts %g s",
                self.info.name,
                late,
                self.lease.ttl,
            )

    async def watch_deadline(self) -> None:
        """End the session when its time is over."""
        while not self.lease.over:
            # Not less than a clock can tell: it would never come.
            await trio.sleep(max(1e-6, self.lease.deadline - self.link.time()))
            self.check_deadline()

    async def _beat(self, sent: float) -> bool:
        self._other_ends = math.inf
        beat = await self.ask(self.link.beat(self.info.id))
        if isinstance(beat, Gone) and self.holdings.forgotten(beat):
            # Not lost: it acts as long as its last lease lasts, and asks for another.
            await self.ask(self.link.join(self.info, self.lease.ttl))
            beat = await self.ask(self.link.beat(self.info.id))
        if isinstance(beat, Gone):
            self.end()
            return False
        # Not before it agrees: an engine that forgot grants leases at once, and what
        # hangs on this one is to be known to it by then.
        if self.holdings.differs(beat):
            await self._repair()
        self.holdings.repaired(beat)
        self.lease.renewed(sent)
        self._other_ends = self.link.time() + beat.next_end
        came, went = self.holdings.meet(beat, sent, self.lease.ttl)
        if came or went:
            self._told.members_changed(came, went)
        if went:
            self.freed.wake()
        self._told.beat_answered(beat)
        return True

    async def announce(self, info: NodeInfo) -> None:
        """Tell anew what this node is.

        Raises:
            LinkDown: it was perhaps not told.
        """
        self.info = info  # also for the next time it joins
        self.holdings.members[info.id] = info
        if not await self.ask(self.link.records.announce(info)):
            raise LinkDown("the engine does not know this node at present")

    async def _repair(self) -> None:
        """Make the engine's list of what is held here right."""
        owned = await self.ask(self.link.owned(self.info.id))
        repairs = self.holdings.repairs(owned)
        for name, token in repairs.keep.items():
            if self.holdings.tokens.get(name) != token:
                continue  # given up meanwhile: the engine is not to have it back
            answer = await self.ask(self.link.keep(self.info.id, name, token))
            if isinstance(answer, Gone):
                raise LinkDown("the lease is over")
            if isinstance(answer, Taken) and self.holdings.lost_to(name, token, answer):
                self._told.name_lost(name)
        for name, token in repairs.release.items():
            # Or else asked for again meanwhile, and given with the same token.
            if self.holdings.lacks(name):
                await self.ask(self.link.release(self.info.id, name, token))

    # Names.

    async def claim(self, name: Name, *, waits: bool) -> Token | Taken:
        """Get a name, or learn who has it. A checkpoint.

        Args:
            name: The name.
            waits: Whether to wait until it is free.

        Raises:
            SessionLost: the session ended first.
        """
        held = self.holdings.tokens.get(name)
        if held is not None and self.valid():
            await trio.lowlevel.checkpoint()
            return held
        while not self.lease.over:
            answer = await self._try_claim(name)
            if isinstance(answer, Claimed):
                return answer.token
            if isinstance(answer, Taken) and not waits:
                return answer
            await self._wait_for_chance(answer)
        raise SessionLost

    async def _try_claim(self, name: Name) -> Claimed | Taken | Frozen | None:
        # Not while it waits for a name: a node may stand by for ever, and what else it
        # was given and does not know of is to be given back.
        self.holdings.claiming.add(name)
        try:
            answer = await self.ask(self.link.claim(self.info.id, name))
        except LinkDown:
            return None
        finally:
            self.holdings.claiming.discard(name)
        if isinstance(answer, Gone):
            if not self.holdings.forgotten(answer):
                self.end()
            return None  # the next heartbeat joins again
        if isinstance(answer, Claimed) and not self.valid():
            return None  # too late: the lease was over before the answer came
        if isinstance(answer, Claimed):
            self.holdings.tokens[name] = answer.token
        return answer

    async def _wait_for_chance(self, answer: Taken | Frozen | None) -> None:
        """Wait until it makes sense to ask again."""
        seconds = self.lease.patience
        if isinstance(answer, Frozen):
            seconds = max(1e-6, answer.retry_after)
        elif answer is None:
            seconds = self.lease.next_beat(0.0, answered=False)
        with trio.move_on_after(seconds):
            await self.freed.wait()

    def release(self, name: Name) -> None:
        """Give a name up: nothing runs under it any more. No checkpoint."""
        token = self.holdings.tokens.pop(name, None)
        if token is not None and not self.lease.over:
            self._releases.append((name, token))
            self._release.wake()

    async def send_releases(self) -> None:
        """Tell the engine what is given up, until the session is lost."""
        while not self.lease.over:
            if not self._releases:
                await self._release.wait()
                continue
            async with trio.open_nursery() as nursery:
                for name, token in self._releases:
                    nursery.start_soon(self._send_release, name, token)
                self._releases, self._releasing = [], True
            self._releasing = False
            self._flushed.wake()

    async def _send_release(self, name: Name, token: Token) -> None:
        try:
            await self.ask(self.link.release(self.info.id, name, token))
        except LinkDown:
            pass  # the next heartbeat finds that the engine counts one more

    async def flushed(self) -> None:
        """Wait until the engine knows what was given up so far."""
        while self._releases or self._releasing:
            await self._flushed.wait()

    async def run(self) -> None:
        """Keep the lease, and what hangs on it, until it is lost."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.keep_alive)
            nursery.start_soon(self.watch_deadline)
            nursery.start_soon(self.send_releases)
            await self.lost.wait()
            nursery.cancel_scope.cancel("the session is over")

    async def leave(self) -> None:
        """End the session and give the lease back: at once, if the engine answers."""
        self.end()
        try:
            await self.ask(self.link.leave(self.info.id))
        except LinkDown as down:
            _log.debug("node %s could not leave: %s", self.info.name, down)
