"""A recording of a real node, played against a tree in virtual time.

`moments` says what of a recording a test can bring about, `fitting` where each of it
goes in a run, `reducing` makes what broke the tree small: all pure. `playing` runs it.
"""
