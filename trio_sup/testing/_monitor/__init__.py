"""What a tree may do next, by its specification."""
