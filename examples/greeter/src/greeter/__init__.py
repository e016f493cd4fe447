"""Greets whoever comes: servers on demand that end by themselves."""
