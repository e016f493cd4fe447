"""The terminal application behind ``trio-sup inspect``.

`trio_sup_inspector.app.main` attaches to a node in another process. Nothing here is
imported by a node: the two speak over a unix socket. Of the library only
`trio_sup.inspect` is used.

Imports point one way, those for types too; what stands below knows nothing of what
stands above, and nothing below `screens` and `widgets` knows Textual but `keys`::

    replay                       a recording in the place of a node
    app                          one node at a time, over one connection
    screens | settings           the main screen, its keys | what caller and user say
    remembered                   theme, sort and columns, from one day to the next
    panes | detail | widgets     what stands under a tab | one child | drawing
    lines                        what lines say
    fleet | observer | state     all nodes here | a cluster's | what is shown, as data
    connection | acting | keys   the way to the node | what can be done | the keys

What to open: for a key, of one tab too, first `keys`, which names it, then
`screens/keys`, for what it does; for a tab its module in `panes`; for a column
`lines/rows`; for colours `inspector.tcss`.
`web` shows all this in a browser.
"""
