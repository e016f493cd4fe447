"""What a node can be warned about: each rule with its why and what to do. Data."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from attrs import frozen

Severity: TypeAlias = Literal["bad", "warn"]


@frozen
class Rule:
    """One thing that can be wrong."""

    id: str
    """Stable: what a script or a setting names."""
    severity: Severity
    """``bad`` needs somebody now, ``warn`` soon."""
    one: str
    """What is wrong with one child."""
    many: str
    """The same of several, for after a number."""
    why: str
    """Why that matters."""
    advice: str
    """What to do."""

    def title(self, number: int) -> str:
        """How many have it, in one line."""
        return f"1 {self.one}" if number == 1 else f"{number} {self.many}"


RULES: Final = (
    Rule(
        "stuck",
        "bad",
        "child does not end",
        "children do not end",
        "It was cancelled and still lives. Its supervisor waits for it, and so does"
        " everything behind it: Trio cannot kill a task.",
        "See where it hangs (Stack, or the event child_stuck). Look for a blocking"
        " call, a thread, or a shield without an end.",
    ),
    Rule(
        "deadlock",
        "bad",
        "ring of calls waits for itself",
        "rings of calls wait for themselves",
        "Each server waits for the answer of the next one, and the last for the"
        " first. None of them ever goes on.",
        "Turn one of the calls into a cast, answer it later (call.deferred), or give"
        " it a timeout.",
    ),
    Rule(
        "quarantined",
        "bad",
        "child is in quarantine",
        "children are in quarantine",
        "It used up its own restart budget, or an operator said so, and stays down"
        " until somebody releases it. Its siblings go on.",
        "Read its last crash, mend the cause, then release it, or restart it.",
    ),
    Rule(
        "gave-up",
        "bad",
        "supervisor gave up lately",
        "supervisors gave up lately",
        "Its children crashed more often than its limit allows, so it stopped them"
        " and passed the trouble on to its own supervisor.",
        "Find the child in Restarts. A higher limit helps only if crashes are"
        " expected; a budget of the child's own spares its siblings.",
    ),
    Rule(
        "budget-spent",
        "bad",
        "restart budget is used up",
        "restart budgets are used up",
        "The next crash within the window makes the supervisor give up and stop all"
        " its children.",
        "Mend what crashes, or give that child a backoff or a budget of its own.",
    ),
    Rule(
        "mailbox-full",
        "bad",
        "mailbox is full",
        "mailboxes are full",
        "Casts and sends are refused, dropped or made to wait, by the mailbox's own"
        " rule.",
        "See the message in progress. Handle faster, ask several servers"
        " (partition_supervisor), or let senders wait (cast_wait).",
    ),
    Rule(
        "crash-loop",
        "bad",
        "child crashes again and again",
        "children crash again and again",
        "The same error came three times or more within a minute: a new life does"
        " not mend it.",
        "Read the traceback in its details. Give it a backoff, so that it does not"
        " use up the budget meanwhile.",
    ),
    Rule(
        "loop-lag",
        "bad",
        "loop is held",
        "loops are held",
        "A task ran for long without a checkpoint: nothing else of this node could"
        " run meanwhile, timeouts included.",
        "Busy (0) says who held it, and in which line. Put long computation in a"
        " thread (trio.to_thread), or checkpoints inside it.",
    ),
    Rule(
        "slow-stop",
        "warn",
        "child takes long to stop",
        "children take long to stop",
        "It was asked to stop more than 10 seconds ago. Static supervisors stop one"
        " child after the other, so the rest waits.",
        "See what it does in terminate or after Cancelled. Lower its shutdown time.",
    ),
    Rule(
        "slow-message",
        "warn",
        "message is in progress for long",
        "messages are in progress for long",
        "A server handles one message at a time: the rest of its mailbox waits.",
        "See its stack. Give what it waits for a timeout, or hand the work to a task"
        " and answer later (call.deferred).",
    ),
    Rule(
        "mailbox-growing",
        "warn",
        "mailbox grows",
        "mailboxes grow",
        "More comes in than is handled, five samples in a row.",
        "Compare MSG/S with what is sent. If it goes on, the mailbox will be full.",
    ),
    Rule(
        "mailbox-near",
        "warn",
        "mailbox is nearly full",
        "mailboxes are nearly full",
        "80 % of its bound are used; at 100 % messages are refused, dropped or wait.",
        "See the message in progress, and whether the mailbox grows.",
    ),
    Rule(
        "backing-off",
        "warn",
        "child waits before its next life",
        "children wait before their next lives",
        "It crashed, and its backoff delays the restart: until then nobody answers.",
        "Read its last exit. It comes back by itself.",
    ),
    Rule(
        "slow-start",
        "warn",
        "child is not ready yet",
        "children are not ready yet",
        "It started more than 10 seconds ago. A static supervisor starts the next"
        " child only after this one.",
        "See what init waits for, or whether started() is called. start_timeout"
        " bounds it.",
    ),
    Rule(
        "stopped",
        "warn",
        "permanent child is stopped",
        "permanent children are stopped",
        "It was terminated by request and does not come back by itself.",
        "Restart it (restart_child), or delete it.",
    ),
    Rule(
        "lost-temporary",
        "warn",
        "temporary child crashed lately",
        "temporary children crashed lately",
        "Temporary children are never restarted: after a crash it is silently gone.",
        "If it matters, make it transient: restarted after a crash, not after an"
        " orderly end.",
    ),
    Rule(
        "budget-half",
        "warn",
        "restart budget is half used",
        "restart budgets are half used",
        "At this pace the supervisor may give up soon.",
        "See Restarts for who crashes and when the window frees.",
    ),
    Rule(
        "crowd",
        "warn",
        "supervisor has more than 10,000 children",
        "supervisors have more than 10,000 children each",
        "Stopping, listing and watching them all takes long.",
        "Divide them (partition_supervisor).",
    ),
    Rule(
        "missed-events",
        "warn",
        "gap is in the event log",
        "gaps are in the event log",
        "The node had more to tell than it keeps: Restarts and Events are incomplete.",
        "Raise the refresh rate (+), or look at the node's own log.",
    ),
)
"""All rules, the most urgent first."""

IN_QUARANTINE: Final[dict[bool | None, tuple[str, str]]] = {
    True: (
        "is kept down by hand until it is released",
        "An operator said so: it stays down until somebody releases it. Its siblings"
        " go on.",
    ),
    False: (
        "used up its own budget: down until released",
        "It used up its own restart budget, and stays down until somebody releases"
        " it. Its siblings go on.",
    ),
}
"""What is said of a child in quarantine, and why, by whether people put it there."""

BY_ID: Final = {rule.id: rule for rule in RULES}
ORDER: Final = {rule.id: n for n, rule in enumerate(RULES)}
