"""The pages about the inspector say what the program does."""

import re
from pathlib import Path

from tests.inspector.pictures import PICTURES
from trio_sup.inspect.model.lint_rules import RULES
from trio_sup.inspect.text.show import LOOKS
from trio_sup_inspector.detail.parts import TITLES
from trio_sup_inspector.keys import GROUPS, shown_keys

DOCS = Path(__file__).parents[2] / "docs" / "inspector"


def test_the_page_of_keys_lists_every_action() -> None:
    rows = re.findall(
        r"^\| (`.+`) \| `([a-z_.]+)` \| (.+) \|$",
        (DOCS / "keys.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert rows == [
        (
            " ".join(f"`{key}`" for key in _keys(binding.key)),
            binding.id,
            binding.description,
        )
        for _, group in GROUPS
        for binding in group
    ]


def _keys(keys: str) -> list[str]:
    from textual.binding import Binding

    return [
        key if key.startswith("page") else shown_keys(Binding(key, "", id="-"), {})
        for key in keys.split(",")
    ]


def test_the_page_of_states_lists_every_look() -> None:
    text = (DOCS / "screens.md").read_text(encoding="utf-8")
    for look in LOOKS.values():
        assert f"| `{look.glyph}` | `{look.ascii}` | {look.word} |" in text


def test_the_page_of_screens_names_every_rule_tab_and_picture() -> None:
    text = (DOCS / "screens.md").read_text(encoding="utf-8")
    table = text.partition("| Rule |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z-]+)`", table)) == {rule.id for rule in RULES}
    assert re.findall(r"^\| ([A-Z]\w+) \| ", text, re.MULTILINE)[
        -len(TITLES) :
    ] == list(TITLES)
    drawn = set(re.findall(r"\.\./images/(\w+)\.svg", text))
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    assert drawn <= set(PICTURES)
    assert set(re.findall(r"\.\./images/(\w+)\.svg", pages)) == set(PICTURES)
