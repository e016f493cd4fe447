"""Reload while developing; ``python -m tests.reloading`` for a long session."""
