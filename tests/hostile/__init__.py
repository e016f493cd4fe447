"""Hostile input for nodes and viewers: ``python -m tests.hostile --help``."""
