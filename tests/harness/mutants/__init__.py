"""Broken variants of the library: does the harness, as users have it, find them?

`python -m tests.harness.mutants` plants each bug, one process for each, and lets
`check_supervision` run over ordinary trees until it complains.
"""
