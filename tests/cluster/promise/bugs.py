"""The planted bugs: what stands in the source, and what would stand there instead."""

from tests.harness.mutants.mutant import Mutant

RULES = "trio_sup.cluster._rules"
NODES = "trio_sup.cluster._nodes"

BUGS = [
    Mutant(
        "a node acts for longer than its lease",
        f"{RULES}.lease",
        "MARGIN: Final = 0.95",
        "MARGIN: Final = 1.5",
    ),
    Mutant(
        "a lease counts from its answer",
        f"{NODES}.session",
        "self.lease.renewed(sent)",
        "self.lease.renewed(self.link.time())",
    ),
    Mutant(
        "the end of a session stops no child",
        f"{NODES}.membership",
        "self.names.lose_all()",
        "pass",
    ),
    Mutant(
        "an engine counts half of a lease",
        f"{RULES}.engine",
        "member.expires = now + member.ttl",
        "member.expires = now + member.ttl / 2",
    ),
    Mutant(
        "an engine that forgot lets everybody claim at once",
        f"{RULES}.engine",
        "if wait > 0:",
        "if wait > grace:",
    ),
    Mutant(
        "an engine that forgot counts its tokens anew",
        f"{RULES}.engine",
        "self._last = Token(max(self._last + 1, int(now * 1e6)))",
        "self._last = Token(self._last + 1)",
    ),
    Mutant(
        "an engine that forgot is not told what is held",
        f"{NODES}.session",
        "if self.holdings.differs(beat):",
        "if self.holdings.generation is None:",
    ),
    Mutant(
        "an engine that forgot ends all sessions",
        f"{RULES}.holdings",
        "return self.generation is not None and gone.generation != self.generation",
        "return self.generation is None",
    ),
    Mutant(
        "the names of the dead stay theirs",
        f"{RULES}.engine",
        "        for name in member.names:\n            del self._names[name]\n",
        "",
    ),
    Mutant(
        "who is drained claims again",
        f"{NODES}.names",
        "        self._drained = True\n",
        "",
    ),
    Mutant(
        "what comes again is served again",
        f"{RULES}.sequence",
        "if number <= last or sender in self._gone:",
        "if number < 0:",
    ),
    Mutant(
        "a cast is put into the mailbox twice",
        f"{NODES}.inbox",
        "queue.put_note(note_of(handler, args, kwargs))",
        "[queue.put_note(note_of(handler, args, kwargs)) for _ in 'xx']",
    ),
    Mutant(
        "what waited for a look-up is sent in the wrong order",
        f"{NODES}.outbox",
        "for letter in waiting:\n            try:",
        "for letter in reversed(waiting):\n            try:",
    ),
    Mutant(
        "a call whose node went down is said not to have run",
        f"{NODES}.calls",
        "call.failed(NodeDown(call.body.key, self.node_of(node)))",
        'call.failed(Refused(call.body.key, "down"))',
    ),
    Mutant(
        "calls share a number",
        f"{NODES}.calls",
        "self._last += 1",
        "self._last = 1",
    ),
    Mutant(
        "numbers of messages go on in another incarnation",
        f"{NODES}.membership",
        "self.mail.incoming.forget_all()",
        "pass",
    ),
    Mutant(
        "a dead node is still sent what is for its names",
        f"{NODES}.membership",
        "            self.outbox.forget_node(info.id)\n",
        "",
    ),
    Mutant(
        "a life begins without the state that is kept",
        f"{NODES}.states",
        "if kept is not None:\n            load(self, kept)",
        'if kept == b"":\n            load(self, kept)',
    ),
    Mutant(
        "an answer does not wait until the state is written",
        f"{NODES}.states",
        "        await _write(self, keeper)\n        return answer\n",
        "        return answer\n",
    ),
    Mutant(
        "an answer to a claim that was lost is never repaired",
        f"{RULES}.holdings",
        "return forgot or beat.owned != len(self.tokens)",
        "return forgot",
    ),
    Mutant(
        "who is drained gives names back before its children are down",
        f"{NODES}.names",
        "while each.record.alive and each.record.life == life:",
        "while False:",
    ),
    Mutant(
        "a call that is sent again may overtake",
        f"{NODES}.calls",
        "if call.retried or route.last != call.place:",
        "if call.retried:",
    ),
    Mutant(
        "what waited for a look-up goes by the engine to a holder here",
        f"{NODES}.outbox",
        "        if to == me:\n            # Not",
        "        if False:\n            # Not",
    ),
    Mutant(
        "a call is sent again when the link changed",
        f"{NODES}.calls",
        "call.failed(ConnectionChanged(call.body.key))",
        'self._again(call, "")',
    ),
    Mutant(
        "a call is sent again when its node went down",
        f"{NODES}.calls",
        "call.failed(NodeDown(call.body.key, self.node_of(node)))",
        'self._again(call, "")',
    ),
    Mutant(
        "a call whose link changed is said not to have run",
        f"{NODES}.calls",
        "call.failed(ConnectionChanged(call.body.key))",
        'call.failed(Refused(call.body.key, "changed"))',
    ),
    Mutant(
        "the holder of a name is never looked up again",
        f"{NODES}.calls",
        "self.outbox.forget_holder(name)\n        route",
        "route",
    ),
    Mutant(
        "a stale writer is not refused",
        f"{RULES}.engine",
        "        if last > token:\n            return False\n",
        "",
    ),
    Mutant(
        "who stands by for a name repairs nothing",
        f"{NODES}.session",
        "            self.holdings.claiming.discard(name)\n",
        "            pass\n",
    ),
]
"""Found by the search; the table says how soon."""

HIDDEN = [
    Mutant(
        "what is being claimed is given back",
        f"{RULES}.holdings",
        "return name not in self.tokens and name not in self.claiming",
        "return name not in self.tokens",
    ),
    Mutant(
        "what is given to a holder here overtakes what waits for a look-up",
        f"{NODES}.outbox",
        "if route.waiting is not None:\n                return False",
        "if False:\n                return False",
    ),
]
"""Not found in the time that a bug is given. A claim has to be cancelled when it was
granted, and made again in the very moment in which the two lists are compared: a test of
`Holdings` finds it. A message has to come in the few milliseconds between two answers of
the engine: ``test_order_here.py`` finds it. Try them with ``--one``."""
