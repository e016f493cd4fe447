"""Planted bugs of servers, mailboxes, timers, monitors and state machines."""

from .mutant import Mutant

QUEUE = "trio_sup._servers.queue"
MAILBOX = "trio_sup._servers.mailbox"
SHELF = "trio_sup._servers.shelf"
ASKING = "trio_sup._servers.asking"
LOOP = "trio_sup._servers.loop"
CAREFUL = "trio_sup._servers.careful"
ENDS = "trio_sup._servers.ends"
TIMERS = "trio_sup._servers.timers"
MONITORS = "trio_sup._servers.monitors"
WATCHING = "trio_sup._children.watching"
RINGS = "trio_sup._servers.rings"
MACHINE = "trio_sup._servers.machine"

SERVER_MUTANTS = [
    Mutant(
        "a crash turns a kept mailbox round",
        MAILBOX,
        "        self.stops = 0\n        newest",
        "        self.stops = 0\n        self.inbox.reverse()\n        newest",
    ),
    Mutant(
        "a crash takes kept casts with it",
        MAILBOX,
        "                return not item.timer_of",
        "                return False",
    ),
    Mutant(
        "a timer's message outlives its life",
        MAILBOX,
        "                return not item.timer_of",
        "                return True",
    ),
    Mutant(
        "drop_oldest drops the youngest",
        SHELF,
        "return self._notes.popleft()[1]",
        "return self._notes.pop()[1]",
    ),
    Mutant(
        "drop_newest takes what it drops",
        QUEUE,
        'if policy == "drop_newest":\n            return False',
        'if policy == "drop_newest":\n            return True',
    ),
    Mutant(
        "a mailbox is full one too early",
        QUEUE,
        "if self.bounded >= self.policy.capacity and not",
        "if self.bounded + 1 >= self.policy.capacity and not",
    ),
    Mutant(
        "calls count against the capacity",
        QUEUE,
        "if self.bounded >= self.policy.capacity and not",
        "if self.depth >= self.policy.capacity and not",
    ),
    Mutant(
        "the quick cast takes one too many",
        ASKING,
        "or queue.bounded >= queue.policy.capacity",
        "or queue.bounded > queue.policy.capacity",
    ),
    Mutant(
        "a quick call goes to the front",
        ASKING,
        "        inbox.append(request)",
        "        inbox.insert(0, request)",
    ),
    Mutant(
        "who waits for room comes in last first",
        QUEUE,
        "self.blocked.popitem(last=False)",
        "self.blocked.popitem(last=True)",
    ),
    Mutant(
        "a crash forgets who waits for room",
        MAILBOX,
        "if newest else None\n        self.admit_waiting()",
        "if newest else None\n        self.blocked = None",
    ),
    Mutant(
        "what came during init is dropped",
        ENDS,
        "    queue.background = len(",
        "    queue.take_queued()\n    queue.background = len(",
    ),
    Mutant(
        "a stop overtakes what was sent before",
        QUEUE,
        "        self.seldom = True\n        self._put(note)",
        "        self.seldom = True\n        self.batch.append(note)\n        self.wake()",
    ),
    Mutant(
        "an orderly stop leaves the rest unserved",
        QUEUE,
        "if self._suspended:\n            return self._find_stop()",
        "if self._suspended or self.stops:\n            return self._find_stop()",
    ),
    Mutant(
        "handle_continue waits for the next message",
        CAREFUL,
        "    await _run_continues(queue, server)\n    while",
        "    while",
    ),
    Mutant(
        "a second Ctrl-C is not heard",
        "trio_sup._tree.open",
        "            if again:\n                self.shell.hurry()",
        "            if again:\n                pass",
    ),
    Mutant(
        "a hurry spares those who end already",
        "trio_sup._supervisors.shell",
        "        for record in self.hasten():\n            arm(record, 0)",
        "        self.hasten()",
    ),
    Mutant(
        "who waits for room is not told of the end",
        MAILBOX,
        "for task in self.take_blocked():",
        "for task in self.take_blocked()[1:]:",
    ),
    Mutant(
        "what a handler continues with comes late",
        CAREFUL,
        "        await _run_continues(queue, server)\n        turn -= 1",
        "        turn -= 1",
    ),
    Mutant(
        "a busy server starves the rest",
        LOOP,
        "            turn -= 1",
        "            turn -= 0",
    ),
    Mutant(
        "a suspended server goes on with what it has",
        QUEUE,
        "        if self._suspended:\n            return self._find_stop()",
        "        if self._suspended and not self.batch:\n"
        "            return self._find_stop()",
    ),
    Mutant(
        "a suspension survives a restart",
        QUEUE,
        "        self._suspended = False\n        self.seldom = True",
        "        self.seldom = True",
    ),
    Mutant(
        "a declared error is a crash",
        CAREFUL,
        "return is_a(error, item.handler.raises)",
        "return False",
    ),
    Mutant(
        "any error is an answer",
        CAREFUL,
        "return is_a(error, item.handler.raises)",
        "return is_a(error, Exception)",
    ),
    Mutant(
        "a deferred call is answered at once",
        CAREFUL,
        "if isinstance(item, Request) and not item.handler.deferred:",
        "if isinstance(item, Request):",
    ),
    Mutant(
        "a ring of calls is not refused",
        RINGS,
        "ring = _way(target, source) if queue.awaited else None",
        "ring = None",
    ),
    Mutant(
        "ticks pile up",
        TIMERS,
        "if tick is None or not tick.waits:",
        "if True:",
    ),
    Mutant(
        "a timer outlives its life",
        TIMERS,
        "if queue is None or record.life != self._inner.life or not record.alive:",
        "if queue is None or not record.alive:",
    ),
    Mutant(
        "a message does not cancel idle_after",
        CAREFUL,
        "        inner.idle = None\n        await serve_one",
        "        await serve_one",
    ),
    Mutant(
        "idle_after wins over what waits",
        CAREFUL,
        "queue.take() or _take_idle(queue, inner)",
        "_take_idle(queue, inner) or queue.take()",
    ),
    Mutant(
        "terminate runs after a brutal kill",
        ENDS,
        "    if not record.ending.brutal:",
        "    if True:",
    ),
    Mutant(
        "terminate has all the time after a crash",
        ENDS,
        '    arm(record, 0.0 if shutdown == "brutal_kill" else shutdown)',
        "    pass",
    ),
    Mutant(
        "callers hear of a crash after terminate",
        ENDS,
        "            queue.fail_current(exit)\n            queue.fail_system(exit)",
        "            queue.fail_system(exit)",
    ),
    Mutant(
        "who waits in line hears after terminate",
        ENDS,
        "                queue.fail_queued(exit)",
        "                pass",
    ),
    Mutant(
        "deferred callers are forgotten in a crash",
        MAILBOX,
        "for request in list(self.deferred):",
        "for request in list(self.deferred)[1:]:",
    ),
    Mutant(
        "a supervisor that stops forgets who asked",
        "trio_sup._core.plan.static",
        "        return [Refuse(request, stopping) for request in self.line.clear()]",
        "        self.line.clear()\n        del stopping\n        return []",
    ),
    Mutant(
        "a monitor is not told",
        WATCHING,
        "for watch in list(self._lives):",
        "for watch in list(self._lives)[1:]:",
    ),
    Mutant(
        "a monitor is told twice",
        MONITORS,
        "        self._queue.put_down(DownNote(self, down))",
        "        self._queue.put_down(DownNote(self, down))\n"
        "        self._queue.put_down(DownNote(self, down))",
    ),
    Mutant(
        "postponed events come in reverse",
        MACHINE,
        "self.pending.extendleft(reversed(self.postponed))",
        "self.pending.extendleft(self.postponed)",
    ),
    Mutant(
        "postponed events are forgotten",
        MACHINE,
        "        self.pending.extendleft(reversed(self.postponed))\n",
        "",
    ),
    Mutant(
        "inserted events come last",
        MACHINE,
        "            await self._enter(before)\n"
        "        self.pending.extendleft(reversed(inserted))",
        "            await self._enter(before)\n        self.pending.extend(inserted)",
    ),
    Mutant(
        "a change of state leaves its timeout",
        MACHINE,
        "            timer.cancel()\n            self.state_timer = None",
        "            self.state_timer = None",
    ),
    Mutant(
        "an event leaves the event timeout",
        MACHINE,
        "timer is not event.timeout:\n            timer.cancel()",
        "timer is not event.timeout:\n            pass",
    ),
]
