"""Which actions a line offers, and why some are not there. Knows no Textual.

What an action would do is the node's to say; this only keeps from offering what
cannot be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from trio_sup.inspect.client.operating import LOST
from trio_sup.inspect.protocol.wire_actions import NODE_ACTIONS, Acted, Planned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.inspect.client.operating import Operating
    from trio_sup.inspect.protocol.wire_actions import Role
    from trio_sup.inspect.protocol.wire_rows import Row

DOWN: Final = frozenset({"stopped", "quarantined", "gone"})
IN_BROWSER: Final = (
    "nobody acts from a browser: in a terminal, trio-sup inspect --control does"
)
LATER: Final = frozenset({"quarantine", "hold", "reload"})
"""Actions that not every node knows that has control."""
WORDS: Final = {
    "restart": "restart",
    "terminate": "terminate",
    "suspend": "suspend",
    "resume": "resume",
    "drain": "drain the mailbox",
    "release": "release: let it be restarted again",
    "quarantine": "quarantine: stop it, and restart it no more",
    "hold": "stop restarting: its next end is the last",
    "reload": "reload: make the tree what its specification says now",
    "log_level": "set the log level of the node",
    "collect": "collect garbage in the node",
}


@frozen
class Option:
    """One line of the menu."""

    action: str
    id: int = 0
    """The child's row; 0 for the node."""
    life: int = 0
    path: str = ""
    problem: str = ""
    """Why it cannot be chosen; empty if it can."""

    @property
    def words(self) -> str:
        """What it does, for people."""
        return WORDS[self.action]


def options_for(row: Row | None, operating: Operating) -> list[Option]:
    """The actions for the line under the cursor, and those for the node.

    Without control they are listed all the same, each with the reason.
    """
    found: list[Option] = []
    why_not = operating.why_not
    role = operating.role
    if row is not None:
        for action, problem in _for_child(row):
            why = why_not or _too_old(action, role) or problem
            found.append(Option(action, row.id, row.life, row.path, why))
    of_node = [Option(a, problem=why_not or _too_old(a, role)) for a in NODE_ACTIONS]
    return [*found, *of_node]


def _too_old(action: str, role: Role | None) -> str:
    if action in LATER and role is not None and action not in role.actions:
        return "this node is too old for it"
    return ""


def options_for_many(rows: Sequence[Row], operating: Operating) -> list[Option]:
    """The actions for several children: what some of them could be told."""
    each = [options_for(row, operating) for row in rows]
    actions = dict.fromkeys(o.action for options in each for o in options if o.id)
    found: list[Option] = []
    for action in actions:
        problems = [
            o.problem for options in each for o in options if o.action == action
        ]
        none = "" in problems or not problems
        found.append(Option(action, problem="" if none else f"all: {problems[0]}"))
    return found


def _for_child(row: Row) -> list[tuple[str, str]]:
    """Actions, each with what speaks against it; always in this order."""
    root, server = not row.parent, row.kind == "server"
    restart = terminate = stay = ""
    if root:
        restart = "a root has no supervisor"
        terminate = "a whole tree is stopped by Ctrl-C or a signal, not from here"
    elif row.restart == "temporary":
        restart = "a temporary child is never restarted"
    if row.status == "quarantined":
        stay = "it is in quarantine already"
    if row.status in DOWN:
        terminate = f"it is {row.status}"
    mailbox = "" if server else "only a server has a mailbox"
    empty = "" if row.mailbox_len else "its mailbox is empty"
    return [
        ("restart", restart),
        ("hold", restart or stay),
        ("quarantine", restart or stay),
        # Whether it is held is the node's to say: see `may_be_held`.
        ("release", restart),
        ("terminate", terminate),
        ("resume" if row.status == "suspended" else "suspend", mailbox),
        ("drain", mailbox or empty),
    ]


def may_be_held(options: Sequence[Option], row: Row) -> Option | None:
    """The release of a child, if only the node can say whether there is one."""
    if row.status == "quarantined":
        return None
    found = (o for o in options if o.action == "release" and not o.problem)
    return next(found, None)


def with_answer(
    options: Sequence[Option], asked: Option, plan: Planned
) -> list[Option]:
    """The same, one of them with what the node says against it."""
    return [evolve(o, problem=plan.why) if o is asked else o for o in options]


def menu_title(row: Row | None, operating: Operating, node: str) -> str:
    """Whom or what an action would be about, and why there is none."""
    about = f"Act on {row.path}" if row is not None else f"Act on the node {node}"
    return operating.why_not or about.strip()


def title_of(option: Option, argument: str = "") -> str:
    """The question of the confirmation."""
    words = option.words.partition(":")[0]  # what it means stands below
    words = words[0].upper() + words[1:]
    return f"{words} {option.path or argument}".strip() + "?"


def asked_of(question: str, host: str) -> str:
    """The question, with the machine if it is about a node of another one."""
    return f"{question.removesuffix('?')} on {host}?" if host else question


def result_of(option: Option, answer: Acted | Planned | None) -> tuple[str, bool]:
    """One line on what became of it, and whether it went well."""
    what = f"{option.action.replace('_', ' ')} {option.path}".strip()
    match answer:
        case None:
            return f"{what}: the node did not answer", False
        case Planned(code=code, why=why) if code == LOST:
            return f"{what}: {why}, nothing was done", False
        case Planned(why=why):
            return f"{what}: refused: {why}", False
        case Acted(state="done", text=text):
            return f"{what}: {text}", True
        case Acted(state=state, text=text):
            return f"{what}: {state}: {text}", False
