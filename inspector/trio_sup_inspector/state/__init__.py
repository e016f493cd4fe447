"""What is shown of one node, as data: no Textual, no text of lines, no I/O.

The rule here: nothing in this room knows how it is drawn, and the clock is passed in.

* `node`: `NodeState`, one node as shown; it holds the parts below;
* `picture`: the rows on screen: pause, step, the recent dead;
* `filter`, `folding`: which rows are seen, and what of the tree is unfolded;
* `figures`: what is counted for the header and the Node screen;
* `charts`: samples over time; `watches`: who wants to know what of which child;
* `cluster`: `ClusterState`, the last that was seen of a cluster;
* `loops`: which rows are crash loops, for the lists;
* `journal`: the lifecycle log; `waiting`: chains and rings of calls.
"""
