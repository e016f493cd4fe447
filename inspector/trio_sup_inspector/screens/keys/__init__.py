"""What the keys of the main screen do, apart from the screen.

The rule here: one object for each kind of key; it has a table `doing`, from the id
that `trio_sup_inspector.keys` gives a key to what that key does, and is given the
parts that it works on. `MainScreen` joins the tables.

* `tree`: fold and unfold;
* `finding`: the filter, its matches, problems, and the way back;
* `picture`: order, pause, the dead, the end of the log;
* `details`: tabs of the details, reload, copy.
"""
