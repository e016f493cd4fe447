"""What a tree may do next, by its specification.

The rule here: the library's own decisions are not asked. Who comes back, whom a group
takes, when a limit is full and how long a backoff is, the core decides, and this
reckons it again, from the specification alone. It is no second judge: nothing goes by
what it says. Were the core asked here, a mistake of the core's would be right by
definition: a third of the planted bugs (`tests/harness/mutants`) stand in those very
functions, and it is the monitor that finds them.
"""
