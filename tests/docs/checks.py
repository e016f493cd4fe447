"""What is wrong with the documentation, without building it: in a second or two."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import trio_sup.events

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

ENTRY = re.compile(r"^::: (?P<path>trio_sup[\w.]*)$", re.MULTILINE)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCED = re.compile(r"^ *(`{3,}|~{3,}).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(
    r"^#+ +(?P<text>.+?)(?: *\{ *#(?P<id>[\w.-]+) *\})? *$", re.MULTILINE
)


def api_links() -> ModuleType:
    """The hook that makes links of code spans."""
    spec = importlib.util.spec_from_file_location("api_links", DOCS / "api_links.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    return hook


def pages() -> list[tuple[Path, str]]:
    """The README, and each page of the documentation."""
    paths = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
    return [(path, path.read_text(encoding="utf-8")) for path in paths]


def entries() -> Counter[str]:
    """What the reference has an entry for, and how often."""
    found: Counter[str] = Counter()
    for path, text in pages():
        if path.parent == DOCS / "reference":
            found.update(ENTRY.findall(text))
            found.update(one["id"] for one in HEADING.finditer(text) if one["id"])
    return found


def public() -> set[str]:
    """What it has to have an entry for."""
    names: list[str] = importlib.import_module("trio_sup").__all__
    events = set(trio_sup.events.__all__) - {"EventStream"}  # from trio_sup, too
    return {
        *(f"trio_sup.{name}" for name in names),
        *(f"trio_sup.events.{name}" for name in events),
        "trio_sup.call.deferred",
        "trio_sup.metrics",
    }


def wrong_entries() -> list[str]:
    """Public names that are documented not at all, or more than once."""
    found = entries()
    return [f"{name}: {found[name]} entries" for name in public() if found[name] != 1]


BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


def without_example() -> list[str]:
    """Classes of the reference that no example on their page uses.

    An example stands under a heading that says what of: `### Example: …`.
    """
    wrong: list[str] = []
    for path, text in pages():
        if path.parent != DOCS / "reference" or not path.name.startswith("api-"):
            continue
        examples = text.split("\n### Example: ")[1:]
        blocks = [BLOCK.search(example) for example in examples]
        words = {
            word
            for block in blocks
            if block is not None
            for word in re.findall(r"\w+", block["code"])
        }
        for name in ENTRY.findall(text):
            module, _, last = name.rpartition(".")
            found = getattr(importlib.import_module(module), last, None)
            if isinstance(found, type) and last not in words:
                wrong.append(f"{path.name}: {name}")
    return wrong


def dead_spans() -> list[str]:
    """Code spans that would become links to nothing."""
    hook, known = api_links(), entries()
    texts = [
        *(
            (path, path.relative_to(DOCS).as_posix(), text)
            for path, text in pages()[1:]
        ),
        *((path, "", text) for path, text in docstrings()),
    ]
    return [
        f"{path.relative_to(ROOT)}: {target} is not in the reference"
        for path, place, text in texts
        for target in hook.targets(text, place)
        if target not in known and target.rpartition(".")[0] not in known
    ]


def docstrings() -> Iterator[tuple[Path, str]]:
    """Each string that stands by itself in the library: what the reference shows."""
    for path in sorted((ROOT / "trio_sup").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            value = node.value if isinstance(node, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield path, value.value


def dead_links() -> list[str]:
    """Links to pages, headings and pictures that are not there."""
    texts = dict(pages())
    return [
        f"{path.relative_to(ROOT)}: {target}"
        for path, text in texts.items()
        for target in LINK.findall(FENCED.sub("", text))
        if not re.match(r"[a-z]+:", target) and not _leads(path, target, texts)
    ]


def _leads(path: Path, target: str, texts: dict[Path, str]) -> bool:
    place, _, anchor = target.partition("#")
    there = (path.parent / place).resolve() if place else path
    if not there.exists():
        return False
    return not anchor or there not in texts or anchor in anchors(texts[there])


def anchors(text: str) -> set[str]:
    """The ids that the headings of a page get."""
    seen: Counter[str] = Counter()
    found: set[str] = set()
    for heading in HEADING.finditer(FENCED.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading["text"])
        slug = re.sub(r"[^\w\s-]", "", plain).strip().lower()
        slug = heading["id"] or re.sub(r"[-\s]+", "-", slug)
        found.add(f"{slug}_{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found
