"""The details of one child, a tab each. Knows no Textual.

The rule here: a tab is asked for by the name of the part that the node is asked for,
and says so while the answer has not come.

* `side`: which child, which tab, and what is left of it when it dies;
* `overview`: the first tab; `parts`: mailbox, state, stack, history, links.
"""
