"""A model of servers beside that of supervisors: what their messages must come to."""
