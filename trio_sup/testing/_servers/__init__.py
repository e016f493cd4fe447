"""A model of servers beside that of supervisors: what their messages must come to.

Topics, names, monitors and tasks are in `trio_sup.testing._beside`.
"""
