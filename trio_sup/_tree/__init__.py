"""The tree as users see it: specifications, handles with ways down, open, run.

The rule here: what users write and hold, and nothing that decides.

    specs        the factories `child`, `supervisor`, `dynamic_supervisor`
    partitions   the factory `partition_supervisor`
    supervisor   the handles of static and partition supervisors
    dynamic      the handle of a dynamic supervisor: `get_or_start`, `call_or_start`
    roots        what of these can be the root of a tree
    open         `open_supervisor`: a tree inside any Trio program
    run          `run` and `serve`: a tree as a whole program, with its
                 signals, and systemd (`systemd`, `systemd_variables`)
    load         what ``trio-sup run package.module:spec`` names

The factory and the handle of task supervisors are in `_tasks`. What all factories take
by keyword is in `_core.options`; what all handles of supervisors share, `stop` among
it, in `_children.supervising`.
"""
