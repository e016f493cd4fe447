"""The documentation: every name has its entry, every link leads somewhere."""

import re
import tomllib

import pytest

from tests.docs.checks import (
    ROOT,
    anchors,
    api_links,
    dead_links,
    dead_spans,
    entries,
    without_example,
    wrong_entries,
)


def test_every_public_name_has_one_entry_in_the_reference() -> None:
    assert wrong_entries() == []


def test_every_code_span_that_names_the_library_leads_to_an_entry() -> None:
    assert dead_spans() == []


def test_every_link_leads_to_a_page_and_to_a_heading() -> None:
    assert dead_links() == []


def test_every_class_is_used_in_an_example_of_its_page() -> None:
    assert without_example() == []


def test_nothing_private_has_an_entry() -> None:
    assert [name for name in entries() if "._" in name] == []


def test_the_home_page_says_what_each_extra_is_for() -> None:
    """But for those that only who works on the library needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = set(project["project"]["optional-dependencies"])
    extras -= {"bench", "dev", "docs", "integrations", "mutation"}
    home = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    _, _, table = home.partition("| Extra | For |")
    rows = re.findall(r"^\| (`.*?) \|", table.partition("\n\n")[0], re.MULTILINE)
    assert {name for row in rows for name in re.findall("`(.*?)`", row)} == extras


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("a `Child`", "a [`Child`][trio_sup.Child]"),
        ("`child(worker, 1)`", "[`child(worker, 1)`][trio_sup.child]"),
        ("`@call`", "[`@call`][trio_sup.call]"),
        ("`@call.deferred`", "[`@call.deferred`][trio_sup.call.deferred]"),
        ("`Child.value`", "[`Child.value`][trio_sup.Child.value]"),
        ("`Agent.monitor`", "[`Agent.monitor`][trio_sup.GenServer.monitor]"),
        ("`Backoff.initial`", "[`Backoff.initial`][trio_sup.Backoff]"),
        ("`ChildCrashed`", "[`ChildCrashed`][trio_sup.events.ChildCrashed]"),
        ("`trio_sup.run(spec)`", "[`trio_sup.run(spec)`][trio_sup.run]"),
        ("[`Child`](there.md)", "[`Child`](there.md)"),
        ("[see `Child` or so](there.md)", "[see `Child` or so](there.md)"),
        ("# The `Child`", "# The `Child`"),
        ("```python\n`Child`\n```", "```python\n`Child`\n```"),
        ("`trio.run`, `Childish`, `x.Child`", "`trio.run`, `Childish`, `x.Child`"),
    ],
)
def test_a_code_span_is_linked_where_it_names_the_library(
    text: str, linked: str
) -> None:
    assert api_links().linked(text, "how-to/x.md") == linked


def test_a_small_word_on_the_page_of_the_command_is_the_commands() -> None:
    linked = api_links().linked
    assert linked("`run`", "reference/cli.md") == "`run`"
    assert linked("`run(spec)`", "reference/cli.md") != "`run(spec)`"


def test_headings_have_the_ids_that_the_site_gives_them() -> None:
    text = "# Its `name`, or not\n## Twice\n## Twice\n### `x.y` { #a.b }\n"
    assert anchors(text) == {"its-name-or-not", "twice", "twice_1", "a.b"}
