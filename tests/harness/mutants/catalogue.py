"""The planted bugs: what stands in the source, and what would stand there instead."""

from .mutant import Mutant

CORE = "trio_sup._core.strategy"
WINDOW = "trio_sup._core.state"
POLICIES = "trio_sup._core.policies"
LIVES = "trio_sup._supervisors.lives"
PLAN = "trio_sup._core.plan.supervision"
STATIC = "trio_sup._core.plan.static"
GROUPS = "trio_sup._core.plan.groups"
DYNAMIC = "trio_sup._core.plan.dynamic"
KID = "trio_sup._children.record"
LIFE = "trio_sup._children.life"
FUNCTIONS = "trio_sup._children.functions"
STOPPING = "trio_sup._children.stopping"
JUDGE = "trio_sup._core.judge"
MAILBOX = "trio_sup._servers.mailbox"
QUEUE = "trio_sup._servers.queue"
OPEN = "trio_sup._tree.open"
SERVE = "trio_sup._servers.loop"
REGISTRY = "trio_sup._registry.registry"

MUTANTS = [
    # What is decided.
    Mutant(
        "the limit is one too low",
        WINDOW,
        "if len(times) >= self.max_restarts:",
        "if len(times) + 1 >= self.max_restarts:",
    ),
    Mutant(
        "the limit is one too high",
        WINDOW,
        "if len(times) >= self.max_restarts:",
        "if len(times) > self.max_restarts:",
    ),
    Mutant(
        "the window excludes its edge",
        WINDOW,
        "while times and now - times[0] > self.max_seconds:",
        "while times and now - times[0] >= self.max_seconds:",
    ),
    Mutant(
        "the window never forgets",
        WINDOW,
        "while times and now - times[0] > self.max_seconds:",
        "while times and now - times[0] > self.max_seconds * 1000:",
    ),
    Mutant(
        "a permanent child may end normally",
        CORE,
        'if restart == "permanent":\n            return True',
        'if restart == "permanent":\n            return exit.kind != "normal"',
    ),
    Mutant(
        "a transient child comes back after a shutdown",
        CORE,
        'return restart == "transient" and not exit.in_order',
        'return restart == "transient" and exit.kind != "normal"',
    ),
    Mutant(
        "a temporary child comes back",
        CORE,
        'return restart == "transient" and not exit.in_order',
        "return not exit.in_order",
    ),
    Mutant(
        "rest_for_one leaves the failed child out",
        CORE,
        "            records.append(record)\n            if record is pivot:\n",
        "            if record is not pivot or len(self.records) == 1:\n"
        "                records.append(record)\n            if record is pivot:\n",
    ),
    Mutant(
        "rest_for_one restarts everybody",
        CORE,
        "            found = self._from(pivot)  # those before it are not looked at\n",
        "            pass\n",
    ),
    Mutant(
        "a group stops in start order",
        CORE,
        "        return order\n",
        "        return order[::-1]\n",
    ),
    Mutant(
        "a failed restart does not count",
        CORE,
        '(SUP-074)."""\n        return self._restart(record, now)',
        '(SUP-074)."""\n        self.window.clear()\n        return self._restart(record, now)',
    ),
    Mutant(
        "an ignored restart is tried again",
        STATIC,
        "        if is_a(exit.error, Ignore):\n"
        "            return self.follow(record, self.core.on_ignored_restart(record), now)\n",
        "",
    ),
    Mutant(
        "all_significant means any",
        CORE,
        'if mode == "any_significant":',
        'if mode in ("any_significant", "all_significant"):',
    ),
    Mutant(
        "any_significant is not heeded",
        CORE,
        'if mode == "any_significant":',
        "if False:",
    ),
    Mutant(
        "a dynamic supervisor keeps what is done",
        CORE,
        "        record.attempt = 0\n"
        '        if self.dynamic or record.spec.restart == "temporary":',
        '        record.attempt = 0\n        if record.spec.restart == "temporary":',
    ),
    Mutant(
        "the backoff starts one step late",
        POLICIES,
        "step = attempt - 2 if self.immediate_first else attempt - 1",
        "step = attempt - 3 if self.immediate_first else attempt - 1",
    ),
    Mutant(
        "a healthy life does not end the row of delays",
        CORE,
        "            record.attempt = 0\n        return self._restart(record, now)",
        "            pass\n        return self._restart(record, now)",
    ),
    Mutant(
        "a budget is not asked",
        CORE,
        "if not record.budget_window.admit(now):",
        "if False:",
    ),
    # What is done.
    Mutant(
        "giving up stops nobody",
        PLAN,
        '            *self.stop(f"gave up after {record.label!r} ended"),\n',
        "",
    ),
    Mutant(
        "giving up is a crash",
        PLAN,
        'self.outcome = Exit("shutdown", "gave up")',
        'self.outcome = Exit("crashed", "gave up")',
    ),
    Mutant(
        "children stop in start order",
        STATIC,
        "for record in reversed(list(self.core.records.values())):",
        "for record in list(self.core.records.values()):",
    ),
    Mutant(
        "children are asked to stop all at once",
        STATIC,
        "            yield from self.stop_child(record, self.stop_reason)\n",
        "            if record.alive:\n"
        "                yield (self.stopping_of(record, self.stop_reason),)\n"
        "        for record in list(self.core.records.values()):\n"
        "            yield from self.stop_child(record, self.stop_reason)\n",
    ),
    Mutant(
        "a stopped child is not waited for in a group",
        GROUPS,
        "yield plan.line.stop(asked)",
        "yield (asked,)",
    ),
    Mutant(
        "an end is decided again after its group has restarted",
        GROUPS,
        "        if record.ticket == ticket and not record.alive:\n",
        "        if True:\n",
    ),
    Mutant(
        "restarts go on while the supervisor stops",
        PLAN,
        'LETS_START: Final = ("running", "starting")',
        'LETS_START: Final = ("running", "starting", "stopping", "down")',
    ),
    Mutant(
        "a due backoff starts who was started by hand",
        PLAN,
        'return wake.record.ticket == wake.ticket and self.mode == "running"',
        'return self.mode == "running"',
    ),
    Mutant(
        "the group waits for no backoff",
        GROUPS,
        "        if at > plan.now:\n",
        "        if False:\n",
    ),
    Mutant(
        "a group restart revives temporary children",
        GROUPS,
        'if record.spec.restart == "temporary":\n'
        "                plan.core.drop(record)",
        'if record.spec.restart == "never":\n                plan.core.drop(record)',
    ),
    Mutant(
        "a group restart stops at the first failure for good",
        GROUPS,
        "            plan.line.add(self.late_retry(record))\n",
        "",
    ),
    Mutant(
        "a child stopped by hand is restarted",
        PLAN,
        "return record.asked is not None or record.in_plan or self.mode",
        "return record.in_plan or self.mode",
    ),
    Mutant(
        "the tree is not shielded from its block",
        OPEN,
        "record.scope = new_scope()",
        'record.scope = type("Open", (type(new_scope()),), {"shield": False})()',
    ),
    Mutant(
        "who waits for the tree's end is not shielded",
        OPEN,
        "with trio.CancelScope(shield=came is not None):",
        "with trio.CancelScope():",
    ),
    Mutant(
        "a supervisor is ready before its children",
        PLAN,
        "        yield from self._start_children()\n"
        '        if self.mode != "starting":\n'
        "            return\n"
        '        self.mode = "running"\n'
        "        yield READY\n",
        "        yield READY\n"
        "        yield from self._start_children()\n"
        '        if self.mode != "starting":\n'
        "            return\n"
        '        self.mode = "running"\n',
    ),
    Mutant(
        "a failed start leaves the others running",
        STATIC,
        "yield (StartFailure(record, ended), *self.stop(why))",
        "yield (StartFailure(record, ended),)",
    ),
    Mutant(
        "Ctrl-C is taken for a crash",
        LIFE,
        "host.life_over(record, exit, fatal)",
        "host.life_over(record, exit, None)",
    ),
    Mutant(
        "the grace never ends",
        STOPPING,
        "        if record is not None and record.ending is self:\n",
        "        if record is None:\n",
    ),
    Mutant(
        "brutal_kill asks first and waits",
        STOPPING,
        "arm(record, 0.0)",
        "arm(record, 5.0)",
    ),
    Mutant(
        "a crash during a stop is masked as a restart",
        JUDGE,
        "        if meant.asked is not None:\n            in_order = failure",
        "        if meant.asked is not None and failure is None:\n"
        "            in_order = failure",
    ),
    Mutant(
        "dynamic children stop one after the other",
        DYNAMIC,
        "        yield from self._ask_all()\n        self._waits_for_all",
        "        for record in list(self.core.records.values()):\n"
        "            yield from self.stop_child(record, self.stop_reason)\n"
        "        self._waits_for_all",
    ),
    # Mailboxes, callers and names.
    Mutant(
        "queued callers are forgotten in a crash",
        MAILBOX,
        "            if isinstance(item, Request):\n"
        "                self._fail(item, exit)",
        "            pass",
    ),
    Mutant(
        "the caller in progress is forgotten",
        MAILBOX,
        "        if isinstance(item, Request):\n            self._fail(item, exit)",
        "        pass",
    ),
    Mutant(
        "a kept message is not counted as waiting",
        MAILBOX,
        "        self.bounded -= gone",
        "        self.bounded = 0",
    ),
    Mutant(
        "the mailbox serves its last message first",
        QUEUE,
        "        batch.reverse()",
        "        pass",
    ),
    Mutant(
        "a full mailbox takes one more",
        QUEUE,
        "        if self.bounded >= self.policy.capacity and not self._make_room():",
        "        if self.bounded > self.policy.capacity and not self._make_room():",
    ),
    Mutant(
        "a name outlives its holder",
        LIVES,
        "                release_name(record)\n",
        "                pass\n",
    ),
    Mutant(
        "a name is found while its holder is down",
        LIVES,
        "                hide_names(record)\n",
        "                pass\n",
    ),
    Mutant(
        "a name is not shown again after a restart",
        KID,
        "if self.spec.name is not None:\n                show_name(self)",
        "if self.spec.name is not None and self.life == 1:\n"
        "                show_name(self)",
    ),
    Mutant(
        "the end of a life is told twice",
        LIVES,
        "            if self.node.note(make, event):\n",
        "            if record.life == 2:\n"
        "                self.emit(make, event)\n"
        "            if self.node.note(make, event):\n",
    ),
    Mutant(
        "the next life starts before the last one ended",
        FUNCTIONS,
        "        scope.cancel(reason)\n        return True\n",
        "        scope.cancel(reason)\n        record.scope = None\n        return True\n",
    ),
]
