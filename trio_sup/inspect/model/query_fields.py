"""The fields that a filter can ask for: named as the columns that show them. Pure.

A field is compared as a number (``mailbox>100``), or looked at as a text
(``state:down``). What is no field is an error that says what was perhaps meant: a
filter that quietly searched for the text ``sate:down`` would say that all is well.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final, TypeAlias

from trio_sup._core.words import KINDS, STATUSES
from trio_sup.inspect.model.problems import problem
from trio_sup.inspect.model.tree_model import DOWN, WAITING
from trio_sup.inspect.model.typed_times import read_count, read_span, shown_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup.inspect.protocol.wire import Row

Test: TypeAlias = "Callable[[Row, float], bool]"
"""Whether a row passes at a time of the node's clock."""


class QueryError(ValueError):
    """The text is no filter; the message says why in a few words."""


# --- texts -------------------------------------------------------------------

SUSPENDED: Final = "suspended"
"""The state of a server that handles nothing: no status of the core."""
POLICIES: Final = ("permanent", "transient", "temporary")
"""When a child is restarted."""
_SHOWN: Final = {"backoff": "backing_off", "quarantine": "quarantined"}
"""States by the words that views show."""


def _state(value: str) -> Test:
    value = value.casefold().replace("-", "_")
    if value == "down":
        return lambda row, now: row.status in DOWN
    if value == "waiting":
        return lambda row, now: row.status in WAITING
    if value == "problem":
        return lambda row, now: problem(row, now) is not None
    value = _SHOWN.get(value, value)
    states = (*STATUSES, SUSPENDED)
    if not any(state.startswith(value) for state in states):
        known = (*states, "down", "waiting", "problem")
        raise QueryError(f"no state {value!r}: {_perhaps(value, known)}")
    return lambda row, now: row.status.startswith(value)


def _kind(value: str) -> Test:
    value = value.casefold()
    if not any(kind.startswith(value) for kind in KINDS):
        raise QueryError(f"no kind {value!r}: {_perhaps(value, KINDS)}")
    return lambda row, now: row.kind.startswith(value)


def _policy(value: str) -> Test:
    value = value.casefold()
    if not any(policy.startswith(value) for policy in POLICIES):
        raise QueryError(f"no policy {value!r}: {_perhaps(value, POLICIES)}")
    return lambda row, now: row.restart.startswith(value)


def _perhaps(value: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(value[:64], known, 1)
    return f"did you mean {close[0]}?" if close else ", ".join(known)


def _under(value: str) -> Test:
    inner, tail = f"/{value}/", f"/{value}"

    def test(row: Row, now: float) -> bool:
        path = f"/{row.path}"
        return inner in path or path.endswith(tail)

    return test


def _holds(read: Callable[[Row], str | None]) -> Callable[[str], Test]:
    def make(value: str) -> Test:
        wanted = value.casefold()
        return lambda row, now: wanted in (read(row) or "").casefold()

    return make


TEXTS: Final[dict[str, Callable[[str], Test]]] = {
    "state": _state,
    "kind": _kind,
    "policy": _policy,
    "under": _under,
    "name": _holds(lambda row: row.name),
    "path": _holds(lambda row: row.path),
    "exit": _holds(lambda row: row.last_exit),
    "op": _holds(lambda row: row.op),
}
"""What follows ``field:``."""

# --- numbers -----------------------------------------------------------------

_Read: TypeAlias = "Callable[[Row, float], float | None]"
COUNTS: Final[dict[str, _Read]] = {
    "id": lambda row, now: row.id,
    "mailbox": lambda row, now: row.mailbox_len,
    "peak": lambda row, now: row.mailbox_peak,
    "handled": lambda row, now: row.handled,
    "restarts": lambda row, now: row.restarts,
    "life": lambda row, now: row.life,
    "budget": lambda row, now: row.budget_used,
}
SPANS: Final[dict[str, _Read]] = {
    "op": lambda row, now: None if row.op_since is None else now - row.op_since,
    "up": lambda row, now: None if row.began is None else now - row.began,
}
_BOUNDED: Final = frozenset({"mailbox", "budget", "restarts"})
_WITH_BOUND: Final = re.compile(r"^([^/ ]+)(?:/\S+| \(\S+\))$")
"""As columns show them: ``150/1024``, ``2 (1/3)``."""
_TESTS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def _number(name: str, said: str, op: str, text: str) -> Test:
    if name in _BOUNDED:
        text = _WITH_BOUND.sub(r"\1", text)
    try:
        if name in SPANS:
            read, wanted = SPANS[name], read_span(text)
            # A time is never just 90 s: what counts is how it is shown.
            low, high = shown_as(f"{text}s" if text.isdecimal() else text)
        else:
            read, wanted = COUNTS[name], read_count(text)
            low, high = shown_as(text)
    except ValueError as error:
        raise QueryError(f"{said} needs a number: {error}") from None
    compare = _TESTS.get(op)
    if compare is None:
        negated = op == "!="
        return _about(read, lambda value: (low <= value < high) is not negated)
    return _about(read, lambda value: compare(value, wanted))


def _about(read: _Read, holds: Callable[[float], bool]) -> Test:
    def test(row: Row, now: float) -> bool:
        value = read(row, now)
        return value is not None and holds(value)

    return test


# --- by name -----------------------------------------------------------------

ALIASES: Final = {
    "mbox": "mailbox",
    "uptime": "up",
    "status": "state",
    "last-exit": "exit",
    "in-progress": "op",
    "registered": "name",
    "msg/s": "rate",
    "growth/s": "growth",
}
"""Other words for a field: the headings, and what the filter was called before."""
_SAMPLED: Final = frozenset({"rate", "growth"})
NAMES: Final = (*dict.fromkeys((*TEXTS, *COUNTS, *SPANS)),)
"""The fields."""


def is_field(word: str) -> bool:
    """Whether it is the name of a field, in whatever case."""
    name = word.casefold()
    name = ALIASES.get(name, name)
    return name in NAMES or name in _SAMPLED


def unquoted(value: str) -> str:
    """What is meant by a value in quotes, or without.

    Raises:
        QueryError: a quote is not closed.
    """
    if not value.startswith('"'):
        return value
    if len(value) < 2 or not value.endswith('"') or '"' in value[1:-1]:
        raise QueryError('a quoted text ends with "')
    return value[1:-1]


def field_test(field: str, op: str, value: str) -> Test:
    """The test for a field, an operator and a value as typed.

    Args:
        field: A name, of whatever case.
        op: ``:``, or one of the comparisons.
        value: What it is compared with.

    Raises:
        QueryError: there is no such field, or it cannot be compared so.
    """
    name = field.casefold()
    name = ALIASES.get(name, name)
    if name in _SAMPLED:
        raise QueryError(
            f"{field} takes two looks at the node: sort by it (top --sort {name})"
        )
    if name not in NAMES:
        raise QueryError(_no_field(field, op, value))
    if not value:
        raise QueryError(f"{field}{op} needs {_needed(name)}, without a space")
    if name in ("name", "under") and len(value) > 1 and value[0] == value[-1] == "'":
        raise QueryError(f'{field}{op} takes double quotes: {field}{op}"{value[1:-1]}"')
    if name == "op" and op == ":" and value[-1].isalpha() and _is_span(value):
        raise QueryError(f"op: is the message; how long it takes is op>{value}")
    if name in TEXTS and op in (":", "=", "==", "!="):
        if op != ":" and name in SPANS and value[0].isdigit():
            return _number(name, f"{field}{op}", op, value)
        test = TEXTS[name](value)
        return (lambda row, now: not test(row, now)) if op == "!=" else test
    if name not in COUNTS and name not in SPANS:
        raise QueryError(f"{field} is no number: write {name}:{value}")
    if op == ":" and value[0] in "<>=":
        raise QueryError(f"{field} is a number: write {name}{value}")
    return _number(name, f"{field}{op}", "=" if op == ":" else op, value)


def _is_span(text: str) -> bool:
    try:
        return bool(read_span(text))
    except ValueError:
        return False


def _needed(name: str) -> str:
    if name in COUNTS or name in SPANS:
        return "a number"
    return "a path or an id" if name == "under" else "a word"


def _no_field(field: str, op: str, value: str) -> str:
    known = (*NAMES, *ALIASES)
    close = difflib.get_close_matches(field[:64].casefold(), known, 1)
    text = f'as a text: "{field}{op}{value}"'
    if not close:
        return f"no field {field!r}: {', '.join(NAMES)}; {text}"
    meant = ALIASES.get(close[0], close[0])
    # Which of both it is compared by may be the mistake, too.
    number = meant in COUNTS or (meant in SPANS and op != ":")
    by = (op if op != ":" else "=") if number else ":"
    # First what helps: a narrow screen shows no more of it.
    return f"did you mean {meant}{by}{value}? there is no field {field!r}; {text}"
