"""One node of a cluster.

its lease, and the claims that hang on it   `session`
the supervisor that users hold              `supervisors`
who takes, ends and hands over its children `placer`; which node that is `_rules.placing`
what a durable server consists of           `states`
by which right that is written              `pens`
"""
