"""Do all views converge to the truth? ``python -m tests.inspect.converge --help``."""
