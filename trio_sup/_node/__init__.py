"""The node: one Trio program, made on first use.

The rule here: the node keeps what belongs to a whole run, and decides nothing about
children.

    node      its roots, its registry, its events and who hears them
    stream    those events, one by one
    levels    at which level each of its events is logged
    crash_log how its events are logged; their words are in `trio_sup._core.events`
    reloads   what its tree is from, as far as it is known
    attach    the present task as a child with a mailbox, under no supervisor
    attached  those tasks as others see them
    whereis   look-ups in the node's own registry, and addresses of its names
    inside    what is told of one child on request, for the inspector
"""
