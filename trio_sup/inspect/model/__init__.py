"""What a client makes of a node's rows, for commands and the application alike.

The rule here: all of it is pure. Rows, events and the time come in; trees, orders,
verdicts come out, at a cost in proportion to what changed.

| open | for |
|---|---|
| `tree_model` | rows joined into a tree, with totals, rates, the recently dead |
| `tree_view` | its lines: what is unfolded, filtered, in which order |
| `order` | the orders of a flat list |
| `query`, `query_fields`, `query_suspects` | the filter language, the fields it asks for, what is meant as none of it |
| `which_child`, `typed_times` | what people mean by a child's name, by ``10m`` or ``12:30`` |
| `problems` | what is wrong with a child, in words |
| `health` | whether a node is well, by limits |
| `node_health` | how a whole node fares, in a few figures |
| `cluster_look` | nodes of a cluster: how each fares, who holds which name |
| `trends` | figures over time, for charts |
| `lint_rules`, `lints` | warnings, each with its why; which of them a node earns |
| `held_lately` | the loop that was held in the last minute, and by whom |
| `incidents` | why children restarted: events joined |
| `incident`, `incident_history` | one of them, and how often it came; those of each supervisor |
| `chaos`, `chaos_run` | plans of faults, and what became of one |
"""
