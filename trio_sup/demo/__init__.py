"""The program behind ``trio-sup demo``: a board server to look at and to break.

It is a program as a user would write it: of the library it takes what anybody can
import, and it knows nothing of the command that starts it. What only the command can
give, it hands in: `start.main` says what.

Read it in this order: `tree` (all of the supervision, as data), `board` and `store`
(servers), `session` (a connection as a supervised function), `door`, `ticker`.

| open | for |
|---|---|
| `tree` | who is supervised by whom, with which limits |
| `board`, `store`, `index` | the servers: one board, the posts in a file, their words |
| `door`, `session`, `lines` | connections, and a client's conversation |
| `protocol` | what clients may say; pure |
| `ticker`, `faults`, `chaos`, `visitor` | what happens by itself: rounds, crashes, clients |
| `several` | boards that run once in a cluster of nodes: ``--nodes`` |
| `options` | what ``trio-sup demo`` can be told |
| `service` | running it all, also as a process of its own |
| `foreground`, `window` | what is seen: printed lines, or the inspector in front |
| `start` | which of the two it is |
"""
