"""Finds the tests that name a row, by reading their source.

A test names a row, ``SUP-045``, in its name (``sup_045``), in its docstring, in a
decorator, or in the comment right above it. A scenario of tests/proof/supervisors/named or
tests/proof/servers/named names its rows first; it proves them as soon as
trio-sup itself runs all scenarios against the traces of real OTP.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

TESTS = Path(__file__).parent.parent
RUNNERS = (
    TESTS / "proof" / "supervisors" / "test_trio_sup.py",
    TESTS / "proof" / "servers" / "test_trio_sup.py",
)
"""What runs trio-sup on the scenarios of the folder ``named`` beside it."""

PREFIXES = "SUP|DYN|PART|TASK|GS|REG|MON|AG|APP|STM"
IN_TEXT = re.compile(
    rf"\b({PREFIXES})-(\d{{3}})((?:\s*(?:,|and|to|…|\.{{2,3}})\s*(?:\1-)?\d{{3}}\b)*)"
)
IN_NAME = re.compile(
    rf"(?:^|_)({PREFIXES})((?:_(?:and_)?\d{{3}})+)(?=_|$)", re.IGNORECASE
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@frozen
class Proof:
    """A test that names rows.

    Attributes:
        file: Below tests/.
        name: Of the test, or the fact of a scenario.
        ids: The rows.
        scenario: Whether it is a scenario, compared with real OTP.
        gap: Why it is expected to fail; empty if it is not.
        model_only: A scenario that trio-sup itself is not run on.
    """

    file: str
    name: str
    ids: tuple[str, ...]
    scenario: bool = False
    gap: str = ""
    model_only: bool = False

    @property
    def counts(self) -> bool:
        """Whether it proves its rows of trio-sup."""
        return not self.gap and not self.model_only


def find() -> list[Proof]:
    """All tests and scenarios that name a row, in the order of their files."""
    proofs: list[Proof] = []
    for file in sorted(TESTS.rglob("test_*.py")):
        proofs += in_tests(file.read_text(encoding="utf-8"), _below_tests(file))
    for runner in RUNNERS:
        left_out = _left_out(runner.read_text("utf-8")) if runner.exists() else None
        for file in sorted((runner.parent / "named").glob("*.py")):
            text = file.read_text("utf-8")
            proofs += in_scenarios(text, _below_tests(file), left_out)
    return proofs


def _below_tests(file: Path) -> str:
    return file.relative_to(TESTS).as_posix()


def in_tests(source: str, file: str) -> Iterator[Proof]:
    """The tests of one file that name rows."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Function) and node.name.startswith("test_"):
            decorators = [ast.unparse(d) for d in node.decorator_list]
            texts = [ast.get_docstring(node) or "", *decorators, _above(node, lines)]
            ids = ids_in_name(node.name)
            ids += [id for text in texts for id in ids_in_text(text)]
            if ids:
                unique = tuple(dict.fromkeys(ids))
                yield Proof(file, node.name, unique, gap=_gap(node))


def ids_in_name(name: str) -> list[str]:
    """The rows in a name: ``test_x_sup_045_046`` has two."""
    return [
        f"{match[1].upper()}-{number}"
        for match in IN_NAME.finditer(name)
        for number in re.findall(r"\d{3}", match[2])
    ]


def ids_in_text(text: str) -> list[str]:
    """The rows in a text: ``SUP-115, 116``, ``SUP-070..072``."""
    found: list[str] = []
    for prefix, first, rest in IN_TEXT.findall(text):
        numbers = [int(first)]
        for separator, number in re.findall(r"(,|and|to|…|\.{2,3})\D*(\d{3})", rest):
            start = int(number) if separator in (",", "and") else numbers[-1] + 1
            numbers += range(start, int(number) + 1)
        found += [f"{prefix}-{number:03}" for number in numbers]
    return found


def _above(node: Function, lines: list[str]) -> str:
    """The comment lines right above a function and its decorators."""
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
    comment: list[str] = []
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
        comment.insert(0, lines[first].strip(" #"))
    return " ".join(comment)


def _gap(node: Function) -> str:
    """The reason of an ``xfail``, or an empty string."""
    for decorator in node.decorator_list:
        if not isinstance(decorator, ast.Call):
            continue
        if ast.unparse(decorator.func).endswith("mark.xfail"):
            reasons = [k.value for k in decorator.keywords if k.arg == "reason"]
            return _text(reasons[0]) if reasons else "expected to fail"
    return ""


def in_scenarios(source: str, file: str, left_out: set[str] | None) -> Iterator[Proof]:
    """The named scenarios of one file.

    Args:
        source: Its text.
        file: Its path below tests/.
        left_out: Names of those that trio-sup does not run; None for all.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "named":
            rows, fact = _text(node.args[0]), _text(node.args[1])
            ids = tuple(ids_in_text(rows))
            alone = left_out is None or f"{rows}: {fact}" in left_out
            if ids:
                yield Proof(file, fact, ids, scenario=True, model_only=alone)


def _left_out(source: str) -> set[str] | None:
    """The names that the test of trio-sup against OTP leaves out; None: no such test."""
    tree = ast.parse(source)
    if not any(
        isinstance(node, Function) and node.name == "test_trio_sup_agrees_with_otp_on"
        for node in tree.body
    ):
        return None
    return {
        _text(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "APART"
    }


def _text(node: ast.expr) -> str:
    """A string; the parts of an f-string that are not known are ``…``."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "…"
            for part in node.values
        )
    return str(ast.literal_eval(node))
