"""That the documentation is whole: `python -m tests.docs`."""
