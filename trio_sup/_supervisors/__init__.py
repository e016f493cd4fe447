"""The shells of supervisors: they perform what the core decides."""
