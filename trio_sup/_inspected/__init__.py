"""The node as operators act on it, and how they get to it.

The rule here: whatever an operator does or an inspector costs, the program goes on.

    inspection   lets inspectors attach: `open_inspector`, `run(inspect=…)`
    operator     restart, terminate, suspend, …: an operator's action, carried out
    subjects     what is to be known of a child before anybody acts on it
    reloads      the specification of the tree, made once more
    faults       faults for living children, as ``trio-sup chaos`` asks for them

What is *shown* of a node is gathered in `trio_sup.inspect.node`, by protocols.
"""
