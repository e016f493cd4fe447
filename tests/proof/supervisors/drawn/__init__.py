"""Scenarios that nobody wrote: one grammar, its choices made by a seed or Hypothesis."""
