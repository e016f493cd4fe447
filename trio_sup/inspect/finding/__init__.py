"""Which nodes are there, and who listens behind their sockets. Both sides.

The rule here: nothing is believed because of its name. A directory has to be the
user's alone, a path is opened once and used by its descriptor, and the kernel says who
is at the other end before a word is sent. Blocking; no Trio.

| open | for |
|---|---|
| `directory` | where nodes meet, that it is safe, its lock |
| `found_node` | what is known of a node before anybody speaks with it; pure |
| `node_file` | the file beside a socket in which a node says who it is |
| `discovery` | listing nodes, finding the one that is meant, sweeping what is stale |
| `peers` | who is at the other end of a socket |
| `remote` | nodes on other machines, through ssh |
| `injection` | opening the inspector in a program that runs already |
| `stack_place` | where a process writes its stacks, and how to have it do so |
"""
