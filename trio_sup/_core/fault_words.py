"""Faults: the one list of words for all who bring them about.

Three places do: the harness in a run of its own (`trio_sup.testing.faults` has a class
for each word), a running node in a living child (`trio_sup._inspected.faults`), and
``trio-sup chaos``, which draws what a node can be told to do
(`trio_sup.inspect.model.chaos`). What each of them knows is read off this table.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

Draw: TypeAlias = Literal["", "always", "asked"]
"""Whether faults of a kind are drawn: never, unless told otherwise, or by name only."""


class FaultWord(NamedTuple):
    """One kind of fault, and who knows it."""

    word: str
    harness: Draw = ""
    """In `check_supervision`."""
    chaos: Draw = ""
    """In ``trio-sup chaos``."""
    by_node: bool = False
    """Whether the node itself does it to the child. Else chaos has it done by the
    child's supervisor, as operators do."""


FAULT_WORDS: Final = (
    FaultWord("crash", harness="always", chaos="always", by_node=True),
    FaultWord("vanish", harness="always", chaos="always", by_node=True),
    FaultWord("restart", chaos="always"),
    FaultWord("hang", chaos="always"),
    FaultWord("fail_start", harness="always"),
    FaultWord("slow", harness="always"),
    FaultWord("deaf", harness="always"),
    FaultWord("flood", harness="always", chaos="always", by_node=True),
    FaultWord("cancel_client", harness="always"),
    FaultWord("cut_tree", harness="always"),
    FaultWord("interrupt", harness="asked"),
    FaultWord("terminate", harness="asked", chaos="asked"),
    FaultWord("start_again", harness="asked"),
    FaultWord("rush", harness="always"),
    FaultWord("suspend", harness="asked"),
    FaultWord("stop_server", harness="asked"),
    FaultWord("ctrl_c", harness="asked"),
    FaultWord("fail_block", harness="asked"),
    FaultWord("newcomer", harness="asked"),
    FaultWord("work", harness="asked"),
    FaultWord("resize", harness="asked"),
    FaultWord("onlooker", harness="asked"),
)
"""All of them; equal seeds draw equal faults as long as the order stays."""
