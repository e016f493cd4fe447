"""Planted bugs of machines, timers, agents, ends, groups and requests by hand."""

from .mutant import Mutant

MACHINE = "trio_sup._servers.machine"
STATES = "trio_sup._servers.state_machine"
TIMERS = "trio_sup._servers.timers"
CONTEXT = "trio_sup._servers.context"
QUEUE = "trio_sup._servers.queue"
AGENT = "trio_sup._servers.agent"
LIVES = "trio_sup._supervisors.lives"
OPEN = "trio_sup._tree.open"
FUNCTIONS = "trio_sup._children.functions"
STOPPING = "trio_sup._children.stopping"
PROTECT = "trio_sup._trio.protect"
SHELL = "trio_sup._supervisors.dynamic"
STATIC_SHELL = "trio_sup._supervisors.static"
DYNAMIC = "trio_sup._core.plan.dynamic"
REQUESTS = "trio_sup._core.plan.requests"
GROUPS = "trio_sup._core.plan.groups"
PLAN = "trio_sup._core.plan.supervision"
STATIC = "trio_sup._core.plan.static"

MOMENT_MUTANTS = [
    # State machines.
    Mutant(
        "a new state is not entered",
        MACHINE,
        "        if self.server.state != before or self.repeats:",
        "        if self.repeats:",
    ),
    Mutant(
        "every event enters its state",
        MACHINE,
        "        if self.server.state != before or self.repeats:",
        "        if True:",
    ),
    Mutant(
        "a timeout of no time waits for the mailbox",
        MACHINE,
        "        elif machine.busy:\n            machine.pending.append(event)",
        "        elif machine.busy and not event:\n"
        "            machine.pending.append(event)",
    ),
    Mutant(
        "a named timeout set anew comes twice",
        STATES,
        "        _cancel(machine.timers.get(name))\n",
        "",
    ),
    Mutant(
        "a state timeout set anew comes twice",
        STATES,
        "        _cancel(machine.state_timer)\n",
        "",
    ),
    Mutant(
        "a timeout cancelled in the last moment comes",
        MACHINE,
        '        self._machine.inner.check_if_going("timeout.cancel")\n'
        "        self._event = None\n",
        '        self._machine.inner.check_if_going("timeout.cancel")\n',
    ),
    Mutant(
        "a postponed call is answered at once",
        MACHINE,
        "            self.postponed.append(event)\n",
        "            self.postponed.append(event)\n"
        "            if event.caller is not None:\n"
        "                event.caller.reply(None)\n",
    ),
    Mutant(
        "the timeout of the new state goes with the old one",
        MACHINE,
        "        if timer is not None and timer.set_in != self.event_number:",
        "        if timer is not None:",
    ),
    Mutant(
        "postponed events are tried in the same state",
        MACHINE,
        "        if self.server.state != before:\n            self._leave()",
        "        self._leave()",
    ),
    Mutant(
        "a timeout of a machine is late",
        MACHINE,
        "            at = trio.current_time() + seconds\n",
        "            at = trio.current_time() + seconds * 2\n",
    ),
    # Timers.
    Mutant(
        "every second tick is left out",
        TIMERS,
        "            self._set(due + self._period)",
        "            self._set(due + 2 * self._period)",
    ),
    Mutant(
        "a cancelled timer rings",
        TIMERS,
        "            self._alarm.cancel()\n            self._alarm = None",
        "            self._alarm = None",
    ),
    Mutant(
        "a tick that was dropped was the last",
        QUEUE,
        "        if isinstance(dropped, TickNote):\n            dropped.waits = False\n",
        "",
    ),
    Mutant(
        "a timer is early",
        TIMERS,
        "self._set(trio.current_time() + max(0.0, seconds))",
        "self._set(trio.current_time() + max(0.0, seconds) / 2)",
    ),
    Mutant(
        "idle_after does not wait",
        CONTEXT,
        "        if note is None or trio.current_time() < self.idle_at:",
        "        if note is None:",
    ),
    Mutant(
        "idle_after is forgotten by who waits for it",
        "trio_sup._servers.careful",
        "    alarm = alarm_clock().at(inner.idle_at, queue.wake)",
        "    alarm = alarm_clock().at(inner.idle_at, lambda: None)",
    ),
    # Agents.
    Mutant(
        "an agent keeps its old value",
        AGENT,
        '        """For `update`."""\n        self.value = fn(self.value)',
        '        """For `update`."""\n        fn(self.value)',
    ),
    Mutant(
        "an agent answers with its new value",
        AGENT,
        "                self.value = new[0]\n                return answer",
        "                self.value = new[0]\n                return new[0]",
    ),
    Mutant(
        "an agent runs a cast twice",
        AGENT,
        '        """For `cast`."""\n        self.value = fn(self.value)',
        '        """For `cast`."""\n        self.value = fn(fn(self.value))',
    ),
    # Ends.
    Mutant(
        "children are not shielded",
        LIVES,
        "record.scope = new_scope()",
        'record.scope = type("Open", (type(new_scope()),), {"shield": False})()',
    ),
    Mutant(
        "an error in the block leaves the tree running",
        OPEN,
        "        host.shell.request_stop(_body_reason(error))\n",
        "        if error is None or isinstance(error, trio.Cancelled):\n"
        "            host.shell.request_stop(_body_reason(error))\n",
    ),
    Mutant(
        "an error in the block is swallowed",
        OPEN,
        "        final = _join(left, came, host.failure)\n",
        "        final = _join(came, host.failure)\n        absorbed = True\n",
    ),
    Mutant(
        "graceful_stop that is entered late hears nothing",
        FUNCTIONS,
        "    if record.asked is not None:\n        event.set()",
        "    if record.asked is None:\n        pass",
    ),
    Mutant(
        "a second request to stop extends the grace",
        STOPPING,
        "or deadline >= ending.deadline:",
        "or deadline == ending.deadline:",
    ),
    Mutant(
        "Ctrl-C interrupts the library itself",
        PROTECT,
        "    if inspect.isfunction(function):\n        enable_ki_protection(function)",
        "    if inspect.isfunction(function):\n        pass",
    ),
    # By hand.
    Mutant(
        "a start that was given up comes later",
        STATIC_SHELL,
        "            request.withdrawn = withdraw  # cancelled, or Ctrl-C",
        "            request.withdrawn = False  # cancelled, or Ctrl-C",
    ),
    Mutant(
        "max_children counts only who lives",
        DYNAMIC,
        "        if len(records) >= self.flags.max_children:",
        "        if self.living >= self.flags.max_children:",
    ),
    Mutant(
        "a dynamic supervisor keeps what did not start",
        DYNAMIC,
        "        if record.supervised_start:\n            return self.drop(record)",
        '        if record.supervised_start:\n            record.enter("rests")\n'
        "            return (Settle(record),)",
    ),
    Mutant(
        "a supervisor keeps what did not start",
        REQUESTS,
        '        record.enter("rests")\n    else:\n        plan.core.drop(record)',
        '        record.enter("rests")\n    else:\n        record.enter("rests")',
    ),
    Mutant(
        "a deleted child stays listed",
        REQUESTS,
        '"delete_child", plan.now),)\n    plan.core.drop(record)\n',
        '"delete_child", plan.now),)\n',
    ),
    Mutant(
        "terminate_child answers too early",
        SHELL,
        "        self.perform(self.plan.terminate(record, trio.current_time()))\n"
        "        while record.alive:",
        "        self.perform(self.plan.terminate(record, trio.current_time()))\n"
        "        while not record:",
    ),
    Mutant(
        "start_child answers too early",
        SHELL,
        "        while not record.started_life and record.alive:\n"
        "            await record.changed()\n"
        "        if record.started_life:\n            return record.handle",
        "        if record.alive:\n            return record.handle",
    ),
    Mutant(
        "an id in use is taken over",
        DYNAMIC,
        "        if spec.id is not None and spec.id in records:",
        "        if spec.id is not None and spec.id in records and not spec.id:",
    ),
    # Groups.
    Mutant(
        "the earlier pivot of a pending group is forgotten",
        GROUPS,
        "            if self._comes_before(waiting.pivot, pivot):\n"
        "                pivot = waiting.pivot",
        "            pass",
    ),
    Mutant(
        "a pending group takes the earlier time",
        GROUPS,
        "            at = max(at, waiting.at)",
        "            at = min(at, waiting.at)",
    ),
    Mutant(
        "a crash in the teardown of a group counts",
        PLAN,
        "return record.asked is not None or record.in_plan or self.mode",
        "return record.asked is not None or self.mode",
    ),
    Mutant(
        "a budget outlives its supervisor",
        STATIC,
        "                record.budget_window.clear()  # as the limit",
        "                pass  # as the limit",
    ),
    Mutant(
        "a restart by hand leaves the budget used up",
        REQUESTS,
        "    if record.budget_window is not None:\n"
        "        record.budget_window.clear()\n    ended",
        "    ended",
    ),
    Mutant(
        "who is terminated in a backoff comes back",
        GROUPS,
        "        if waiting is not None and waiting.pivot is pivot:\n"
        "            self.present = None\n        elif",
        "        if waiting is not None and waiting.pivot is pivot:\n"
        "            return\n        elif",
    ),
]
