"""Secrets inside of texts: URLs, headers, command lines, what names itself. Pure.

Every pattern takes time in proportion to the text. What is hidden is replaced by
`REDACTED`, the rest stays.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trio_sup.inspect.node.secret_names import SecretNames

REDACTED: Final = "<redacted>"
SEEN: Final = 1000
"""Characters of a value's text that are looked through; no more are ever shown."""

_URL_START: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,30}://")
_PORT: Final = re.compile(r"\d{1,5}(?=[/?#\s\"'<>,;)\]}|\\]|$)")
_SPACE: Final = re.compile(r"\s")
_AUTHORITY_ENDS: Final = re.compile(r"[\s/?#\"'<>]")
_KNOWN: Final = re.compile(
    r"(?P<keep>\b(?:[Bb]earer|BEARER)\s+)[\w.~+/=\-]{4,}"
    r"|(?P<basic>\b(?:[Bb]asic|BASIC)\s+)(?=[a-z+/=]*[A-Z0-9])[\w+/=\-]{4,}"
    r"|\beyJ[\w\-]{4,}+\.[\w\-]{2,}(?:\.[\w\-]*)*"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*-----)?"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|sk-|xox[abprs]-)[\w\-]{16,}"
)
_NAMED: Final = re.compile(
    r"(?<![\w.\-])(?P<dash>-{0,2})(?P<name>[A-Za-z_][\w.\-]{0,80})"
    r"(?P<quote>\\?[\"']?)(?P<between>[ \t]{0,3}[:=][ \t]{0,3}|[ \t])"
)
_QUOTED: Final = re.compile(
    r"[a-zA-Z]{0,2}(?:\\?\"(?:[^\"\\\n]|\\.)*+\\?\"?|\\?'(?:[^'\\\n]|\\.)*+\\?'?)"
)
_BARE: Final = re.compile(r"[^\s,;&\"'(){}\[\]<>]+")
_TO_END: Final = re.compile(r"[^\r\n]+")
_SOURCE: Final = re.compile(r"[ |+\-0-9]*[ ]{4}|[ |]*File \"")


def mask_text(text: str, names: SecretNames) -> str:
    """What may be seen of a string of the program, such as a message's argument.

    Hidden are the passwords of URLs, tokens in well-known forms, and what follows a
    name that `SecretNames` hides: ``password=…``, ``"token": "…"``, ``Cookie: …``,
    ``--api-key …``.
    """
    text = mask_known(text)
    if "=" in text or ":" in text or "--" in text:
        text = _mask_named(text, names, _value_in_data)
    return text


def mask_report(text: str, names: SecretNames, limit: int = 64_000) -> str:
    """What may be seen of a report for people: a crash, an exit, an event.

    As `mask_text`; but a word before a colon is prose (``unexpected token: …``), and
    of source lines only literals are hidden.

    Args:
        text: The report.
        names: Which names hide what follows them.
        limit: Characters from its beginning that matter.
    """
    text = mask_known(text[:limit], cut=len(text) > limit)
    if "=" not in text and "':" not in text and '":' not in text:
        return text
    lines = text.split("\n")
    for index, line in enumerate(lines):
        in_source = _SOURCE.match(line) is not None
        value = _value_in_source if in_source else _value_in_report
        lines[index] = _mask_named(line, names, value)
    return "\n".join(lines)


def mask_known(text: str, *, cut: bool = False) -> str:
    """Without the passwords of URLs and without tokens that show what they are.

    Args:
        text: Any text.
        cut: Whether it goes on behind its end: a password may have begun there.
    """
    if "://" in text:
        text = _mask_urls(text, cut=cut)
    # Most texts have none of these, and looking for them is much quicker.
    if _may_be_known(text):
        text = _KNOWN.sub(_known, text)
    return text


def _may_be_known(text: str) -> bool:
    """Whether `_KNOWN` could find something; written out, for it is asked often."""
    return (
        "earer" in text
        or "eyJ" in text
        or "asic" in text
        or "KEY-----" in text
        or "gh" in text
        or "sk-" in text
        or "xox" in text
        or "glpat-" in text
        or "EARER" in text
        or "ASIC" in text
    )


def _known(found: re.Match[str]) -> str:
    return (found["keep"] or found["basic"] or "") + REDACTED


def mask_arguments(words: Sequence[str], names: SecretNames) -> str:
    """A command line, whose words are still apart, as one text."""
    shown: list[str] = []
    hide = False
    for word in words:
        name = word.lstrip("-") if word.startswith("-") else ""
        shown.append(REDACTED if hide else mask_text(word, names))
        hide = bool(name) and "=" not in name and names.hides(name)
    return " ".join(shown)


# --- URLs -----------------------------------------------------------------------


def _mask_urls(text: str, *, cut: bool) -> str:
    pieces: list[str] = []
    done = run_end = 0
    if "@" not in text and not cut:
        return text
    for start in _URL_START.finditer(text):
        if start.end() < done:
            continue
        if start.end() > run_end:
            space = _SPACE.search(text, start.end())
            run_end = space.start() if space else len(text)
        found = _user_info(text, start.end(), run_end, cut=cut)
        if found is None:
            continue
        begin, end = found
        pieces += [text[done:begin], REDACTED]
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _user_info(
    text: str, start: int, run_end: int, *, cut: bool
) -> tuple[int, int] | None:
    """Where the secret of the URL begins and ends, if it has one."""
    ends = _AUTHORITY_ENDS.search(text, start)
    authority_end = ends.start() if ends else len(text)
    at = text.rfind("@", start, authority_end)
    colon = text.find(":", start, run_end)
    if at >= 0:
        if 0 <= colon < at:
            lone = text[colon + 1 : at] in ("", "x-oauth-basic")
            # To the last one: a password may hold what it ought to have quoted.
            return (start if lone else colon + 1), text.rfind("@", at, run_end)
        # A name alone: a token in https://ghp_…@github.com, git in ssh://git@host.
        return (start, at) if text.startswith("http", _scheme(text, start)) else None
    slash = text.find("/", start, run_end)
    if colon < 0 or 0 <= slash < colon or text.startswith("[", start):
        return None
    if _PORT.match(text, colon + 1):
        return None
    # A password with characters that ought to be quoted: up to where it may end.
    at = text.rfind("@", colon, run_end)
    if at < 0:
        line_end = text.find("\n", colon)
        at = text.find("@", colon, len(text) if line_end < 0 else line_end)
    if at < 0:
        return (colon + 1, len(text)) if cut else None
    return colon + 1, at


def _scheme(text: str, start: int) -> int:
    begin = start - 3
    while begin > 0 and (text[begin - 1].isalnum() or text[begin - 1] in "+.-"):
        begin -= 1
    return begin


# --- what a name announces ------------------------------------------------------


def _mask_named(
    text: str,
    names: SecretNames,
    value_of: Callable[[str, re.Match[str]], re.Match[str] | None],
) -> str:
    pieces: list[str] = []
    done = 0
    for found in _NAMED.finditer(text):
        if found.start() < done or not names.hides(found["name"]):
            continue
        value = value_of(text, found)
        if value is None or value.end() == value.start():
            continue
        pieces += [text[done : value.start()], REDACTED]
        done = value.end()
    return "".join([*pieces, text[done:]]) if pieces else text


def _value_in_data(text: str, name: re.Match[str]) -> re.Match[str] | None:
    """A quoted or bare word; behind an unquoted colon, as in headers, the line."""
    end, between = name.end(), name["between"]
    if between.isspace():
        return _BARE.match(text, end) if name["dash"] else None
    quoted = _QUOTED.match(text, end)
    if quoted is not None and quoted.end() > end:
        return quoted
    if ":" in between and not name["quote"]:
        return None if text.startswith("//", end) else _TO_END.match(text, end)
    return _BARE.match(text, end)


def _value_in_report(text: str, name: re.Match[str]) -> re.Match[str] | None:
    """A word behind ``name=``; a quoted one, where the name is quoted or assigned."""
    end, between = name.end(), name["between"]
    if between == "=" or ("=" in between and _QUOTED.match(text, end)):
        return _QUOTED.match(text, end) or _BARE.match(text, end)
    return _QUOTED.match(text, end) if name["quote"] and ":" in between else None


def _value_in_source(text: str, name: re.Match[str]) -> re.Match[str] | None:
    """A literal that is assigned or passed."""
    return None if name["between"].isspace() else _QUOTED.match(text, name.end())
