"""Tools to test supervision trees with: a reference model and scenarios."""
