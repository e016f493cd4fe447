"""The node's side: all of the inspector that runs inside of the program.

The rule here: the program comes first. Nothing is done while nobody looks, no slice of
work holds the loop for more than a few milliseconds, no line of the program's own code
is run to show a value, and whatever a client does, the node neither waits nor fails.

From the top: `listener` opens the socket and accepts; one `hub` samples for all, each
client has an `attached` with its two tasks. `source` says what of the library is read.

| open | for |
|---|---|
| `listener`, `forks` | the socket: made safely, removed, not inherited |
| `hub`, `attached` | when it is looked, and the tasks of one client |
| `client_view`, `following`, `shares`, `watching` | what one client still has to be told: rows, topics, insides |
| `source`, `source_asked` | the protocols through which the library is read |
| `table`, `probes` | rows as last sampled, and what moved |
| `causes` | what a test has to know of an event |
| `topics`, `task_table`, `waiting`, `busy`, `node_info` | what is looked at on request |
| `detail_parts` | the inside of one child: mailbox, state, stack, history, links |
| `render`, `render_leaves`, `render_names` | any value as text |
| `bounds`, `masking`, `secret_names`, `showing` | what may be seen of it, and how much |
| `actions`, `consequence` | who may act, what would happen, in sentences |
| `sentences` | what is said of a child before somebody acts on it |
| `watchdog`, `stack_dump` | what holds the loop: from a thread, and at a signal |
| `times`, `profiler` | where a server's time goes, and the loop's |
| `registry_look` | what registries hold: searched, a page at a time |
| `tracer`, `state_changes` | what servers do, step by step |
| `log_tap` | what the program writes to its log |
| `metrics`, `meters` | numbers for collectors, and of the inspector's own cost |
| `clusters` | which clusters the program is in |
| `numbers`, `places` | serial numbers of tasks; places in code |
| `source_lines` | lines of source, as they may be shown |
"""
