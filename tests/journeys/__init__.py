"""What a thing passes through: ``python -m tests.journeys``."""
