"""Recordings: written, read, played."""
