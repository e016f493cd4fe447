"""One node of a cluster.

its lease, and the claims that hang on it   `session`
what a durable server consists of           `states`
by which right that is written              `pens`
"""
