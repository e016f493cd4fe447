"""The promise, under whatever faults are drawn: `python -m tests.cluster.promise 100000`.

Three nodes on the embedded engine behind a network that takes its time, in virtual time.
Faults, crashes, calls and casts are drawn; at each step of a play, and at each step of
each child, what `docs/explanation/what-is-promised.md` says has to hold.

    what has to hold                        `world`
    the way to the engine, and its faults   `network`
    the nodes, and who has names on them    `nodes`
    what is drawn                           `steps`
    how that is played                      `plays`
    bugs that have to be found              `bugs`
"""
