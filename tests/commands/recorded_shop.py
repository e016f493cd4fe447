"""A tree that is recorded as a node of its own, and that plays the recording."""

import trio

from trio_sup import ChildSpec, GenServer, Supervisor, child, supervisor


class Db(GenServer):
    """Is asked for nothing."""


def spec() -> ChildSpec[Supervisor]:
    children: list[ChildSpec[object]] = [
        child(Db, id="db", name="db"),
        child(trio.sleep_forever, id="cache"),
        child(trio.sleep_forever, id="mail"),
    ]
    return supervisor(children, id="shop", max_restarts=50)
