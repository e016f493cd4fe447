"""Servers: a class whose instances live in a task and answer messages.

The rule here: every caller is answered exactly once, whatever becomes of the server.
One call through the files:

    ref.call(Counter.add, 2)   asking      the plain call; `ref` has what few need
      Request                  messages    it is also the outcome that wakes its caller
                               queue       in line: order, bound, counters
                               mailbox     whose end answers everybody who still waits
      answer_to                waiting     the caller waits
      serve                    loop        one message after another; `ends` around it
        handler                handlers    what `@call` and `@cast` (operations) made

`asking` and `loop` are hot: each of their lines is paid by each message. What is seldom
is one flag to them; `lanes` sets it, and `careful` serves what it stands for.

To change what a user's class may define, open `callbacks`; what a server knows of
itself, `genserver`; what is asked of its machinery between two messages (suspend, state,
trace), `system`. What a handler raises is an answer only if its `@call` declares it;
`careful` tells. All else but `Stop` is a crash: `trio_sup._core.judge` says what of it
counts, and `mailbox` makes of that the `ServerExit` for the callers.

How long `stop()` waits is in `ref`, for a supervisor in `_children.supervising`. The
bound of a mailbox and its default are in `trio_sup._core.policies`; `queue` drops what
finds no room, and counts it (casts and sends do not know who sent them: `messages`).

Apart from these stand `state_machine` with its `machine`, `agent`, `multi_call`,
`timers`, `monitors`, and `rings`, which refuses calls that wait in a circle.
"""
