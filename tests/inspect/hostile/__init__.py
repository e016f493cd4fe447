"""Attacks on a node's socket: ``python -m tests.inspect.hostile --help``."""
