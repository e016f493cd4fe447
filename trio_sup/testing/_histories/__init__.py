"""Histories of concurrent calls, and whether one order of them explains all answers."""
