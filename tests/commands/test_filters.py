"""A filter never lies: what cannot be meant ends the command with 2."""

import json
from collections.abc import Callable

import pytest

Here = Callable[..., tuple[int, str, str]]
LOOKS = (["tree"], ["ps"], ["top", "--once"])


@pytest.mark.parametrize("command", LOOKS)
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sate:down", "state:down"),
        ("mbx>3", "mailbox>3"),
        ("restart>1", "restarts>1"),
        ("life > 1", "life>1"),
        ("colour:red", "state, kind"),
        ("100<mailbox", "mailbox>100"),
        ("state : down", "state:down"),
        ("mailbox≥3", "mailbox>=3"),
        ("up>5 s", "up>5s"),
        ("state:down or kind:task", "there is no or"),
    ],
)
def test_a_misspelt_filter_ends_with_2_and_says_what_was_meant(
    here: Here, command: list[str], typed: str, meant: str
) -> None:
    code, out, err = here(*command, "shop", *typed.split())
    assert (code, out) == (2, "")
    assert meant in err


@pytest.mark.parametrize("command", [["tree", "--ascii"], ["ps"], ["top", "--once"]])
def test_a_filter_may_follow_options_and_hold_a_slash(
    here: Here, command: list[str]
) -> None:
    for words in (
        ["shop", "--json", "under:shop/boards", "restarts>0"],
        ["--json", "under:shop/boards", "restarts>0"],
        ["shop", "under:shop/boards", "--json", "uptime<5d", "/b1$/"],
        ["shop/boards/b1", "--json"],
    ):
        code, out, err = here(*command, *words)
        assert (code, err) == (0, ""), words
        document = json.loads(out)
        assert document["children"], words
        assert '"shop/boards/b0"' not in out, words


def test_a_path_that_leads_nowhere_is_no_filter(here: Here) -> None:
    for word in ("/no/such.sock", "./shop.sock", "~/shop.sock"):
        assert here("ps", word)[0] == 3


def test_limits_take_the_durations_and_numbers_that_views_print(here: Here) -> None:
    assert here("status", "--check", "--max-op", "1m30s", "--max-lag", "900ms")[0] == 0
    for limit in ("--max-mailbox", "--max-restarts", "--max-down"):
        for number in ("1k", "1.2k", "4,012", "3M"):
            assert here("status", "--check", limit, number)[0] == 0
        for number in ("1k5", "-3k", "k", "1,2", "9" * 400):
            assert here("status", "--check", limit, number)[0] == 2, number
    assert here("status", "--check", "--max-restarts", "12.4k/min")[0] == 0
    code, _, err = here("status", "--check", "--max-op", "soon")
    assert code == 2
    assert "1m30s" in err


@pytest.mark.parametrize("command", ["logs", "registry"])
@pytest.mark.parametrize("typed", ["mailbox>3", "state:down", "kind:task", "!up>5s"])
def test_terms_about_children_are_no_search_for_lines_and_names(
    here: Here, command: str, typed: str
) -> None:
    code, out, err = here(command, "shop", typed)
    assert (code, out) == (2, "")
    assert "about children" in err


def test_a_text_in_quotes_is_searched_for_among_names(here: Here) -> None:
    for typed in ('"state:down"', "key:7"):
        assert here("registry", "shop", typed)[0] == 0
