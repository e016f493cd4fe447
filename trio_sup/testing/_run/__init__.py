"""One run of a tree under faults, and the search over many."""
