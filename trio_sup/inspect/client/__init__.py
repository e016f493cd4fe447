"""A client's side of a conversation: what it asks, holds, and when it connects again.

The rule here: `conversation` owns a socket, and it, `oneshot` and `carrying_out` read the
clock; all other modules are pure, are told the time, and are the same for the command,
the terminal application and a recording. The loop between the two, over any transport::

    session = Session(client="my tool")
    while not session.refused:
        session.connecting(now())
        try:
            transport = connect()
        except OSError as error:
            session.lost(now(), str(error), jitter=random())
            wait until session.retry_at, or session.retry_now() was called
            continue
        session.connected(now())
        while not session.want_close:
            send(session.outgoing())         # after every call below
            data = receive up to 64 KiB, or a timeout of at most 0.5 s
            if data is None: session.tick(now())
            elif data:       session.receive(data, now())
            else:            break           # end of file
            changes = session.take_changes() # at the front end's own pace
        session.lost(now(), "the node closed the connection", jitter=random())

Rows of the last connection stay readable while a session is stale or reconnecting.

| open | for |
|---|---|
| `session` | the state machine: greeting, snapshots, deltas, bad frames |
| `phase` | where it stands, how long a silence is borne, whom it understands |
| `requests` | what is asked besides: insides of children, topics, metrics, the rate |
| `operating` | actions on the node, and the answers to them |
| `store`, `topic_store` | what is held of the node, and how much of it |
| `paces` | how often children restart, true from the first look on |
| `answer` | what a node said when it was asked once |
| `node_clock` | the node's clock between two words of it |
| `ask_each` | ask several nodes at once |
| `oneshot` | ask once, or follow, over a blocking socket: for commands |
| `watching_on` | look for a while, at one child closer |
| `carrying_out` | do something as time passes, to its end, over such a socket |
| `paging` | what registries hold, a page after the other |
| `tailing` | follow what comes one after the other, over such a socket |
| `carry_action`, `profiling` | act on children, ask where time goes: two such things |
| `traffic` | how many messages wait, and were handled, without adding up rows |
| `conversation` | that socket, local or through ssh; exit codes |
"""
