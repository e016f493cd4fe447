"""What goes over the wire: the messages, and bytes to messages and back. Both sides.

The rule here: everything is pure, and fields are only ever added, with a default. An
older peer passes over what it does not know; how versions meet stands in `wire`.

| open | for |
|---|---|
| `wire` | greeting, snapshots, deltas: what every client speaks |
| `wire_rows` | rows and events: records that travel as arrays |
| `wire_details` | what is sent on request: the inside of a child, topics, metrics |
| `wire_logs`, `wire_registry`, `wire_trace` | log records; what registries hold; steps of servers |
| `wire_cluster` | what an observer of a cluster has seen |
| `wire_times`, `wire_profile` | how long messages take; where a node's time goes |
| `wire_actions` | acting on a node, and the words for actions and levels |
| `codec` | frames: newline-delimited JSON, and how long one may be |
| `convert` | JSON objects to messages |
| `checked`, `shapes` | what a client believes of them, and the quick way past it |
"""
