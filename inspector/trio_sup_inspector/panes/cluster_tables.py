"""What stands in each table of a cluster, and what is said of a line. No Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from trio_sup.inspect.model.cluster_look import (
    gaps,
    lease_age,
    node_health,
    node_problems,
)
from trio_sup.inspect.text import show
from trio_sup_inspector.lines.cells import Cell, Role, cell
from trio_sup_inspector.lines.columns import Column
from trio_sup_inspector.panes.cluster import Entry, Table, as_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup.inspect.model.cluster_look import NameSeen
    from trio_sup.inspect.protocol.wire_cluster import (
        ClusterCall,
        ClusterNode,
        ClusterTopic,
    )
    from trio_sup_inspector.state.cluster import ClusterState

    Make = Callable[[ClusterState], list[Entry]]

NODES: Final = (
    Column("path", "NODE", 0, 0),
    Column("state", "HEALTH", 22, 0),
    Column("lease", "LEASE AGE", 11, 56, right=True),
    Column("names", "NAMES", 6, 40, right=True),
    Column("children", "CHILDREN", 8, 66, right=True),
    Column("calls", "CALLS", 5, 74, right=True),
    Column("up", "UP", 7, 84, right=True),
    Column("version", "VERSION", 9, 96),
    Column("memory", "MEMORY", 8, 108),
    Column("exit", "PROCESS", 0, 118),
)
NAMES: Final = (
    Column("path", "NAME", 0, 0),
    Column("state", "STATE", 10, 44),
    Column("node", "HELD BY", 14, 0),
    Column("what", "KIND", 18, 72),
    Column("waiters", "STAND BY", 8, 84, right=True),
    Column("life", "LIFE", 6, 96, right=True),
    Column("token", "TOKEN", 17, 112, right=True),
    Column("exit", "CHILD", 0, 132),
)
CALLS: Final = (
    Column("path", "TO THE NAME", 0, 0),
    Column("op", "OPERATION", 18, 48),
    Column("node", "FROM", 14, 0),
    Column("to", "ON", 14, 64),
)
TOPICS: Final = (
    Column("path", "TOPIC", 0, 0),
    Column("node", "NODE", 14, 0),
    Column("listeners", "LISTENERS", 9, 56, right=True),
    Column("waiting", "WAITING", 7, 66, right=True),
    Column("missed", "MISSED", 8, 40, right=True),
    Column("breaks", "BREAKS", 6, 74, right=True),
)
GLYPHS: Final[dict[str, tuple[str, str]]] = {
    "ok": ("●", "*"),
    "warn": ("○", "o"),
    "bad": ("‼", "!"),
    "dim": ("◌", "."),
}
_STATUS: Final = {"ok": "running", "warn": "suspended", "bad": "stuck"}
"""What a filter takes a node for: `state:stuck` are the silent ones."""
_UNHELD: Final = {"failed": "quarantined", "wanted": "stopped", "ending": "stopping"}
"""What it takes a name for that nobody holds."""


class ClusterTab(NamedTuple):
    """One of the tables, as the bar of tabs names it."""

    name: str
    title: str


TABS: Final = (
    ClusterTab("nodes", "Nodes"),
    ClusterTab("names", "Names"),
    ClusterTab("calls", "Calls"),
    ClusterTab("topics", "Topics"),
)


def make_tables(state: ClusterState, *, plain: bool) -> dict[str, Table]:
    """All tables by the name of their tab."""

    def table(columns: tuple[Column, ...], make: Make, nothing: str) -> Table:
        return Table(state, columns, make, nothing=nothing, plain=plain)

    return {
        "nodes": table(NODES, node_entries, "No node is in this cluster."),
        "names": table(NAMES, name_entries, "No name is held."),
        "calls": table(CALLS, call_entries, "No call waits for another node."),
        "topics": table(TOPICS, topic_entries, "Nobody listens to a topic."),
    }


# --- nodes -----------------------------------------------------------------------


def node_entries(state: ClusterState) -> list[Entry]:
    """A line for each node."""
    return [_node(n, each, state) for n, each in enumerate(state.nodes)]


def _node(number: int, node: ClusterNode, state: ClusterState) -> Entry:
    words, role = node_health(node, state.generation)
    problems = node_problems(node, state.generation)
    host, pid = state.places.get(node.id, (node.host, node.pid))
    where = f"{pid} on {host}" if pid else ""
    loud: Role = "warn" if problems and role == "ok" else role
    wrong: list[tuple[str, str, Role]] = [("", each, loud) for each in problems]
    values: dict[str, Cell] = {
        "path": (node.node, "text"),
        "state": (words, role),
        "exit": (where, "dim"),
    }
    if node.answers:
        age = lease_age(node)
        children = sum(count.number for count in node.children)
        late: Role = "warn" if role == "warn" else "text"
        values |= {
            "lease": (f"{age:.1f} of {node.ttl:g}s", late),
            "names": (show.count(node.held), "text"),
            "children": (show.count(children), "text" if children else "dim"),
            "calls": (show.count(node.waiting), "text" if node.waiting else "dim"),
            "up": (show.duration(node.up), "dim"),
            "version": (node.version or "?", "dim"),
            "memory": (node.generation[:8], "dim"),
        }
    return Entry(
        (node.id,),
        as_row(
            number,
            node.node,
            host,
            _STATUS[role],
            up=node.up if node.answers else None,
        ),
        GLYPHS[loud],
        loud,
        values,
        node.id,
        [*wrong, *_about_node(node, where)],
        bool(problems),
    )


def _about_node(node: ClusterNode, where: str) -> list[tuple[str, str, Role]]:
    """Where it runs, and what there was no room for."""
    facts: list[tuple[str, str, Role]] = [("process", where, "text")]
    facts.append(("incarnation", node.id, "dim"))
    if not node.answers:
        return facts
    newest = max((name.token for name in node.names), default=0)
    each = ", ".join(f"{count.name} {count.number:,}" for count in node.children)
    counted = [f"{count.name} {count.number:,}" for count in node.counted]
    standing = ", ".join(waiter.key for waiter in node.standing_by[:10])
    more: list[tuple[str, str, Role]] = [
        ("children", each, "text"),
        ("stands by", standing, "text"),
        ("newest token", str(newest) if newest else "", "text"),
        ("engine", f"memory {node.generation}" if node.generation else "", "dim"),
        ("trio-sup", node.version or "of a version that does not say", "dim"),
        ("counted", ", ".join(counted), "dim"),
    ]
    return facts + more


# --- names -----------------------------------------------------------------------


def name_entries(state: ClusterState) -> list[Entry]:
    """A line for each name, and for each that should be held."""
    entries = [_name(n, each) for n, each in enumerate(state.names)]
    left_out = sum(max(0, node.held - len(node.names)) for node in state.nodes)
    if left_out:
        entries.append(_more(len(entries), left_out))
    return entries


def _more(number: int, left_out: int) -> Entry:
    text = f"and {left_out:,} more, which nodes do not tell one by one"
    return Entry(
        ("", "", "more"),
        as_row(number, text, ""),
        GLYPHS["dim"],
        "dim",
        {"path": (text, "dim")},
    )


def _name(number: int, name: NameSeen) -> Entry:
    status = name.status if name.node else _UNHELD.get(name.status, "stopped")
    look = show.look(status)
    word = look.word if name.node else name.status
    role: Role = "warn" if name.why and name.node else look.severity
    wrong = bool(name.why) or status not in ("running", "starting")
    standing = ", ".join(name.waiters[:20])
    about: list[tuple[str, str, Role]] = [
        ("name", name.key, "strong"),
        ("held by", name.node or "nobody", "text" if name.node else "bad"),
        ("child", name.path, "text"),
        ("stand by", standing, "text"),
        ("token", str(name.token) if name.token else "", "dim"),
        ("", name.why, "warn"),
    ]
    return Entry(
        ("name", name.key, name.node_id, name.supervisor),
        as_row(
            number,
            f"{name.node}/{name.path}" if name.node else name.what,
            f"{name.key} {name.what}",
            status,
            life=name.life,
        ),
        (look.glyph, look.ascii),
        role,
        {
            "path": (name.key, "strong"),
            "state": (word, role),
            "node": (name.node or "nobody", "text" if name.node else "bad"),
            "what": (name.what, "dim"),
            "waiters": (str(len(name.waiters)) if name.waiters else "", "dim"),
            "life": (f"#{name.life}" if name.life else "", "dim"),
            "token": (str(name.token) if name.token else "", "dim"),
            "exit": (name.path, "dim"),
        },
        name.node_id,
        about,
        wrong,
    )


# --- calls and topics --------------------------------------------------------------


def call_entries(state: ClusterState) -> list[Entry]:
    """A line for each call that waits for another node."""
    calls = [
        (node, n, call) for node in state.nodes for n, call in enumerate(node.calls)
    ]
    return [_call(number, *each) for number, each in enumerate(calls)]


def _call(number: int, node: ClusterNode, nth: int, call: ClusterCall) -> Entry:
    to = call.node or "looked up"
    about: list[tuple[str, str, Role]] = [
        ("", f"{node.node} waits for {call.op} of {call.key} on {to}", "text"),
    ]
    return Entry(
        (node.id, str(nth)),
        as_row(number, f"{node.node}/{to}", call.key, op=call.op),
        GLYPHS["ok"],
        "busy",
        {
            "path": (call.key, "strong"),
            "op": (call.op, "text"),
            "node": (node.node, "text"),
            "to": (to, "text" if call.node else "dim"),
        },
        node.id,
        about,
    )


def topic_entries(state: ClusterState) -> list[Entry]:
    """A line for each topic to which a node listens."""
    topics = [(node, topic) for node in state.nodes for topic in node.topics]
    topics.sort(key=lambda each: (each[1].key, each[0].node))
    return [_topic(number, *each) for number, each in enumerate(topics)]


def _topic(number: int, node: ClusterNode, topic: ClusterTopic) -> Entry:
    said = gaps(topic.missed, topic.breaks)
    role: Role = "warn" if said else "ok"
    about: list[tuple[str, str, Role]] = [
        ("topic", topic.key, "strong"),
        ("node", node.node, "text"),
        ("gaps", said or "none", role),
    ]
    return Entry(
        (node.id, topic.key),
        as_row(number, node.node, topic.key, waiting=topic.waiting),
        GLYPHS[role],
        role,
        {
            "path": (topic.key, "strong"),
            "node": (node.node, "text"),
            "listeners": (show.count(topic.listeners), "text"),
            "waiting": (show.count(topic.waiting), "text" if topic.waiting else "dim"),
            "missed": cell(show.count(topic.missed), "warn" if topic.missed else "dim"),
            "breaks": cell(show.count(topic.breaks), "warn" if topic.breaks else "dim"),
        },
        node.id,
        about,
        bool(said),
    )
