"""Benchmarks: ratios against bare Trio, measured in one interleaved run.

`python -m bench` prints them; see `bench.__main__` for the method.
"""
