"""What the commands print: plain lines for people, JSON for programs.

The rule here: all of it is pure, and what comes out is clean (`trio_sup._core.clean`):
no string of a node reaches a terminal in any other way.

| open | for |
|---|---|
| `columns` | the columns of ``trio-sup ps`` and ``top``: one entry each |
| `show` | a status, a duration, a mailbox in few words; the application uses it, too |
| `tree_text` | ``trio-sup tree`` |
| `plain_lines` | ``status``, ``events`` |
| `node_lines` | ``nodes``: which there are, and how they fare |
| `cluster_lines` | ``nodes --cluster`` |
| `one_child`, `one_child_parts` | ``trio-sup show`` |
| `traceback_text` | a traceback: own frames first, those of libraries folded |
| `log_lines`, `registry_lines`, `trace_lines` | ``logs``, ``registry``, ``trace`` |
| `chart` | series over time, for ``trio-sup chart`` and the application |
| `chaos_text` | ``trio-sup chaos`` |
| `documents` | what ``--json`` prints |
| `traceback_text`, `stacks`, `flames` | tracebacks, threads and profiles for people |
| `terminal` | what a terminal can show, by its environment |
| `clean` | the words of the library for clean text, for the application |
"""
