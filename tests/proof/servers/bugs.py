"""Mistakes that an implementation of servers and names could make, to be planted.

Each is planted into trio-sup itself. What happens then must not be what OTP did,
in one of the recorded scenarios at least.
"""

# pyright: reportPrivateUsage=false

from collections.abc import Callable, Hashable

import pytest

from trio_sup import Exit, GenServer, Registry, Stop
from trio_sup._children.record import Record
from trio_sup._children.watching import Down, Watch, Watchers
from trio_sup._core.name_tables import DuplicateTable, Entry, Table
from trio_sup._registry.registry import Registration
from trio_sup._servers import careful, ends, ref as _server_ref
from trio_sup._servers.context import ServerContext
from trio_sup._servers.handlers import Handler
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.messages import (
    Caller,
    CastNote,
    DownNote,
    Item,
    Request,
    StopNote,
)
from trio_sup._servers.monitors import Monitor

Patch = pytest.MonkeyPatch


def latest_message_first(patch: Patch) -> None:
    right = MailQueue.take_over

    def take_over(self: MailQueue) -> list[Item]:
        self.inbox.reverse()
        return right(self)

    patch.setattr(MailQueue, "take_over", take_over)


def a_late_call_is_withdrawn(patch: Patch) -> None:
    right = Request.ring

    async def nothing(*_: object) -> None:
        pass

    def ring(self: Request) -> None:
        name = self.handler.name
        self.handler = Handler(name, nothing, (), deferred=False, is_call=True)
        right(self)

    patch.setattr(Request, "ring", ring)


def the_second_answer_wins(patch: Patch) -> None:
    def reply(self: Caller[object], value: object) -> None:
        request = self._request
        if request.task is None:
            request.result = value
        request.reply(value)

    patch.setattr(Caller, "reply", reply)


def deferred_callers_are_forgotten(patch: Patch) -> None:
    right = MailQueue.fail_current

    def fail_current(self: MailQueue, exit: Exit) -> None:
        self._deferred = None
        right(self, exit)

    patch.setattr(MailQueue, "fail_current", fail_current)


def queued_callers_are_forgotten(patch: Patch) -> None:
    def fail_queued(self: MailQueue, exit: Exit | None) -> None:
        self.batch, self.inbox = [], []
        self.bounded = self.stops = 0

    patch.setattr(MailQueue, "fail_queued", fail_queued)


def messages_come_before_the_continue(patch: Patch) -> None:
    async def run_continues(queue: MailQueue, server: GenServer) -> None:
        inner = server.__inner__
        assert inner is not None
        while (args := inner.to_continue) is not None:
            inner.to_continue = None
            while (item := queue.take()) is not None:
                answer = await careful._work_on(queue, server, item)
                if isinstance(item, Request):
                    item.reply(answer)
            await server.handle_continue(*args)

    patch.setattr(careful, "_run_continues", run_continues)


def a_stop_overtakes_what_is_queued(patch: Patch) -> None:
    def put_stop(self: MailQueue, note: StopNote) -> None:
        self.stops += 1
        self.seldom = True
        self.batch.append(note)
        self.wake()

    patch.setattr(MailQueue, "put_stop", put_stop)


def a_suspended_server_goes_on(patch: Patch) -> None:
    def set_suspended(queue: MailQueue, suspended: bool) -> None:
        pass

    patch.setattr(_server_ref, "set_suspended", set_suspended)


def the_reply_of_a_stop_is_lost(patch: Patch) -> None:
    right = Stop.__init__

    def init(self: Stop, reason: object = None, **_: object) -> None:
        right(self, reason)

    patch.setattr(Stop, "__init__", init)


def no_terminate_after_a_crash(patch: Patch) -> None:
    right = ends._terminate

    async def terminate(
        record: Record, server: GenServer, exit: Exit
    ) -> BaseException | None:
        return None if exit.kind == "crashed" else await right(record, server, exit)

    patch.setattr(ends, "_terminate", terminate)


def an_error_of_terminate_is_swallowed(patch: Patch) -> None:
    right = ends._terminate

    async def terminate(
        record: Record, server: GenServer, exit: Exit
    ) -> BaseException | None:
        await right(record, server, exit)
        return None

    patch.setattr(ends, "_terminate", terminate)


def a_down_overtakes_what_is_queued(patch: Patch) -> None:
    def put_down(self: MailQueue, note: DownNote) -> None:
        self.batch.append(note)
        self.wake()

    patch.setattr(MailQueue, "put_down", put_down)


def a_down_comes_after_demonitor(patch: Patch) -> None:
    def wants(self: Monitor) -> bool:
        return True

    patch.setattr(Monitor, "wants", wants)


def two_monitors_are_one(patch: Patch) -> None:
    right = Watchers.add

    def add(self: Watchers, watch: Watch) -> None:
        mine = getattr(watch, "_queue", None)
        if mine is None or all(w._queue is not mine for w in _monitors(self)):
            right(self, watch)

    patch.setattr(Watchers, "add", add)


def _monitors(watchers: Watchers) -> list[Monitor]:
    return [watch for watch in watchers._watches if isinstance(watch, Monitor)]


def monitors_of_the_dead_are_silent(patch: Patch) -> None:
    right = Monitor.deliver

    def deliver(self: Monitor, down: Down) -> None:
        if down.exit.kind != "noproc":
            right(self, down)

    patch.setattr(Monitor, "deliver", deliver)


def every_down_says_normal(patch: Patch) -> None:
    right = Monitor.deliver

    def deliver(self: Monitor, down: Down) -> None:
        right(self, Down(down.target, down.life, Exit("normal")))

    patch.setattr(Monitor, "deliver", deliver)


def names_outlive_their_life(patch: Patch) -> None:
    def release_life(self: Registry, record: Record) -> None:
        pass

    patch.setattr(Registry, "release_life", release_life)


def who_starts_is_found(patch: Patch) -> None:
    right = Registry.reserve

    def reserve(self: Registry, key: Hashable, record: Record, value: object) -> None:
        right(self, key, record, value)
        self.show(record)

    patch.setattr(Registry, "reserve", reserve)


def a_child_has_a_shared_key_once(patch: Patch) -> None:
    right = DuplicateTable[Record].add

    def add(
        self: DuplicateTable[Record], key: Hashable, owner: Record, value: object
    ) -> Entry[Record] | None:
        for entry in self.at(key):
            if entry.owner is owner:
                entry.value = value
                return entry
        return right(self, key, owner, value)

    patch.setattr(DuplicateTable, "add", add)


def unregistering_a_value_takes_all(patch: Patch) -> None:
    right = Registry.unregister_match

    def unregister_match(
        self: Registry, key: Hashable, accept: Callable[[object], bool]
    ) -> None:
        right(self, key, lambda _: True)

    patch.setattr(Registry, "unregister_match", unregister_match)


def the_count_forgets_nobody(patch: Patch) -> None:
    right = Table[Record].hide

    def hide(self: Table[Record], entry: Entry[Record]) -> bool:
        new = right(self, entry)
        self.live += new
        return new

    patch.setattr(Table, "hide", hide)


def dispatch_calls_for_nobody(patch: Patch) -> None:
    def dispatch(
        self: Registry, key: Hashable, fn: Callable[[list[Registration]], object]
    ) -> None:
        fn(self.entries(key))

    patch.setattr(Registry, "dispatch", dispatch)


def idleness_begins_at_once(patch: Patch) -> None:
    def take_idle(self: ServerContext) -> CastNote | None:
        note, self.idle = self.idle, None
        return note

    patch.setattr(ServerContext, "take_idle", take_idle)


BUGS: tuple[Callable[[Patch], None], ...] = (
    latest_message_first,
    a_late_call_is_withdrawn,
    the_second_answer_wins,
    deferred_callers_are_forgotten,
    queued_callers_are_forgotten,
    messages_come_before_the_continue,
    a_stop_overtakes_what_is_queued,
    a_suspended_server_goes_on,
    the_reply_of_a_stop_is_lost,
    no_terminate_after_a_crash,
    an_error_of_terminate_is_swallowed,
    a_down_overtakes_what_is_queued,
    a_down_comes_after_demonitor,
    two_monitors_are_one,
    monitors_of_the_dead_are_silent,
    every_down_says_normal,
    names_outlive_their_life,
    who_starts_is_found,
    a_child_has_a_shared_key_once,
    unregistering_a_value_takes_all,
    the_count_forgets_nobody,
    dispatch_calls_for_nobody,
    idleness_begins_at_once,
)
