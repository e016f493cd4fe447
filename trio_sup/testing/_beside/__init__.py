"""Models of what stands beside servers: names, monitors, tasks, partitions, topics.

The rule here: each model keeps its own books, and hears through stand-ins for methods of
the library (`stand_ins`), which are there only as long as somebody judges. For a new
law: its words in `laws`, the judging in the module of its subject, a line in `beside` if
the model is new, an entry on the page of laws, and what breaks it in the tests.
"""
