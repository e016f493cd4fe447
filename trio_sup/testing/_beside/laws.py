"""The laws of what stands beside servers, by name; a page in the docs explains each.

The numbers are rows of the OTP checklist.
"""

from __future__ import annotations

from typing import Final

ONE_HOLDER: Final = "a unique name has one holder (REG-005)"
FREE: Final = "a name that nobody holds is free (REG-012)"
SHOWN: Final = "look-ups find who lives under a name (REG-006, 025)"
RESERVED: Final = "a name is kept for who comes back"
NAMED: Final = "who waits for a name gets its holder"
AWAITED: Final = "get_or_start waits for who comes back"
HEARD: Final = "listeners hear of names, in order (REG-027)"
LOCKED: Final = "one task at a time holds a lock, in order (REG-036)"
GONE: Final = "who hears of an end finds the name free"

PUBLISHED: Final = "what is published reaches all, and waits for none"
READ: Final = "a subscription is read in order, by its policy"

NOPROC: Final = "who watches the dead hears so at once (MON-004)"
DOWN: Final = "a monitor tells once of each end (MON-001)"
TRUE_END: Final = "a Down tells of the end that there was"
STOPPED: Final = "an end without return is told once, and no other"
CANCELLED: Final = "a cancelled monitor tells nothing (MON-003)"
ITERATED: Final = "ends are read in order, until there is no more"

ONCE: Final = "a task runs once (TASK-055)"
OUTCOME: Final = "a task's outcome is what its function made (TASK-005, 009)"
TOLD: Final = "who waits for a task hears of its end"
IN_TIME: Final = "a task has the seconds of its deadline"
LINKED: Final = "nothing of a block of linked tasks outlives it"
LINK: Final = "the failure of a linked task is its block's (TASK-002)"
STREAM: Final = "a stream gives each result once, in its order"
STREAM_ROOM: Final = "a stream runs no more tasks than it may (TASK-032)"
STREAM_LEFT: Final = "nothing of a stream outlives its block"

PARTITION: Final = "a key picks one partition (PART-006)"
DISABLED: Final = "partitions out of use stay down (PART-012, 014)"

ALARM: Final = "a timer rings at its time"
CALM: Final = "a cancelled timer does not ring"

WITHDRAWN: Final = "a start that was withdrawn does not come later"
ROOM: Final = "no more children than max_children (DYN-009)"
LISTED: Final = "what failed to start is not kept (SUP-016, DYN-011)"
DONE: Final = "an answer of a supervisor is true"
ID: Final = "an id has one child"

SHIELDED: Final = "a cancellation from outside ends children in order"
GRACE: Final = "a grace is never longer than it was"
GRACEFUL: Final = "graceful_stop hears of every request"
PROTECTED: Final = "Ctrl-C does not interrupt the library itself"
RAISED: Final = "an error in the block ends the tree"

RING: Final = "nobody waits for himself"
SWALLOWED: Final = "a cancellation is not swallowed"
