"""The detail pane: one child, from all sides."""
