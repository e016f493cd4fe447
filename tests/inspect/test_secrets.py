"""What is a secret by its name, and what is hidden in a text."""

import sys
from typing import Any

import pytest

from trio_sup.inspect.node.bounds import clip
from trio_sup.inspect.node.masking import (
    REDACTED,
    mask_arguments,
    mask_known,
    mask_report,
    mask_text,
)
from trio_sup.inspect.node.render import (
    render,
)
from trio_sup.inspect.node.secret_names import DEFAULT, SecretNames

SECRET = "hunter2"


SECRET_NAMES = """
password passwd pwd pass pw PGPASSWORD mysqlpwd db_pass passphrase passcode password1
api_key apiKey api-key x_api_key X-API-KEY APIKEY xApiKey api.key
access_key aws_secret_access_key secretAccessKey private_key privateKey ssh_key
auth authorization Authorization proxy-authorization authToken auth_token basicauth
httpAuth oauth OAuth2 oauth_token bearer bearerToken jwt id_jwt jwt_cookie otp totp
otp_code dsn SENTRY_DSN sentryDsn secret client_secret secrets token tokens accessToken
refresh_token csrf_token credential credentials creds aws_credentials cookie cookies
Set-Cookie session session_id sessionid sessionId PHPSESSID session_key sid
_Server__password user.password user/password connection_string
"""


FULL_WIDTH = "".join(chr(ord(letter) + 0xFEE0) for letter in "password")


PLAIN_NAMES = """
author authority authors authored user username name path passenger bypass compass
passed passes tokenizer tokenize secretary monkey key keyboard public_key keys foreign
primary_key sort_key cwd id pid address port host url adopt adoption hotel laptop
"""


@pytest.mark.parametrize("name", [*SECRET_NAMES.split(), "api key", FULL_WIDTH])
def test_what_sounds_like_a_secret_is_one_in_every_spelling(name: str) -> None:
    assert DEFAULT.hides(name)
    assert DEFAULT.hides(name, SECRET)
    assert DEFAULT.hides(name, 123456)


@pytest.mark.parametrize("name", PLAIN_NAMES.split())
def test_other_words_are_none(name: str) -> None:
    assert not DEFAULT.hides(name)


@pytest.mark.parametrize(
    "name", ["max_tokens", "tokens_per_second", "tokenCount", "password_changed"]
)
def test_a_number_that_counts_or_measures_is_shown_and_a_text_is_not(name: str) -> None:
    assert not DEFAULT.hides(name, 5)
    assert not DEFAULT.hides(name, 5.0)
    assert DEFAULT.hides(name, "5")
    assert DEFAULT.hides("otp", 5)


def test_the_user_adds_names_and_takes_names_away() -> None:
    names = SecretNames(["iban", "Customer-No", ""], ["session", "Token Bucket"])
    assert all(map(names.hides, ["iban", "customerIban", "IBAN2", "customer_no"]))
    assert not names.hides("session")
    assert not names.hides("tokenBucket")
    assert names.hides("session_id")
    assert names.hides("password")
    assert not names.hides("name")


def test_what_was_judged_is_remembered_within_bounds() -> None:
    names = SecretNames()
    for number in range(20_000):
        names.hides(f"name{number}" + "x" * 1000 * (number % 2))
    known: dict[str, bool] = vars(names)["_known"]
    assert len(known) <= 4096
    assert max(map(len, known)) <= 300


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://u:hunter2@h/db", f"postgres://u:{REDACTED}@h/db"),
        ("redis://:hunter2@h", f"redis://:{REDACTED}@h"),
        ("x://u:hun@ter2/hunter2@h", f"x://u:{REDACTED}@h"),
        ("x://u:hun/ter2?hunter2#@h", f"x://u:{REDACTED}@h"),
        ("x://u:hun 'ter2 hunter2@h", f"x://u:{REDACTED}@h"),
        ("x://u:1234@h", f"x://u:{REDACTED}@h"),
        ("https://hunter2@github.com", f"https://{REDACTED}@github.com"),
        ("https://hunter2:x-oauth-basic@h", f"https://{REDACTED}@h"),
        ("a://b:hunter2@c d://e:hunter2@f", f"a://b:{REDACTED}@c d://e:{REDACTED}@f"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("http://localhost:8000/users/me@x", "http://localhost:8000/users/me@x"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("no://where", "no://where"),
        ("Bearer hunter2hunter2", f"Bearer {REDACTED}"),
        ("eyJhbGciOi.eyJzdWIiOi.abc", REDACTED),
        ("sk-abcdefghijklmnopqrst", REDACTED),
    ],
)
def test_passwords_of_urls_and_tokens_that_show_what_they_are(
    text: str, shown: str
) -> None:
    for mask in (mask_text, mask_report):
        assert mask(text, DEFAULT) == shown
    assert clip(text, 500) == shown or "://" not in text
    assert mask_text(f"see {text}\nnext", DEFAULT) == f"see {shown}\nnext"


@pytest.mark.parametrize(
    "text",
    [
        "host=h password=hunter2 user=u",
        "?access_token=hunter2&x=1",
        '{"password": "hunter2", "a": 1}',
        '{"a": {"apiKey":"hun\\"hunter2"}}',
        "{'token': 'hunter2'}",
        'name="x" secret="a hunter2"',
        "Authorization: Digest hunter2",
        "Cookie: a=b; hunter2\r\nHost: x",
        "X-Api-Key:hunter2",
        "cmd --password hunter2 --user me",
        "cmd --token=hunter2",
        "DB_PASSWORD = hunter2",
        r'"{\"password\": \"hunter2\"}"',
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nhunter2",
    ],
)
def test_what_a_text_says_after_a_secret_name_is_hidden(text: str) -> None:
    assert SECRET not in mask_text(text, DEFAULT)
    assert SECRET not in render(text)
    assert SECRET not in render(text.encode())
    assert SECRET not in render([{"x": bytearray(text.encode())}])


def test_a_report_keeps_its_prose_and_its_source_lines() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "shop.py", line 3, in go\n'
        "    token = self.next(token=token)\n"
        "    login(password='hunter2')\n"
        "ValueError: unexpected token: end of file"
    )
    assert mask_report(text, DEFAULT) == text.replace("'hunter2'", REDACTED)
    assert SECRET not in mask_report("KeyError: password=hunter2", DEFAULT)


def test_a_secret_that_is_cut_in_the_middle_is_hidden_as_well() -> None:
    for size in range(100, 1400, 7):
        text = "x" * size + " postgres://u:" + SECRET * 400 + "@host password=" + SECRET
        assert SECRET[:3] not in render(text)
        assert SECRET[:3] not in clip(text, 200)
        assert SECRET[:3] not in mask_known(text[: size + 30], cut=True)


@pytest.mark.parametrize(
    "piece", ["a://b:", "password=", "password='", "eyJ", "a", "-", "Bearer ", "a.://@"]
)
def test_masking_takes_time_in_proportion_to_the_text(piece: str) -> None:
    """Counted in lines executed: what the patterns do is bounded by their form."""
    counts: list[int] = []
    for repeat in (100, 200):
        steps = 0

        def count(frame: object, event: str, arg: object) -> Any:
            nonlocal steps
            steps += 1
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            mask_text(piece * repeat + "@", DEFAULT)
        finally:
            sys.settrace(before)
        counts.append(steps)
    assert counts[1] <= 3 * counts[0]


def test_a_command_line_is_shown_without_its_secrets() -> None:
    words = ["app", "--password", SECRET, "-v", "--token=hunter2", "x://u:hunter2@h"]
    shown = mask_arguments(words, DEFAULT)
    assert (
        shown == f"app --password {REDACTED} -v --token={REDACTED} x://u:{REDACTED}@h"
    )
    assert SECRET not in render(words)
