"""Words that would be searched for as a text, and were meant as something else. Pure.

A filter that quietly searches for the text ``100<mailbox`` finds nothing, and says by
that that all is well. What is meant as a text can always be put in quotes.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.query_fields import QueryError, is_field

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELD: Final = re.compile(
    r"(?P<field>[^\W\d_][\w-]*(?:/[sS])?)(?P<op>:|>=|<=|==|!=|>|<|=)(?P<value>.*)",
    re.DOTALL,
)
"""What a term about a field looks like, of whatever alphabet."""
_LOOSE: Final = re.compile(r"(?:[<>=]|!=)[<>=]*(?:[\d.]+\w*)?")
"""A comparison that has lost its field."""
_UNIT: Final = re.compile("ms|[smhdkMGT%]|sec|min|hours?|days?")
_ENDS_IN_A_NUMBER: Final = re.compile(r"[:<>=][\d.,]+$")
_BRACKETED: Final = re.compile(r"<[^<>=\d][^<>=]*>")
"""As in the names of functions: ``main.<locals>.<lambda>``."""
_COMPARES: Final = re.compile(r"[<>=]|!~|~=")
_OPERATOR: Final = re.compile(
    r"(?P<field>\w[\w-]*(?:/s)?)(?P<op>[~!;]+|[<>=!~]{2,})(?P<value>.*)"
)
_SWAPPED: Final = re.compile(
    r"(?P<value>[\d.,]+\w*)(?P<op>[<>]=?|==?|!=)(?P<field>\w.*)"
)
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SIGNS: Final = str.maketrans(
    {"≥": ">=", "≤": "<=", "≠": "!=", "≈": "=", "“": '"', "”": '"', "„": '"'}
)
_WORDS: Final = frozenset({"and", "or", "not", "&&", "||", "&", "|"})
"""What joins terms in other languages."""


def plain_or_raise(term: str, terms: Sequence[str], n: int) -> None:
    """Let a term pass that can only be meant as a text.

    Args:
        term: The term, without what negates it.
        terms: All of them, as typed.
        n: Which one it is.

    Raises:
        QueryError: it looks as if it were meant as something else; says as what.
    """
    _no_lost_comparison(term, terms, n)
    _no_word_that_joins(term, terms)
    typed = _as_typed_elsewhere(term)
    means = typed[:1] == '"' or FIELD.fullmatch(typed) or _COMPARES.search(typed)
    if typed != term and means:
        raise QueryError(f"did you mean {typed}? its signs are others")
    if (swapped := _SWAPPED.fullmatch(term)) and is_field(swapped["field"]):
        op = _TURNED.get(swapped["op"], swapped["op"])
        raise QueryError(
            f"did you mean {swapped['field']}{op}{swapped['value']}?"
            " the field comes first"
        )
    if (other := _OPERATOR.fullmatch(term)) and is_field(other["field"]):
        raise QueryError(f"there is no {other['op']}: there are : > >= < <= = !=")
    bare = term.lstrip("-+~([{'`*#@.,;:^&|\"")
    if bare != term and FIELD.fullmatch(bare):
        negated = f", or !{bare}" if term[0] in "-~^" else ""
        raise QueryError(
            f"did you mean {bare}{negated}? no term begins with {term[0]}; {_quoted(term)}"
        )
    if _COMPARES.search(_BRACKETED.sub("", term)):
        raise QueryError(f"{term} compares nothing that is known; {_quoted(term)}")


def _no_lost_comparison(term: str, terms: Sequence[str], n: int) -> None:
    before = terms[n - 1] if n else "mailbox"
    if _UNIT.fullmatch(term) and _ENDS_IN_A_NUMBER.search(before):
        raise QueryError(f"{term} stands without a space: {before}{term}")
    after = terms[n + 1] if n + 1 < len(terms) else ""
    if _LOOSE.fullmatch(term):
        after = after if not term[-1].isalnum() else ""
        raise QueryError(f"{term} stands without spaces: {before}{term}{after}")
    if term.startswith(":") and n and is_field(before.lstrip("!")):
        after = after if term == ":" else ""
        raise QueryError(f"{term} stands without spaces: {before}{term}{after}")


def _no_word_that_joins(term: str, terms: Sequence[str]) -> None:
    if term.casefold() not in _WORDS:
        return
    if term.isalpha() and not any(FIELD.fullmatch(t.lstrip("!")) for t in terms):
        return
    if term.casefold() in ("or", "|", "||"):
        raise QueryError(f"there is no {term}: all terms must hold; {_quoted(term)}")
    if term.casefold() == "not":
        raise QueryError(f"{term} is written !, as in !state:down; {_quoted(term)}")
    raise QueryError(f"{term} is not needed: all terms must hold; {_quoted(term)}")


def _as_typed_elsewhere(term: str) -> str:
    """The term with the signs of a plain keyboard, and without what cannot be seen."""
    wide = unicodedata.normalize("NFKC", term.translate(_SIGNS))
    return "".join(c for c in wide if unicodedata.category(c) != "Cf")


def _quoted(term: str) -> str:
    return f'as a text: "{term}"' if '"' not in term else "as a text: /regex/"
