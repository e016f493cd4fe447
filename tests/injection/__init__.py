"""One fault a run, at every place there is: ``python -m tests.injection --help``."""
