"""The messages by which a client acts on a node: optional, capability ``control``.

A client asks for the role (`AskControl`), has a plan made (`Plan`), shows it to its
user, and acts (`Act`). Each request carries a number of the client's own, and each
answer that number. A node that does not know these messages ignores them.

The rules of `wire` hold: fields are only ever added, with a default.
"""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from trio_sup._core.fault_words import FAULT_WORDS

# --- the words -------------------------------------------------------------

NODE_ACTIONS: Final = ("reload", "log_level", "collect")
"""Actions that concern the whole node, not one child."""
CHILD_ACTIONS: Final = (
    "restart",
    "terminate",
    "suspend",
    "resume",
    "drain",
    "release",
    "quarantine",
    "hold",
)
"""What an operator can do to one child."""
UNDOES: Final = {"suspend": "resume", "terminate": "restart"}
"""Actions that something is left of, and what puts it right."""
FAULT_ACTIONS: Final = tuple(each.word for each in FAULT_WORDS if each.by_node)
"""What `trio-sup chaos` can do to one child besides."""
BY_LIFE: Final = frozenset({"restart", *FAULT_ACTIONS})
"""Actions that are meant for one life; the others are for the child, whatever life it
is in by then: who crashes all the time could not be stopped otherwise."""
ACTIONS: Final = (*CHILD_ACTIONS, *NODE_ACTIONS, *FAULT_ACTIONS)
"""All that this version of a node knows."""

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "NOTSET")
"""What ``log_level`` can be set to."""

# --- what a client sends ---------------------------------------------------


@frozen
class AskControl:
    """Asks for the role ``control``; answered by `Role`."""


@frozen
class Plan:
    """Asks what an action would do; answered by `Planned`. Needs no role."""

    req: int
    """The client's number for this request."""
    action: str
    """``restart``, ``terminate``, ``suspend``, ... (open set)."""
    id: int = 0
    """The child's `Row.id`; 0 for the node itself."""
    life: int = 0
    """The life that the client's user sees. Only for faults does it have to be the
    present one; for ``restart`` the answer names the life to act on."""
    argument: str = ""
    """For ``log_level`` the level, or ``logger=LEVEL``; for ``flood`` a number."""


@frozen
class Act:
    """Asks for the action itself; answered by `Acted`, at least once.

    Carried out even if the client leaves meanwhile.
    """

    req: int
    action: str
    id: int = 0
    life: int = 0
    """The life that is meant. Of `BY_LIFE`, an action is refused as ``stale`` if the
    child is in another one by now; for the others it says nothing."""
    argument: str = ""
    lease: bool = False
    """Whether the node is to undo it when this connection ends, whatever ends it:
    ``suspend`` by ``resume``, ``terminate`` by ``restart``. Known to nodes with
    ``lease`` in their `caps`; undoing it through this connection ends the lease."""


# --- what the node sends ---------------------------------------------------


@frozen
class Role:
    """What this client may do from here on."""

    role: str
    """``view`` or ``control``."""
    why: str = ""
    """For people: why it is not ``control``."""
    actions: list[str] = field(factory=list[str])
    """The actions that this node knows."""


@frozen
class Planned:
    """What an action would do, worked out by the node."""

    req: int
    code: str = ""
    """Why it would be refused, as in `Acted`; empty if it is possible."""
    why: str = ""
    """The same for people."""
    lines: list[str] = field(factory=list[str])
    """What would happen, one sentence each."""
    affected: int = 0
    """How many processes would stop."""
    confirm: str = ""
    """What the user has to type before it is done; empty if a yes is enough."""
    life: int = 0
    """The life that the child is in: what `Act` is to name. 0 from older nodes."""


@frozen
class Acted:
    """How an action stands: ``accepted`` may come first, one of the others last."""

    req: int
    state: str
    """``accepted``, ``done``, ``failed`` or ``refused``."""
    code: str = ""
    """If refused: ``read_only``, ``no_role``, ``no_such_child``, ``stale``,
    ``not_applicable``, ``bad_argument``, ``unknown_action`` or ``busy`` (open set)."""
    text: str = ""
    """One line for people."""
