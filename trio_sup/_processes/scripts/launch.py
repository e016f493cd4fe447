"""Becomes the program: what has to happen between the fork and it happens here.

A process of its own instead of a function between fork and exec, which is not safe in a
program with threads. Run as ``python -I -S launch.py JSON PROGRAM ARGUMENT ...``.

It has registered itself with the keeper before it becomes the program: so there is no
moment in which the node can be killed and nobody knows of the process.
"""

import json
import os
import select
import signal
import sys


def main() -> None:
    """Do what the node asked for, and become the program."""
    wanted = json.loads(sys.argv[1])
    report: int = wanted["report"]
    keeper: int = wanted["keeper"]
    os.set_inheritable(report, False)
    os.set_inheritable(keeper, False)
    what = "register with the keeper"
    try:
        register(keeper)
        reset_signals()
        environment = dict(os.environ)
        restore_locale(environment, wanted["lc_ctype"])
        if wanted["limits"]:
            import resource

            for name, soft, hard in wanted["limits"]:
                what = f"set the limit {name!r}"
                resource.setrlimit(
                    getattr(resource, f"RLIMIT_{name.upper()}"), (soft, hard)
                )
        if wanted["nice"] is not None:
            what = "set the niceness"
            os.setpriority(os.PRIO_PROCESS, 0, wanted["nice"])
        if wanted["umask"] is not None:
            os.umask(wanted["umask"])
        what = f"become user {wanted['user']!r}, group {wanted['group']!r}"
        become(wanted["user"], wanted["group"])
        if wanted["cwd"] is not None:
            what = f"enter {wanted['cwd']!r}"
            os.chdir(wanted["cwd"])
        what = f"run {sys.argv[2]!r}"
        os.execvpe(sys.argv[2], sys.argv[2:], environment)
    except BaseException as error:  # noqa: BLE001 - told to the node
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        told = {"what": what, "errno": getattr(error, "errno", None), "text": text}
        os.write(report, json.dumps(told).encode())
        os._exit(127)


def register(keeper: int) -> None:
    """Tell the keeper who to kill if the node goes."""
    message = b"+%d\n" % os.getpid()
    while True:
        try:
            os.write(keeper, message)  # whole or not at all: it is short
        except BlockingIOError:
            select.select([], [keeper], [])
        else:
            return


def reset_signals() -> None:
    """Take back what Python has set for itself, and what the node ignores.

    A node in the background of a shell ignores Ctrl-C; a program that inherits that could
    not be asked to stop by it.
    """
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_DFL)
        except OSError:
            pass  # kept by the C library for itself
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def restore_locale(environment: dict[str, str], lc_ctype: "str | None") -> None:
    """Undo what Python does to the environment in the C locale."""
    if lc_ctype is None:
        environment.pop("LC_CTYPE", None)
    else:
        environment["LC_CTYPE"] = lc_ctype


def become(user: "str | int | None", group: "str | int | None") -> None:
    """Take on user and group; without a group that of the user."""
    if user is None and group is None:
        return
    import grp
    import pwd

    entry = None
    if user is not None:
        entry = pwd.getpwnam(user) if isinstance(user, str) else pwd.getpwuid(user)
    if group is not None:
        gid = grp.getgrnam(group).gr_gid if isinstance(group, str) else group
    else:
        assert entry is not None
        gid = entry.pw_gid
    if os.geteuid() == 0:
        if entry is None:
            os.setgroups([gid])
        else:
            os.initgroups(entry.pw_name, gid)
    os.setgid(gid)
    if entry is not None:
        os.setuid(entry.pw_uid)


if __name__ == "__main__":
    main()
