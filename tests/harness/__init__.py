"""The harness that users import, judged by what it finds."""
