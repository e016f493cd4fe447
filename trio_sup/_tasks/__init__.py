"""Work with a result."""
