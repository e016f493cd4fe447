"""A whole program for half an hour, and everything against it.

``python -m tests.soak`` runs a node with `run()`: chaos strikes it from outside, its
own children cause storms, three viewers look at it (one in a terminal, one that is
killed and comes again, one that is stopped for a while), and at the end of each round
it gets two hundred SIGTERMs. Between storms it is calm and tells what it holds: that
must not grow. After each round nothing may be left.
"""
