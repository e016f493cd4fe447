"""Ends about which all is decided in one step.

Most ends are of two kinds: an ordinary crash, which the next life follows, and the end
of who was asked for it, which nothing follows. `over`, `ended`, `begins` and `drop` say
the same about them, one after the other, for a shell that has to tell somebody in
between. Where it has not, it asks here, and only if the answer is no goes step by step.

What says yes has changed the record as those steps would have; what says no, nothing.
Of the ends that were asked for each plan knows by itself: `Plan.rests`, which returns
the status that the child has then, and None for no.
"""

from __future__ import annotations

from trio_sup._core.plan.doing import K
from trio_sup._core.plan.supervision import Plan


def lives_on(plan: Plan[K], record: K, now: float) -> bool:
    """Decide about the ordinary crash of who was ready: whether the next life begins.

    Args:
        plan: Its supervisor's.
        record: Whose life; its task is to be spawned then.
        now: When.
    """
    line, core = plan.line, plan.core
    if (
        not record.spec.ordinary
        or plan.mode != "running"
        or record.in_plan
        or record.held
        or core.grouped
        or record.pending
        or line.queue
        or line.awaited is record
        or not core.window.admit(now)
    ):
        return False
    record.enter("returns")  # and stays so as it begins
    record.restarts += 1
    record.ticket += 1
    record.life += 1
    record.ready = record.supervised_start = False
    record.undecided = record.comes_back = False
    record.life_began = now
    return True
