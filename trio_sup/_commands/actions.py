"""The commands that act on children, or on the node itself: their names, with their lines of help.

Apart from what they do, as the table of all commands is loaded for each of them.
"""

from __future__ import annotations

from typing import Final

HELP: Final[dict[str, str]] = {
    "restart": "end a child's life and start the next",
    "terminate": "stop a child in order",
    "suspend": "let a server's messages wait",
    "resume": "let a suspended server go on",
    "drain": "empty a server's mailbox",
    "quarantine": "stop a child, and keep it down until it is released",
    "hold": "restart a child no more: its next end is the last",
    "release": "start a quarantined child again, or end a hold",
}
"""The actions on children, in the order of the help."""
ON_NODE: Final[dict[str, str]] = {
    "log-level": "set the level of a node's logger",
    "collect": "collect garbage in a node",
}
"""The actions on the node itself."""
