"""Kills what a node leaves behind when it is killed itself: one process for each node.

Run as ``python -I -S keep.py NODE-PID``. Its standard input is a pipe that the node
holds, and those who are about to become a program: they write ``+PID`` before they do,
the node writes ``-PID`` when one has ended, and ``.`` at the end of its run. When the
node has gone, in whatever way, every process group that is left is killed.

The end of the pipe alone does not tell: a forked copy of the node holds it, too. So the
node itself is watched, by a pidfd, or by asking for the parent where there is none.
"""

import os
import select
import signal
import sys
import time

ASK_EVERY = 500
"""Milliseconds between two looks at the parent, where there is no pidfd."""
LATE = 5.0
"""Seconds in which those may still register that were on their way when the node went."""


def main() -> None:
    """Wait for the node's end; kill what is left then."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    node = int(sys.argv[1])
    groups: set[int] = set()
    poll = select.poll()
    poll.register(0, select.POLLIN)
    pidfd = watch(node, poll)
    rest = b""
    gone = False
    until = 0.0
    while True:
        wait = None if pidfd is not None and not gone else ASK_EVERY
        ready = [fd for fd, _ in poll.poll(wait)]
        if not gone and (pidfd in ready or os.getppid() != node):
            gone, until = True, time.monotonic() + LATE
            if pidfd is not None:
                poll.unregister(pidfd)
        if 0 in ready:
            data = os.read(0, 65536)
            rest = note(rest + data, groups)
            if not data or rest == b".":
                break
        if gone:
            end(groups)
            if time.monotonic() > until:
                break
    end(groups)
    for _ in range(50):
        # One that was in the middle of a fork may have left a child behind.
        groups = {group for group in groups if kill(group)}
        if not groups:
            return
        time.sleep(0.1)


def watch(node: int, poll: "select.poll") -> "int | None":
    """Watch the node by a pidfd, if there is such a thing."""
    try:
        pidfd = os.pidfd_open(node)
    except (AttributeError, OSError):
        return None
    if os.getppid() != node:
        os.close(pidfd)  # it may be another's by now
        return None
    poll.register(pidfd, select.POLLIN)
    return pidfd


def note(data: bytes, groups: "set[int]") -> bytes:
    """Note who came and went; return what is no whole line yet."""
    *lines, rest = data.split(b"\n")
    for line in lines:
        if line[:1] == b"+":
            groups.add(int(line[1:]))
        elif line[:1] == b"-":
            groups.discard(int(line[1:]))
    return rest


def end(groups: "set[int]") -> None:
    """Kill all of them."""
    for group in groups:
        kill(group)


def kill(group: int) -> bool:
    """Kill a group; return whether there was anybody in it."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return False
    except OSError:
        return False  # not ours: the number belongs to somebody else
    return True


if __name__ == "__main__":
    main()
