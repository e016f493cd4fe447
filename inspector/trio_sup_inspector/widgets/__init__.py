"""What draws lines of cells on a terminal. Knows Textual, and nothing of nodes.

The rule here: a widget asks for its lines whenever it paints, and paints again only
what says something else than before. Only `paint` gives a meaning its colour, and
only it makes text for the terminal.

* `lines`: a list with a cursor; `document`: a page to scroll; `bars`: single lines;
* `paint`: roles to styles.
"""
