"""The node: one Trio program."""
