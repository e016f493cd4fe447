"""What a cluster decides: names, leases, tokens, sessions, deadlines. Pure.

Rule of this room: no Trio, no clock, no socket. Times are arguments; what comes back says
what is so, or what is to be done.

    to see                                   open
    what the parties tell each other         `words`
    how a key becomes a name                 `keys`
    what an engine does with each request    `engine`
    what it keeps for supervisors            `records`
    which node a child is to run on          `placing`
    until when a node may act                `lease`
    what a node holds and has to assert      `holdings`
    what stands in a message between nodes   `frames`
    which message was seen, which is missing `sequence`
"""
