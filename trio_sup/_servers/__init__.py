"""Servers: a class whose instances live in a task and answer messages.

The rule here: every caller is answered exactly once, whatever becomes of the server.
One call through the files:

    ref.call(Counter.add, 2)   ref         the handle: may it be sent, by when
      Request                  messages    it is also the outcome that wakes its caller
      put_call                 queue       in line: order, bound, counters
                               mailbox     whose end answers everybody who still waits
      serve                    loop        construct, init, one message after another
        handler                handlers    what `@call` and `@cast` (operations) made
      request.reply            messages    the caller goes on

To change what a user's class may define, open `callbacks`; what a server knows of
itself, `genserver`; what is asked of its machinery between two messages (suspend, state,
trace), `system`. What a handler raises is an answer only if its `@call` declares it;
`loop` tells. All else but `Stop` is a crash: `trio_sup._core.judge` says what of it
counts, and `mailbox` makes of that the `ServerExit` for the callers.

How long `stop()` waits is in `ref`, for a supervisor in `_children.supervising`. The
bound of a mailbox and its default are in `trio_sup._core.policies`; `queue` drops what
finds no room, and counts it.

Apart from these stand `state_machine` with its `machine`, `agent`, `multi_call`,
`timers`, `monitors`, and `rings`, which refuses calls that wait in a circle.
"""
