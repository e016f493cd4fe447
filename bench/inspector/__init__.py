"""What looking costs: ``python -m bench.inspector``."""
