"""The diagram of statuses in the documentation: ``python -m tests.diagram``."""
