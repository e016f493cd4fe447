"""Shows one node to its clients: samples while somebody looks, else sleeps.

The sampler compares the node with what it saw before, at the rate of the
fastest client, and never uses more than a twentieth of the loop's time. Nothing
of a client, and no bug here, may disturb the node: a client that misbehaves is
closed, and the log says so once.
"""

from __future__ import annotations

import logging
import math
import time
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import trio
from attrs import evolve

from trio_sup._trio.log import Log
from trio_sup.inspect.node.actions import ClientActions, NodeActions
from trio_sup.inspect.node.attached import (
    FAREWELL_SECONDS,
    AttachedClient,
    Refused,
    handshake,
)
from trio_sup.inspect.node.client_view import ClientView
from trio_sup.inspect.node.clusters import clusters
from trio_sup.inspect.node.detail_parts import Insides
from trio_sup.inspect.node.meters import Spent, Worst
from trio_sup.inspect.node.metrics import gather, prometheus_lines
from trio_sup.inspect.node.numbers import Numbers
from trio_sup.inspect.node.profiler import MAX_SECONDS, Profiler
from trio_sup.inspect.node.secret_names import DEFAULT, SecretNames
from trio_sup.inspect.node.showing import ALL_SHOWN, Showing
from trio_sup.inspect.node.table import Found, Table
from trio_sup.inspect.node.topics import Topics
from trio_sup.inspect.node.watchdog import Watchdog
from trio_sup.inspect.protocol.codec import encode, request_decoder
from trio_sup.inspect.protocol.wire import Heartbeat
from trio_sup.inspect.protocol.wire_profile import Profile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from trio_sup.inspect.node.actions import Operator
    from trio_sup.inspect.node.metrics import Samples
    from trio_sup.inspect.node.source import ObservedChild, ObservedNode
    from trio_sup.inspect.protocol.wire import Attach, Hello
    from trio_sup.inspect.protocol.wire_details import ClientInfo
    from trio_sup.inspect.protocol.wire_profile import AskProfile

MAX_CLIENTS: Final = 16
RESUME_SECONDS: Final = 30.0
"""How long the last client's rows are kept in case it comes back."""
MAX_PROFILES: Final = 2
"""Profiles that are made at a time."""
LOOK_WHETHER: Final = 0.5
"""How often is looked whether the client is still there that wants one."""
SHARE: Final = 20
"""Sampling takes at most one part in so many of the loop's time."""

logger: Log = Log("trio_sup.inspect")


class Hub:
    """All clients of one node.

    `run` is one task for the life of the node; `serve_client` is one task for
    each connection, in a nursery that ends with it.
    """

    def __init__(
        self,
        node: ObservedNode,
        hello: Hello,
        operator: Operator | None = None,
        showing: Showing = ALL_SHOWN,
        secrets: SecretNames = DEFAULT,
        watchdog: Watchdog | None = None,
    ) -> None:
        """Make the hub of one node.

        Args:
            node: What is shown.
            hello: The greeting; `readonly` in it says whether clients may act.
            operator: Who carries actions out, and writes down those refused.
            showing: What clients may see.
            secrets: Which names hide their values.
            watchdog: What looks for who holds the loop, if it does so already.
        """
        self._hello = hello
        # One of our own looks only while somebody is attached.
        self._own_watchdog = watchdog is None
        self._watchdog = Watchdog(node.child_of) if watchdog is None else watchdog
        # Actions outlive the clients that asked for them, not the hub.
        self._nursery: trio.Nursery | None = None
        self._node = node
        self._table = Table(node, secrets)
        numbers = Numbers()
        self._insides = Insides(node, numbers, showing, secrets)
        settings = {"contents": showing.how}
        self._clients: set[AttachedClient] = set()
        self._topics = Topics(
            node,
            self._table,
            numbers,
            self._insides,
            settings,
            self._watchdog,
            self._client_infos,
        )
        self._connections = 0
        self._visits = 0
        self._profiling = 0
        # Set when a client came or wants another rate: the sampler looks at once.
        self._wake = trio.Event()
        self._lag = Worst()
        self._cost = Spent()
        self._complained = False
        self._actions = NodeActions(
            operator, not hello.readonly, self._spawn, self._record
        )

    @property
    def clients(self) -> int:
        """How many clients are attached."""
        return len(self._clients)

    @property
    def presence(self) -> tuple[int, int]:
        """How many clients are attached, and how many ever were."""
        return len(self._clients), self._visits

    @property
    def rows(self) -> int:
        """How many rows are held; 0 when nobody has looked for a while."""
        return len(self._table.cells)

    # --- sampling ------------------------------------------------------------

    async def run(self) -> None:
        """Sample whenever a client is attached, for ever."""
        async with trio.open_nursery() as self._nursery:
            try:
                await self._sample_for_ever()
            finally:
                self._watch_loop(on=False)
                self._insides.meters.close()
                self._topics.close()
                self._table.close()

    def _watch_loop(self, *, on: bool) -> None:
        if self._own_watchdog:
            self._watchdog.start() if on else self._watchdog.stop()

    async def _sample_for_ever(self) -> None:
        while True:
            await self._wait_for_clients()
            self._watch_loop(on=True)
            self._wake = trio.Event()
            began = trio.current_time()
            work = await self._sample()
            due = began + max(1.0 / self._rate(), work * SHARE)
            with trio.move_on_at(due) as waiting:
                await self._wake.wait()
            if waiting.cancelled_caught:
                now = trio.current_time()
                self._lag.note(now - due, now)

    async def _wait_for_clients(self) -> None:
        if self._clients:
            return
        self._watch_loop(on=False)
        self._insides.meters.close()
        self._topics.close()
        # The wake-up of the last client's time is stale now.
        self._wake = trio.Event()
        with trio.move_on_after(RESUME_SECONDS if self._table.cells else math.inf):
            await self._wake.wait()
        while not self._clients:
            self._table.clear()
            self._wake = trio.Event()
            await self._wake.wait()

    def _rate(self) -> float:
        return max((client.view.rate_hz for client in self._clients), default=1.0)

    async def _sample(self) -> float:
        """One scan; returns the seconds of work that it took."""
        found = Found()
        work = 0.0
        clock = time.perf_counter()
        try:
            for _ in chain(self._table.scan(found), self._scan_topics()):
                work += time.perf_counter() - clock
                await trio.lowlevel.checkpoint()
                clock = time.perf_counter()
        except Exception as error:  # noqa: BLE001 - a bug here is not the node's
            self._complain("cannot read the node", error)
        for client in self._clients:
            client.after_scan(found)
        work += time.perf_counter() - clock
        self.spent(work)
        return work

    def _scan_topics(self) -> Iterator[None]:
        now = trio.current_time()
        followed = {t for c in self._clients for t in c.view.following.live(now)}
        meters = self._insides.meters
        if meters:
            followed.add("busy")  # whose tasks run is a part of it
        yield from self._topics.scan(followed)
        meters.tick(now, self._topics.busy)

    def _client_infos(self) -> list[ClientInfo]:
        return [client.info() for client in self._clients]

    # --- clients -------------------------------------------------------------

    async def serve_client(self, stream: trio.SocketStream, peer: str) -> None:
        """Serve one connection to its end; no `Exception` comes out.

        Args:
            stream: The connection; closed at the end.
            peer: Who it is, for the log.
        """
        self._connections += 1
        try:
            async with stream:
                await self._serve(stream, peer)
        except trio.BrokenResourceError:
            pass  # The client went away: every day's business.
        except Exception as error:  # noqa: BLE001 - never the node's problem
            self._complain(f"client {peer} was closed", error)
        finally:
            self._connections -= 1

    async def refuse(self, stream: trio.SocketStream, code: str, why: str) -> None:
        """Tell a connection why it is closed; no `Exception` comes out."""
        try:
            async with stream:
                await _farewell(stream, Refused(code, why))
        except Exception as error:  # noqa: BLE001 - never the node's problem
            self._complain("a client was refused", error)

    async def _serve(self, stream: trio.SocketStream, peer: str) -> None:
        try:
            if self._connections > MAX_CLIENTS:
                raise Refused(
                    "too_many_clients", f"{MAX_CLIENTS} clients are attached already"
                )
            await stream.send_all(encode(evolve(self._hello, clusters=clusters())))
            decoder = request_decoder()
            attach, requests = await handshake(stream, decoder)
        except Refused as refused:
            logger.debug("inspector refused %s: %s", peer, refused)
            await _farewell(stream, refused)
            return
        logger.debug("inspector attached: %.80r (%s)", attach.client, peer)
        client = self._attached(stream, attach, peer)
        client.actions = ClientActions(self._actions, peer, client.reply)
        self._clients.add(client)
        self._visits += 1
        self.wake()
        try:
            await client.run(decoder, requests)
        finally:
            self._clients.discard(client)
            client.actions.leave()
            client.view.following.close()

    def _attached(
        self, stream: trio.SocketStream, attach: Attach, peer: str
    ) -> AttachedClient:
        want, resume = attach.want, attach.resume
        view = ClientView(
            self._table,
            self._insides,
            self._topics,
            tree="tree" in want,
            events="events" in want,
            causes="causes" in want,
        )
        view.set_rate(attach.rate_hz)
        same = resume is not None and resume.epoch == self._hello.epoch
        point = (resume.seq, resume.event) if resume is not None and same else None
        return AttachedClient(self, stream, view, point, (attach.client, peer))

    def _spawn(self, task: Callable[..., Awaitable[None]], *args: Any) -> None:
        assert self._nursery is not None
        if self._nursery.cancel_scope.cancel_called:
            return  # the node ends, and its children with it
        self._nursery.start_soon(task, *args)

    def _record(self, uid: int) -> ObservedChild | None:
        cell = self._table.cells.get(uid)
        return None if cell is None else cell.child

    # --- what a client needs -------------------------------------------------

    def wake(self) -> None:
        """Sample soon."""
        self._wake.set()

    def look_soon(self) -> None:
        """Sample soon, topics included."""
        self._topics.hurry()
        self._wake.set()

    def spent(self, seconds: float) -> None:
        """Count seconds of work as the inspection's cost."""
        self._cost.add(seconds, trio.current_time())

    def profile(self, client: AttachedClient, request: AskProfile) -> None:
        """Look where the time goes for as long as asked, and tell the client."""
        if self._profiling >= MAX_PROFILES:
            why = f"{MAX_PROFILES} profiles are under way"
            client.reply(Profile(trio.current_time(), 0.0, 0, 0, problem=why))
            return
        self._profiling += 1
        self._spawn(self._profile, client, request)

    async def _profile(self, client: AttachedClient, request: AskProfile) -> None:
        profiler = Profiler(self._watchdog, self._node.child_of, request.hz)
        try:
            profiler.start()
            due = trio.current_time() + min(max(request.seconds, 0.0), MAX_SECONDS)
            while client in self._clients and trio.current_time() < due:  # noqa: ASYNC110
                await trio.sleep_until(min(due, trio.current_time() + LOOK_WHETHER))
            profiler.stop()
            for message in profiler.messages(trio.current_time()):
                client.reply(message)
        finally:
            profiler.stop()
            self._profiling -= 1

    async def metrics(self) -> list[str]:
        """All metrics in the Prometheus text format, a line each."""
        samples: Samples = {}
        work = 0.0
        clock = time.perf_counter()
        for _ in gather(self._node, samples):
            work += time.perf_counter() - clock
            await trio.lowlevel.checkpoint()
            clock = time.perf_counter()
        lines = prometheus_lines(samples)
        self.spent(work + time.perf_counter() - clock)
        return lines

    def heartbeat(self, now: float) -> Heartbeat:
        """How the loop is doing, and what looking at it costs."""
        lag, cost = self._lag.last(now), self._cost.last(now)
        return Heartbeat(now, round(lag, 6), round(cost, 6), len(self._clients))

    def _complain(self, what: str, error: Exception) -> None:
        level = logging.DEBUG if self._complained else logging.WARNING
        self._complained = True
        logger.log(level, "inspector: %s: %r", what, error)


async def _farewell(stream: trio.SocketStream, refused: Refused) -> None:
    with trio.move_on_after(FAREWELL_SECONDS):
        await stream.send_all(encode(refused.error))
