"""The filter language: what is typed after ``/`` or given to ``trio-sup tree``. Pure.

Terms are separated by spaces and all of them must hold:

* ``text``: the path or the registered name contains it, whatever the case;
* ``/regex/``: the path or the registered name matches somewhere, any case;
* ``state:down``: a status (a prefix is enough), or ``down``, ``waiting``,
  ``problem``;
* ``kind:sup``: supervisor, dynamic, server or task (a prefix is enough);
* ``under:shop/db``: that child and everything below it; a bare id fits anywhere;
* ``mbox>100``: a number of a row: ``mbox peak restarts life handled op up budget``,
  with ``> >= < <= =``; ``op`` and ``up`` are seconds (``2m`` and ``1h`` work too);
* ``!term``: that term does not hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import frozen

from trio_sup._core.words import KINDS, STATUSES
from trio_sup.inspect.model.problems import problem
from trio_sup.inspect.model.tree_model import DOWN, WAITING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trio_sup.inspect.protocol.wire import Row

Test: TypeAlias = "Callable[[Row, float], bool]"
"""Whether a row passes at a time of the node's clock."""


class QueryError(ValueError):
    """The text is no filter; the message says why in a few words."""


@frozen
class Query:
    """A parsed filter. An empty one lets everything pass."""

    text: str
    """As typed."""
    _tests: tuple[Test, ...]

    def __bool__(self) -> bool:
        return bool(self._tests)

    def matches(self, row: Row, now: float) -> bool:
        """Whether the row passes at `now`, a time of the node's clock."""
        return all(test(row, now) for test in self._tests)

    def select(self, rows: Iterable[Row], now: float) -> list[int]:
        """The ids of the rows that pass, in the order given."""
        tests = self._tests
        if len(tests) == 1:
            test = tests[0]
            return [row.id for row in rows if test(row, now)]
        return [row.id for row in rows if all(test(row, now) for test in tests)]


def parse_query(text: str) -> Query:
    """Read a filter.

    Raises:
        QueryError: a term cannot be read; nothing of the text applies then.
    """
    return Query(text, tuple(_term(term) for term in _split(text)))


_TERM: Final = re.compile(r"!?/(?:\\.|[^/\\])*/(?=\s|$)|\S+")


def _split(text: str) -> list[str]:
    terms: list[str] = _TERM.findall(text)
    return [term for term in terms if term != "!"]


def _term(term: str) -> Test:
    if term.startswith("!"):
        test = _term(term[1:])
        return lambda row, now: not test(row, now)
    if term.startswith("/"):
        return _regex(term)
    word, colon, value = term.partition(":")
    if colon and word in _WORDS:
        return _WORDS[word](value)
    compare = _COMPARE.fullmatch(term)
    if compare is not None and compare["field"] in _NUMBERS:
        return _number(compare["field"], compare["op"], compare["value"])
    wanted = term.casefold()
    return lambda row, now: (
        wanted in row.path.casefold() or wanted in row.name.casefold()
    )


def _regex(term: str) -> Test:
    if len(term) < 2 or not term.endswith("/"):
        raise QueryError("a regex ends with /")
    try:
        search = re.compile(term[1:-1], re.IGNORECASE).search
    except re.error as error:
        raise QueryError(f"bad regex: {error.msg}") from None
    return lambda row, now: bool(search(row.path) or (row.name and search(row.name)))


def _state(value: str) -> Test:
    value = value.casefold().replace("-", "_")
    if value == "down":
        return lambda row, now: row.status in DOWN
    if value == "waiting":
        return lambda row, now: row.status in WAITING
    if value == "problem":
        return lambda row, now: problem(row, now) is not None
    if value.startswith("backo"):  # the word that views show
        value = "backing_off"
    if not any(state.startswith(value) for state in STATUSES):
        raise QueryError(f"no state {value!r}: {', '.join(STATUSES)}, down, problem")
    return lambda row, now: row.status.startswith(value)


def _kind(value: str) -> Test:
    value = value.casefold()
    if not any(kind.startswith(value) for kind in KINDS):
        raise QueryError(f"no kind {value!r}: {', '.join(KINDS)}")
    return lambda row, now: row.kind.startswith(value)


def _under(value: str) -> Test:
    if not value:
        raise QueryError("under: needs a path or an id")
    inner, tail = f"/{value}/", f"/{value}"

    def test(row: Row, now: float) -> bool:
        path = f"/{row.path}"
        return inner in path or path.endswith(tail)

    return test


_WORDS: Final[dict[str, Callable[[str], Test]]] = {
    "state": _state,
    "kind": _kind,
    "under": _under,
}
_COMPARE: Final = re.compile(r"(?P<field>[a-z]+)(?P<op>>=|<=|>|<|=)(?P<value>\S*)")
_NUMBERS: Final[dict[str, Callable[[Row, float], float | None]]] = {
    "mbox": lambda row, now: row.mailbox_len,
    "peak": lambda row, now: row.mailbox_peak,
    "restarts": lambda row, now: row.restarts,
    "life": lambda row, now: row.life,
    "handled": lambda row, now: row.handled,
    "budget": lambda row, now: row.budget_used,
    "op": lambda row, now: None if row.op_since is None else now - row.op_since,
    "up": lambda row, now: None if row.began is None else now - row.began,
}
_TESTS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
}
_VALUE: Final = re.compile(r"(\d+(?:\.\d+)?)([kmhs]?)")


def _number(name: str, op: str, text: str) -> Test:
    found = _VALUE.fullmatch(text)
    if found is None:
        raise QueryError(f"{name}{op} needs a number")
    unit = {"": 1, "s": 1, "k": 1000, "m": 60, "h": 3600}[found[2]]
    wanted = float(found[1]) * unit
    read, compare = _NUMBERS[name], _TESTS[op]

    def test(row: Row, now: float) -> bool:
        value = read(row, now)
        return value is not None and compare(value, wanted)

    return test


def parse_text_query(text: str) -> Callable[[str], bool]:
    """A filter for lines of text: words and ``/regex/``, with ``!``.

    Terms about rows (``state:``, ``mbox>``, ...) and unfinished ones let
    everything pass.
    """
    tests = [_text_test(term) for term in _split(text)]
    return lambda line: all(test(line) for test in tests)


def _text_test(term: str) -> Callable[[str], bool]:
    if term.startswith("!"):
        test = _text_test(term[1:])
        return test if test is _passes else lambda line: not test(line)
    if term.startswith("/"):
        try:
            search = re.compile(term[1:-1], re.IGNORECASE).search
        except re.error:
            return _passes
        return (lambda line: bool(search(line))) if _closed(term) else _passes
    compare = _COMPARE.fullmatch(term)
    word, colon, value = term.partition(":")
    if colon and word == "under":
        return lambda line: value in line.partition(" ")[0]
    if (colon and word in _WORDS) or (compare and compare["field"] in _NUMBERS):
        return _passes
    wanted = term.casefold()
    return lambda line: wanted in line.casefold()


def _closed(term: str) -> bool:
    return len(term) > 1 and term.endswith("/")


def _passes(line: str) -> bool:
    return True
