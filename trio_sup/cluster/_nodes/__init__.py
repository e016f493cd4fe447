"""One node of a cluster.

its lease, and the claims that hang on it   `session`
"""
