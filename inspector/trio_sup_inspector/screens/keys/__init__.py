"""What the keys of the main screen do, apart from the screen.

The rule here: one object for each kind of key; it has a table `doing`, from the id
that `trio_sup_inspector.keys` gives a key to what that key does, and is given the
parts that it works on. `MainScreen` joins the tables.

* `tree`: fold and unfold, children and tasks;
* `finding`: the filter, its matches, problems, and the way back;
* `picture`: order, pause, the dead, the end of the log, system tasks;
* `details`: tabs of the details, reload, copy;
* `asking`: the level of the log, who is traced.

A tab has no keys of its own: all are bound everywhere, and one that is meant for a
single tab looks which pane is in front, as `tree` does for the tasks.
"""
