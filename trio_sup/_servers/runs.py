"""What a server is to the tree: its handle, its mailbox, its loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._core.specs import Runs
from trio_sup._servers.loop import serve
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.ref import ServerRef

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.genserver import GenServer


def _handle(record: Record) -> ServerRef[GenServer]:
    ref: type[ServerRef[GenServer]] = ServerRef
    return ref._create(record)  # pyright: ignore[reportPrivateUsage]


def _equip(record: Record) -> None:
    record.mailbox = MailQueue(record, record.spec.mailbox)


SERVER = Runs(handle=_handle, equip=_equip, run=serve)
"""How a server comes to life."""
