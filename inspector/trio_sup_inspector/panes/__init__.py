"""What stands under each tab: one pane a tab, named as its tab is. Knows no Textual.

The rule here: a pane reads the state of the node and says which lines there are, each
with a key, and what a line shows in so many cells. It changes nothing and draws nothing.

* `pane`: what all have in common; `tabs`: which pane stands under which tab;
* `tree`, `processes`, `restarts`, `events`, `lints`, `node`, `tasks`, `calls`, `busy`,
  `registry`, `logs`,
  `trace`;
* `cluster`: a table of a cluster, `cluster_tables`: what stands in each.

To add a column to the tree or to the processes, open `lines/rows.py`; to add a key,
`keys.py`.
"""
