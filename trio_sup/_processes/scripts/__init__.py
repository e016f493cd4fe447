"""Programs that are run by an interpreter of their own; they import nothing of ours."""
