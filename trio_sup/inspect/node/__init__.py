"""The node's side."""
