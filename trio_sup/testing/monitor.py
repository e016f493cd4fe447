"""The conformance monitor: does a tree do what its specification says?

It reads lifecycle events and knows the specifications, nothing else: children do what
they do. Every action of a supervisor must be one that its flags allow next. Use it in
a test, as a debugging hook on a live node, or over a recorded log.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

from attrs import frozen

from trio_sup._core.events import LifecycleEvent
from trio_sup._core.specs import ChildSpec
from trio_sup._node.node import Node, current_node
from trio_sup._trio.log import Log
from trio_sup.testing._monitor import supervisor_rules
from trio_sup.testing._monitor.child_watch import ChildWatch
from trio_sup.testing._monitor.facts import (
    ENDS,
    ChildFacts,
    Found,
    Seen,
    all_facts,
    all_records,
    facts_of_record,
    found_record,
    seen_event,
)
from trio_sup.testing._monitor.naming import Naming
from trio_sup.testing._monitor.watch import SupervisorWatch

logger: Log = Log("trio_sup.conformance")


@frozen
class Violation:
    """One thing that the specification does not allow."""

    at: float
    """Trio time, in seconds."""
    path: str
    """The child, or the supervisor, that it is about."""
    rule: str
    """The rule, with rows of the OTP checklist where it is one of OTP's."""
    what: str
    """What happened instead."""

    def __str__(self) -> str:
        return f"t={self.at:g}  {self.path}: {self.rule}: {self.what}"


class ConformanceMonitor:
    """One automaton a living supervisor; reads events, collects violations.

    Args:
        spec: The whole tree's specification. Not needed for a live node, which
            knows its specifications.
        slack: Seconds of doubt around the edge of a restart window. 0 is right
            under a virtual clock; with real time between an end and its decision
            something like 0.01.
        on_violation: Called with each violation as it is found.
    """

    def __init__(
        self,
        spec: ChildSpec[Any] | None = None,
        *,
        slack: float = 0.0,
        on_violation: Callable[[Violation], object] | None = None,
    ) -> None:
        self.violations: list[Violation] = []
        """What was found so far."""
        self._slack = slack
        self._on_violation = on_violation
        self._facts: dict[str, ChildFacts] = {}
        self._watches: dict[str, SupervisorWatch] = {}
        self._names: Naming | None = None
        # Supervisors that are given another specification: not judged meanwhile.
        self._changing: set[str] = set()
        if spec is not None:
            self.learn(all_facts(spec))

    def learn(self, facts: Iterable[ChildFacts]) -> None:
        """Take in what children are specified to be."""
        for fact in facts:
            self._facts[fact.path] = fact

    def hurry(self) -> None:
        """All graces are over: a second Ctrl-C came. No event tells it."""
        for watch in self._watches.values():
            watch.hurried = True

    # Live.

    @contextmanager
    def watching(self, node: Node | None = None) -> Generator[ConformanceMonitor]:
        """Watch a node for the length of a block; a tree may run already.

        Args:
            node: By default that of the present Trio run.
        """
        node = node or current_node()
        self.join(node)
        node.add_hook(self.take)
        try:
            yield self
        finally:
            node.remove_hook(self.take)

    def join(self, node: Node) -> None:
        """Learn the specifications of a node, whose events `take` is to be given."""
        self._names = Naming(node.trees)
        for record in all_records(node.trees()):
            self.learn([facts_of_record(record, self._names.of)])
            self.begin(found_record(record, self._names.of(record)))

    def take(self, event: LifecycleEvent) -> None:
        """Take a live event; fit to be a hook of a node."""
        seen = seen_event(event)
        if self._names is not None:
            seen.text, seen.path = seen.path, self._names.name(event.path)
        self.see(seen)

    def begin(self, found: Found) -> None:
        """Take in a child as it was found: after its supervisor, and its own facts."""
        facts = self._facts_of(found.path)
        assert facts is not None
        above = self._watches.get(facts.parent)
        if above is not None:
            state = ChildWatch(facts, life=found.life, state=found.state)
            state.asked_at, state.began = found.at, found.began
            state.attempt, state.quarantined = found.attempt, found.quarantined
            above.records[found.path] = state
            if found.life and found.text in above.first_starts:
                above.first_starts.remove(found.text)
        if found.mode is not None:
            self._watch(facts).mode = found.mode

    # Events.

    def see(self, seen: Seen) -> None:
        """Take one event in its reduced form."""
        if self._is_of_a_change(seen):
            return
        if seen.kind in _OWN:
            watch = self._watches.get(seen.path)
            if watch is None or self._is_another(watch, seen):
                watch = self._late(seen.path)
            if watch is not None:
                watch.hear(seen)
                _OWN[seen.kind](watch, seen)
            return
        own = self._watches.get(seen.path)
        starts = seen.kind == "child_starting"
        if starts and seen.life <= 1 and self._names is not None:
            self._forget(seen.path)
        facts = self._facts_of(seen.path)
        parent = facts.parent if facts is not None else seen.path.rpartition("/")[0]
        if seen.kind == "child_started":
            if own is None and not parent:
                own = self._late(seen.path)  # a root without children
            if own is not None:
                own.hear(seen)
                supervisor_rules.ready(own, seen)
        if not parent:
            return  # a root: nobody supervises it
        above = self._watches.get(parent)
        if above is None or (starts and self._is_another(above, seen)):
            above = self._late(parent)
        if above is None:
            return
        if own is not None and seen.kind in ENDS:
            supervisor_rules.ended(own, seen, asked=seen.requested)
            del self._watches[seen.path]
        above.hear(seen)
        above.take(seen)
        if starts:
            self._begin(above, seen.path)
        elif seen.kind == "child_removed" and self._names is not None:
            self._forget(seen.path)
            self._names.forget(seen.text)

    def _is_of_a_change(self, seen: Seen) -> bool:
        """Whether it belongs to a supervisor that is being reconfigured."""
        text = seen.text or seen.path
        if seen.kind == "requested" and seen.action == "reconfigure":
            self._changing.add(text)
            return True
        if any(text.startswith(f"{path}/") for path in self._changing):
            return True
        if text not in self._changing:
            return False
        if seen.kind == "supervisor_reconfigured":
            self._look_again(seen.path, text)
            return True
        if seen.kind in ENDS:  # its stop came first
            self._changed(text)
            self._watches.pop(seen.path, None)
        return seen.kind in _OWN

    def _changed(self, text: str) -> None:
        """It is over, there and with those below that changed for it."""
        below = {path for path in self._changing if path.startswith(f"{text}/")}
        self._changing -= {text, *below}

    def _look_again(self, path: str, text: str) -> None:
        """Take in what a supervisor is now; what a log alone does not tell."""
        record = None if self._names is None else self._names.find(path)
        if record is None or self._names is None:
            return  # nobody to ask: not judged any more
        self._changed(text)
        self._forget(path)
        for each in [one for one in self._watches if one.startswith(f"{path}/")]:
            del self._watches[each]
        for each_record in all_records([record]):
            self.learn([facts_of_record(each_record, self._names.of)])
            if each_record is record:
                self._watch(self._facts[path]).mode = "running"
            else:
                name = self._names.of(each_record)
                self.begin(found_record(each_record, name))

    def _begin(self, above: SupervisorWatch, path: str) -> None:
        facts = above.record(path).facts
        if facts.flags is not None:
            self._watch(facts)

    def _is_another(self, watch: SupervisorWatch, seen: Seen) -> bool:
        """Whether a new root of the same name begins."""
        return (
            not watch.facts.parent
            and watch.mode == "stopping"
            and seen.kind in ("child_starting", "supervisor_stopping")
            and seen.life == 1
            and not any(record.alive for record in watch.records.values())
        )

    def _late(self, path: str) -> SupervisorWatch | None:
        facts = self._facts_of(path)
        if facts is None or facts.flags is None:
            return None
        return self._watch(facts)

    def _watch(self, facts: ChildFacts) -> SupervisorWatch:
        watch = SupervisorWatch(facts, self._complain, self._facts_of, self._slack)
        self._watches[facts.path] = watch
        return watch

    def _facts_of(self, path: str) -> ChildFacts | None:
        facts = self._facts.get(path)
        if facts is None and self._names is not None:
            record = self._names.find(path)
            if record is not None:
                facts = self._facts[path] = facts_of_record(record, self._names.of)
        return facts

    def _forget(self, path: str) -> None:
        """Ask the node again: what has this path next may be something else."""
        facts = self._facts.pop(path, None)
        if facts is not None and facts.flags is not None:
            below = [each for each in self._facts if each.startswith(f"{path}/")]
            for each in below:
                del self._facts[each]

    def _complain(self, at: float, path: str, rule: str, what: str) -> None:
        violation = Violation(at, path, rule, what)
        self.violations.append(violation)
        if self._on_violation is not None:
            self._on_violation(violation)

    def overdue(self, now: float, patience: float) -> None:
        """Look at supervisors of whom nothing was heard for so long.

        What they had to do before then is missing.

        Args:
            now: Trio time, in seconds.
            patience: Seconds.
        """
        for watch in self._watches.values():
            if watch.unsettled and watch.heard_at < now - patience:
                watch.unsettled = False
                supervisor_rules.settled(watch, now - patience)

    def settled(self, now: float) -> None:
        """Say that nothing more happens by itself before time moves on.

        What had to be done by now is then missing: a restart that did not come, a
        child that was not forgotten. To be called when all tasks are blocked.

        Args:
            now: Trio time, in seconds.
        """
        for watch in self._watches.values():
            supervisor_rules.settled(watch, now)

    def check(self) -> None:
        """Raise if anything was found.

        Raises:
            AssertionError: with one line for each violation.
        """
        if self.violations:
            lines = "\n".join(f"  {violation}" for violation in self.violations)
            raise AssertionError(f"the tree broke its specification:\n{lines}")


def debug_conformance(
    node: Node | None = None, *, slack: float = 0.01
) -> ConformanceMonitor:
    """Switch the monitor on for a living node, until the node ends.

    Each violation is logged as an error by the logger ``trio_sup.conformance``.
    Trees that run already are watched from now on. A live node never settles, so
    what a supervisor fails to do is not found, only what it must not do.

    Args:
        node: By default that of the present Trio run.
        slack: Seconds of doubt around the edge of a restart window.

    Returns:
        The monitor, with all violations found so far. To switch it off, give its
        `take` to `Node.remove_hook`.
    """
    node = node or current_node()
    monitor = ConformanceMonitor(slack=slack, on_violation=_log_violation)
    monitor.join(node)
    node.add_hook(monitor.take)
    return monitor


def _log_violation(violation: Violation) -> None:
    logger.error("%s", violation)


_OWN: dict[str, Callable[[SupervisorWatch, Seen], None]] = {
    "supervisor_stopping": supervisor_rules.winds_down,
    "supervisor_gave_up": supervisor_rules.gave_up,
    "supervisor_auto_shutdown": supervisor_rules.auto_shutdown,
}
