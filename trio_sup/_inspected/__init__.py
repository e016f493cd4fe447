"""The node as inspectors see it and act on it."""
