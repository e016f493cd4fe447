"""The live inspector: looking at a running node, and acting on it, from outside.

Seven rooms. An import goes down this list only, and those that stand in one line know
nothing of each other; ``lint-imports`` holds that:

| room | side | holds |
|---|---|---|
| `text` | client | rows, children, nodes as plain lines and JSON: what commands print |
| `model`, `recording` | client | what is made of rows: trees, filters, problems; files of what was sent |
| `client` | client | the session with a node, and sockets to hold it over |
| `node` | node | sampling, rendering, answering: all that runs inside the program |
| `finding` | both | where the nodes of a user meet, and who listens there |
| `protocol` | both | the messages, and bytes to messages and back |

A node's row goes this way: `node.source` (what is read) → `node.table` (what changed) →
`node.client_view` (what one client lacks) → `protocol` → `client.session` →
`client.store` → `model.tree_model` → `text.columns`, or the application's lines.

* Only `node` imports Trio; nothing here imports Textual, or the library above
  `_core` and `_trio` but for `Child`, whose handles `node.render` shows by their paths.
* `protocol`, `model`, `text` and the session in `client` are pure: no clock, no files.
* Nobody is believed: a client checks what a node says (`protocol.checked`), a node
  bounds and masks what it says (`node.bounds`, `node.masking`).

| to change | open |
|---|---|
| a column of ``trio-sup ps`` and ``top`` | `text.columns` |
| what a row says of a child | `protocol.wire_rows`, `node.source`, then `node.table.build_row` |
| the filter language | `model.query` |
| what counts as a problem, or as worth a warning | `model.problems`, `model.lint_rules` |
| what the detail of one child holds | `node.detail_parts`, then `text.one_child_parts` |
| what is hidden as a secret | `node.secret_names`, `node.masking` |
| how a status looks, and what is wrong with it | `text.show`, `model.problems` |
| a topic that clients can follow | `node.topics`, then `client.topic_store` |
| a metric; what is counted of messages | `node.metrics`; `trio_sup._servers.queue` |
| an operator's action | `protocol.wire_actions`, `node.consequence`, `trio_sup._inspected.operator` |
"""
