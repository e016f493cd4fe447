"""The laws of servers, by name; the page "Laws of servers" in the docs explains each.

The numbers are rows of the OTP checklist.
"""

from __future__ import annotations

from typing import Final

LINE: Final = "messages are served in the order in which they came (GS-020)"
SERVED: Final = "what waits is served (GS-020)"
KEPT: Final = "a kept mailbox is served whole and in order"
OPEN: Final = "a server takes messages as long as it lives (GS-027)"
BOUND: Final = "only casts, sends and timers fill a mailbox"
FULL: Final = "a full mailbox does as its policy says"
ROOM: Final = "who waits for room gets it, in order"
CONTINUE: Final = "handle_continue comes before the next message (GS-010, 037)"
STOP: Final = "an orderly stop serves what was queued before (GS-069, 073)"
TERMINATE: Final = "terminate runs once, at each end but a kill (GS-060, 061)"
GRACE: Final = "terminate has the shutdown seconds of its child (GS-060)"
TOLD: Final = "callers hear of a crash before terminate (GS-026)"
OWED: Final = "who is owed an answer hears of the end (GS-072, 074)"
SUSPENDED: Final = "a suspended server serves no message (GS-082)"
TICKS: Final = "ticks do not pile up"
TIMERS: Final = "timers end with their life"
IDLE: Final = "the next message cancels idle_after (GS-050, 051)"
IDLE_TIME: Final = "idle_after comes when its time is over (GS-050)"
ANSWER: Final = "the answer is what the handler made of the call"
DECLARED: Final = "a declared error is an answer, and no crash"
CRASH: Final = "an error that is not declared ends the life"
DEFERRED: Final = "a deferred call is answered by who has its caller (GS-030)"
RING: Final = "a ring of calls is refused (GS-028)"
TURN: Final = "a busy server lets others go on"
EVENTS: Final = "events of a state machine come in their order (STM-001)"
EVENT_TIMEOUT: Final = "any event cancels the event timeout (STM-002)"
STATE_TIMEOUT: Final = "a change of state cancels the state timeout (STM-003)"
ENTERED: Final = "a state is entered when it has changed (STM-005)"
DUE: Final = "a timeout comes at its time, if it is still wanted"
POSTPONED: Final = "a postponed call is answered by who handles it (STM-007)"
AGENT: Final = "an agent's value is what its functions made (AG-001..003)"

MOST_IN_A_ROW: Final = 64
"""Messages that a server may handle before other tasks get a turn."""
