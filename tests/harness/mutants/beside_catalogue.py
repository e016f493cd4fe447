"""Planted bugs of names, topics, monitors, tasks and partitions."""

from .mutant import Mutant

NAMES = "trio_sup._children.names"
REGISTRY = "trio_sup._registry.registry"
TABLES = "trio_sup._core.name_tables"
TOPICS = "trio_sup._registry.topics"
PUBSUB = "trio_sup._registry.pubsub"
LISTENERS = "trio_sup._registry.listeners"
LOCKS = "trio_sup._registry.locks"
HOLDERS = "trio_sup._core.plan.holders"
WATCHING = "trio_sup._children.watching"
MONITORS = "trio_sup._servers.monitors"
MAILBOX = "trio_sup._servers.mailbox"
QUEUE = "trio_sup._servers.queue"
TASK = "trio_sup._tasks.task"
TASK_SHELL = "trio_sup._tasks.shell"
LINKS = "trio_sup._tasks.links"
STREAM = "trio_sup._tasks.stream"
MANY = "trio_sup._tasks.many"
PARTITIONS = "trio_sup._core.partitions"
RESIZING = "trio_sup._core.plan.partitions"
HANDLES = "trio_sup._tree.supervisor"

BESIDE_MUTANTS = [
    # Names.
    Mutant(
        "a second child takes over a name in use",
        NAMES,
        "            raise AlreadyRegistered(key, entry.owner.handle)\n        entry.value",
        "            entry.owner = record\n        entry.value",
    ),
    Mutant(
        "names that a life registered outlive it",
        NAMES,
        "            if not entry.reserved:\n                try:",
        "            if entry.reserved:\n                try:",
    ),
    Mutant(
        "who waits for a name is not told",
        NAMES,
        "        if self._waiters:\n            self._wake_for(entry)",
        "        if not self._waiters:\n            self._wake_for(entry)",
    ),
    Mutant(
        "of several who wait for a name none is told",
        NAMES,
        "            if waiters is not None:\n                waiters.wake()",
        "            if waiters is not None and len(waiters.tasks()) < 2:\n"
        "                waiters.wake()",
    ),
    Mutant(
        "a name is free while its holder is down",
        NAMES,
        "        if entry is not None and self._table.hide(entry):\n"
        "            self._went(entry)",
        "        if entry is not None:\n            self._remove(entry)",
    ),
    Mutant(
        "unregister gives up the name of another",
        TABLES,
        "return () if entry is None or entry.owner is not owner else (entry,)",
        "return () if entry is None else (entry,)",
    ),
    Mutant(
        "register takes a name in use",
        TABLES,
        "if self.by_key.setdefault(key, entry) is not entry:\n            return None",
        "self.by_key[key] = entry",
    ),
    Mutant(
        "update_value keeps the old value",
        REGISTRY,
        "entry.value = new = call_user(fn, old)",
        "new = call_user(fn, old)",
    ),
    Mutant(
        "unregister_match gives up all",
        REGISTRY,
        "[entry for entry in own if call_user(accept, entry.value)]",
        "[entry for entry in own if call_user(accept, entry.value) or True]",
    ),
    Mutant(
        "a listener hears nothing of names that go",
        LISTENERS,
        "        if self._notifier.listeners:\n            record = entry.owner",
        "        if not self._notifier.listeners:\n            record = entry.owner",
    ),
    Mutant(
        "a listener hears the latest first",
        LISTENERS,
        "                notice = self._queue.popleft()",
        "                notice = self._queue.pop()",
    ),
    Mutant(
        "a lock lets everybody in",
        LOCKS,
        "            async with holder.lock:\n                yield",
        "            yield",
    ),
    Mutant(
        "get_or_start does not wait for a backoff",
        HOLDERS,
        '    if holder.may_return:\n        return "wait"',
        "    if holder.may_return:\n        if holder.last_exit and not holder.alive:\n"
        '            raise Refused("not_started", holder, exit=holder.last_exit)\n'
        '        return "wait"',
    ),
    # Topics.
    Mutant(
        "publish raises for a full mailbox",
        TOPICS,
        "except (NoProcess, MailboxFull):",
        "except NoProcess:",
    ),
    Mutant(
        "publish stops at the first who takes nothing",
        TOPICS,
        "                dropped += 1\n            else:",
        "                dropped += 1\n                break\n            else:",
    ),
    Mutant(
        "publish leaves out the last subscriber",
        TOPICS,
        "for subscription in tuple(self._subscribers.get(topic, ())):",
        "for subscription in tuple(self._subscribers.get(topic, ()))[:2]:",
    ),
    Mutant(
        "a full subscription forgets the new message",
        PUBSUB,
        "            self._receive.receive_nowait()\n"
        "            self._send.send_nowait(message)  # type: ignore[arg-type]\n"
        "            return True",
        "            return True",
    ),
    Mutant(
        "what a subscription drops is not counted",
        PUBSUB,
        "        self._dropped += 1\n",
        "",
    ),
    Mutant(
        "a slow subscription is not cut off",
        PUBSUB,
        "            self._cut_off = True\n            self._leave(self)\n"
        "            self._send.close()",
        "            pass",
    ),
    # Monitors.
    Mutant(
        "watching who is down says nothing",
        WATCHING,
        "        if down:\n            self.deliver",
        "        if down and not record:\n            self.deliver",
    ),
    Mutant(
        "a cancelled monitor is told all the same",
        MONITORS,
        "        self._active = False\n",
        "",
    ),
    Mutant(
        "a monitor until the last end hears of each",
        WATCHING,
        '        if watch.until == "life":\n            self._lives[watch] = None',
        "        self._lives[watch] = None",
    ),
    Mutant(
        "an end without return is not told",
        WATCHING,
        '            if watch.until == "stopped":\n                _tell(watch, down)',
        '            if watch.until != "stopped":\n                _tell(watch, down)',
    ),
    Mutant(
        "a Down names the life before",
        WATCHING,
        "down = Down(record.handle, record.life, exit)",
        "down = Down(record.handle, record.life - 1, exit)",
    ),
    Mutant(
        "a Down tells of no error",
        WATCHING,
        "down = Down(record.handle, record.life, exit)",
        "down = Down(record.handle, record.life, NOPROC)",
    ),
    Mutant(
        "ends are read youngest first",
        WATCHING,
        "        return self._downs.popleft()",
        "        return self._downs.pop()",
    ),
    Mutant(
        "the ends of who is gone are waited for",
        WATCHING,
        "        self._over = True\n        self._waiters.wake()",
        "        self._waiters.wake()",
    ),
    Mutant(
        "who reads ends is not woken",
        WATCHING,
        "        self._downs.append(down)\n        self._waiters.wake()",
        "        self._downs.append(down)",
    ),
    Mutant(
        "a Down does not fit into a full mailbox",
        QUEUE,
        "        if self.accepting:\n            self._put(note)",
        "        if self.accepting and self.bounded < self.capacity:\n"
        "            self._put(note)",
    ),
    Mutant(
        "monitors go on behind their server's life",
        MAILBOX,
        "        for monitor in list(self.monitors):\n            monitor.cancel()",
        "        for monitor in list(self.monitors)[1:]:\n            monitor.cancel()",
    ),
    # Tasks.
    Mutant(
        "who waits for a crashed task is not told",
        TASK,
        "        self.waiters.wake()\n        watchers",
        "        if exit.error is None:\n            self.waiters.wake()\n        watchers",
    ),
    Mutant(
        "who watches a crashed task is not told",
        TASK,
        "        for watcher in watchers:\n            try:",
        "        for watcher in watchers if exit.error is None else ():\n            try:",
    ),
    Mutant(
        "a task has no deadline",
        TASK,
        "            with trio.fail_after(self._deadline):",
        "            with trio.CancelScope():",
    ),
    Mutant(
        "a failed task has a result",
        TASK,
        "outcome_of(run.result, run.exit)",
        "outcome_of(run.result or Ok(None), run.exit)",
    ),
    Mutant(
        "a task that was stopped is never over",
        TASK_SHELL,
        "        if isinstance(run, Run) and run.exit is None:",
        "        if isinstance(run, Run) and not (run.exit or record.asked):",
    ),
    Mutant(
        "a failed task is started again",
        TASK_SHELL,
        'restart="temporary",',
        'restart="transient",',
    ),
    Mutant(
        "linked tasks outlive their block",
        LINKS,
        "        await join(running)\n        if not running:",
        "        if running or not running:",
    ),
    Mutant(
        "a linked failure leaves its block alone",
        LINKS,
        "            finally:  # whatever the words of its error do\n"
        "                self._scope.cancel(reason)",
        "            finally:  # whatever the words of its error do\n"
        "                pass",
    ),
    Mutant(
        "the failure of a linked task is not raised",
        LINKS,
        "        if left is None:\n            return failure",
        "        if left is None:\n            return None",
    ),
    Mutant(
        "a stream turns its results round",
        STREAM,
        "        if options.ordered:\n            self._line.append(element)",
        "        if options.ordered:\n            self._line.appendleft(element)",
    ),
    Mutant(
        "a stream runs one too many",
        STREAM,
        "        if running >= limit:\n",
        "        if running > limit:\n",
    ),
    Mutant(
        "a stream ends with its items",
        STREAM,
        "self._over = self._source_done and not self._live",
        "self._over = self._source_done",
    ),
    Mutant(
        "the tasks of a stream outlive it",
        STREAM,
        "            await join([element.task for element in self._live])",
        "            await trio.lowlevel.checkpoint()",
    ),
    Mutant(
        "await_many gives the last first",
        MANY,
        "for task in failed or wanted]",
        "for task in failed or reversed(wanted)]",
    ),
    # Partitions.
    Mutant(
        "a key picks by Python's own hash",
        PARTITIONS,
        'return zlib.crc32(key.encode(errors="surrogatepass"))',
        "return hash(key)",
    ),
    Mutant(
        "pick does not know of a resize",
        HANDLES,
        "record = shell.record_for(partition_of(key, count))",
        "record = shell.record_for(partition_of(key, len(shell.flags.children)))",
    ),
    Mutant(
        "a number below zero picks another",
        PARTITIONS,
        "return abs(_whole(key)) % count",
        "return _whole(key) % count",
    ),
    Mutant(
        "a group restart brings back what is out of use",
        PARTITIONS,
        "return [record for record in super().group_of(pivot) if self.is_enabled(record)]",
        "return super().group_of(pivot)",
    ),
    Mutant(
        "a smaller number is not kept",
        RESIZING,
        "    plan.partitions.size = count\n    waiting",
        "    waiting",
    ),
]
