"""Tools over Trio that know nothing of children.

The rule here: nothing that a supervision tree is made of is imported or named. Each
tool mends or cheapens one thing that Trio leaves to its users:

    wake         park a task and wake it, or many
    alarms       one alarm clock a run: plain callbacks at given times
    protect      Ctrl-C waits while the library works, and interrupts user code
    scopes       cancel scopes that are opened and closed by hand
    beside       a task beside a block, that does not change what the block raises
    blocks       `async with` blocks made of generators
    gate         ends that come in great numbers take turns
    home         code from a thread or from another run is refused
    stacks       where a task waits; an exception as bounded text
    log          the log, past handlers that raise
    last_resort  what is told when even telling has failed
"""
