"""Which names stand for secrets. Pure: words in, a verdict out.

A name is taken apart into words, at underscores, dashes, dots, digits and where
small letters meet capitals: ``x-api-key``, ``apiKey`` and ``API_KEY`` are one name.
Some words are secret wherever they stand (``password``), some only as a whole word
(``auth``, but not ``author``), some only in pairs (``api key``).

On the safe side: what sounds like a secret is hidden. Shown are only numbers whose
name says that they count or measure: ``max_tokens``, ``tokens_per_second``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ANYWHERE: Final = (
    *("password", "passwd", "passwrd", "passphrase", "passcode", "passkey"),
    *("secret", "token", "cookie", "credential", "authoriz", "authoris"),
    *("apikey", "accesskey", "privatekey", "signingkey", "encryptionkey"),
    *("authkey", "masterkey", "accountkey", "sshkey", "hmackey", "sharedkey"),
    *("sessionid", "sessionkey", "connectionstring", "connstr", "seedphrase"),
    *("pincode", "bearer"),
)
"""Secret wherever they stand in a name, without what separates words."""
WORDS: Final = frozenset(
    {
        *("pass", "pw", "pwd", "pwds", "cred", "creds", "auth", "authn", "authz"),
        *("oauth", "jwt", "jwts", "jws", "otp", "otps", "totp", "hotp", "dsn", "dsns"),
        *("session", "sid", "csrf", "xsrf"),
    }
)
"""Secret as a word of its own."""
ENDINGS: Final = (
    *("pwd", "auth", "jwt", "otp", "dsn", "sessid", "dbpass", "userpass", "smtppass"),
)
"""Secret at the end of a word, as in ``mysqlpwd`` and ``basicauth``."""
HARMLESS: Final = ("tokeniz", "tokenis", "secretar")
"""Taken out of a name before it is judged."""
MEASURES: Final = frozenset(
    {
        *("per", "count", "counts", "max", "min", "num", "n", "total", "used", "left"),
        *("limit", "rate", "size", "len", "length", "second", "seconds", "minute"),
        *("ttl", "age", "timeout", "expires", "expiry", "interval", "retries"),
        *("remaining", "budget", "capacity", "version", "attempts", "changed"),
    }
)
"""A number with such a word in its name counts or measures."""

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+|\d+")
_LONGEST: Final = 300
_REMEMBERED: Final = 4096
_NUMBERS: Final = (int, float)


class SecretNames:
    """The names that one node takes for secrets."""

    def __init__(self, more: Iterable[str] = (), shown: Iterable[str] = ()) -> None:
        """Take over the user's own words.

        Args:
            more: Names that are secret, too, alone or as a part of others: ``iban``
                stands for ``iban``, ``customer_iban`` and ``ibanNumber``.
            shown: Whole names that are no secrets, whatever they sound like.
        """
        self._more = tuple(word for each in more if (word := _joined(each)))
        self._shown = frozenset(_joined(each) for each in shown)
        self._known: dict[str, bool] = {}

    def hides(self, name: str, value: object = None) -> bool:
        """Whether what stands under this name is not to be seen.

        Args:
            name: Of an attribute, an argument, a key, a header.
            value: What stands there: a number may be a measure.
        """
        verdict = self._known.get(name)
        if verdict is None:
            verdict = self._judge(name)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            if len(name) <= _LONGEST:
                self._known[name] = verdict
        if verdict and value is not None and type(value) in _NUMBERS:
            return not MEASURES.intersection(_words(name))
        return verdict

    def _judge(self, name: str) -> bool:
        words = _words(name)
        joined = "".join(words)
        if joined in self._shown:
            return False
        if any(word in joined for word in self._more):
            return True
        for harmless in HARMLESS:
            joined = joined.replace(harmless, "")
        if any(part in joined for part in ANYWHERE):
            return True
        return any(word in WORDS or word.endswith(ENDINGS) for word in words)


DEFAULT: Final = SecretNames()
"""What is hidden where the user says nothing else."""


def _words(name: str) -> list[str]:
    text = name if len(name) <= _LONGEST else name[:_LONGEST] + "_" + name[-_LONGEST:]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return [word.lower() for word in _WORD.findall(text)]


def _joined(name: str) -> str:
    return "".join(_words(name))
