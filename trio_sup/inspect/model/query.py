"""The filter language: what is typed after ``/`` or given to ``trio-sup tree``. Pure.

Terms are separated by spaces and all of them must hold:

* ``text``: the path or the registered name contains it, whatever the case;
* ``"state:down"``: the same for a text that would be something else;
* ``/regex/``: the path or the registered name matches somewhere, any case;
* ``state:down``: a status (a prefix is enough), or ``down``, ``waiting``,
  ``problem``;
* ``kind:sup``: supervisor, dynamic, server or task (a prefix is enough);
* ``under:shop/db``: that child and everything below it; a bare id fits anywhere;
* ``name: path: exit: op:``: that column contains the text;
* ``mailbox>100``: a number of a row: ``id mailbox peak handled restarts life budget
  op up``, with ``> >= < <= = !=``; ``op`` and ``up`` are durations (``1m30s``);
* ``!term``: that term does not hold.

What looks like a field and is none is an error, see `query_fields`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.model.query_fields import (
    ALIASES,
    NAMES,
    QueryError,
    field_test,
    is_field,
    unquoted,
)
from trio_sup.inspect.model.query_suspects import FIELD, plain_or_raise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trio_sup.inspect.model.query_fields import Test
    from trio_sup.inspect.protocol.wire import Row

__all__ = [
    "Query",
    "QueryError",
    "looks_like_filter",
    "parse_line_query",
    "parse_query",
    "parse_text_query",
    "plain_words",
]


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
    terms = _split(text)
    return Query(text, tuple(_term(term, terms, n) for n, term in enumerate(terms)))


_TERM: Final = re.compile(
    r"!*/(?:\\.|[^/\\])*/(?=\s|$)"  # /a regex/
    r'|!*"[^"]*"(?=\s|$)'  # "a text"
    r'|!*\w[\w/-]*(?::|!?==?)"[^"]*"(?=\s|$)'  # exit:"a text"
    r"|\S+"
)


def looks_like_filter(word: str) -> bool:
    """Whether a word can only be a term of a filter, and no plain text."""
    word = word.lstrip("!") if word.startswith("!") else word
    regex = len(word) > 1 and word.startswith("/") and word.endswith("/")
    return regex or word.startswith('"') or FIELD.fullmatch(word) is not None


def _split(text: str) -> list[str]:
    terms: list[str] = _TERM.findall(text)
    while terms and not terms[-1].strip("!"):  # it is still being typed
        terms.pop()
    return terms


def _term(term: str, terms: list[str], n: int) -> Test:
    if term.startswith("!") and not term.startswith("!="):
        bare = term.lstrip("!")
        if not bare:
            raise QueryError(f"! stands right before its term: !{terms[n + 1]}")
        test = _plain_term(bare, terms, n)
        odd = (len(term) - len(bare)) % 2
        return (lambda row, now: not test(row, now)) if odd else test
    return _plain_term(term, terms, n)


def _plain_term(term: str, terms: list[str], n: int) -> Test:
    if term.startswith("/"):
        return _regex(term)
    if term.startswith('"'):
        return _text(unquoted(term))
    parts = FIELD.fullmatch(term)
    if parts is not None:
        return field_test(parts["field"], parts["op"], unquoted(parts["value"]))
    plain_or_raise(term, terms, n)
    return _text(term)


def _text(text: str) -> Test:
    wanted = text.casefold()
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


def parse_text_query(text: str) -> Callable[[str], bool]:
    """A filter for lines of text: words and ``/regex/``, with ``!``.

    Terms about rows (``state:``, ``mailbox>``, ...) and unfinished ones let
    everything pass.
    """
    tests = [_text_test(term) for term in _split(text)]
    return lambda line: all(test(line) for test in tests)


def parse_line_query(text: str) -> Callable[[str], bool]:
    """As `parse_text_query`, where there are lines alone: all of it must mean them.

    Raises:
        QueryError: a term is about rows, or cannot be read.
    """
    parse_query(text)
    for term in _split(text):
        bare = term.lstrip("!") if not term.startswith("!=") else term
        if _plain_text_test(bare) is _passes:
            known = 'words, /regex/, path:, !word, and "a:b" in quotes'
            raise QueryError(f"{bare} is about children; for lines there are {known}")
    return parse_text_query(text)


def plain_words(text: str) -> tuple[str, list[str]]:
    """What is searched for where there are plain words alone: among names.

    Args:
        text: As typed; words in quotes are meant as they are.

    Returns:
        The words, and the terms that are none: those about children.
    """
    words: list[str] = []
    others: list[str] = []
    for term in _split(text):
        parts = FIELD.fullmatch(term.lstrip("!"))
        if term.startswith('"'):
            words.append(term.strip('"'))
        elif parts is not None and is_field(parts["field"]):
            others.append(term)
        else:
            words.append(term)
    return " ".join(words), others


def _text_test(term: str) -> Callable[[str], bool]:
    bare = term.lstrip("!") if not term.startswith("!=") else term
    test = _plain_text_test(bare)
    if test is _passes or (len(term) - len(bare)) % 2 == 0:
        return test
    return lambda line: not test(line)


def _plain_text_test(term: str) -> Callable[[str], bool]:
    if term.startswith("/"):
        try:
            search = re.compile(term[1:-1], re.IGNORECASE).search
        except re.error:
            return _passes
        return (lambda line: bool(search(line))) if _closed(term) else _passes
    if term.startswith('"'):
        term = term[1:-1] if _closed(term) else ""
    elif (parts := FIELD.fullmatch(term)) is not None:
        name, value = parts["field"].casefold(), parts["value"]
        if name in ("under", "path") and parts["op"] == ":":
            return lambda line: value in line.partition(" ")[0]
        if ALIASES.get(name, name) in NAMES:
            return _passes
    wanted = term.casefold()
    return lambda line: wanted in line.casefold()


def _closed(term: str) -> bool:
    return len(term) > 1 and term.endswith(term[0])


def _passes(line: str) -> bool:
    return True
