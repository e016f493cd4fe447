"""What a line of Python code may read and write, told from its bytecode.

Objects cannot be told apart there, so an attribute counts by its name, and all
containers count as one: rather too much than too little. What is not known is taken
for a write to everything.
"""

from __future__ import annotations

import dis
from collections.abc import Hashable, Mapping
from types import CodeType
from typing import Final, TypeAlias

from trio_sup.testing._orders.dpor import Footprint

Key: TypeAlias = tuple[str, Hashable]

ITEMS: Final[Key] = ("the items of containers", None)

_READS_ITEMS = (
    "BINARY_",
    "COMPARE_OP",
    "CONTAINS_OP",
    "CALL",
    "DICT_",
    "FOR_ITER",
    "FORMAT_",
    "GET_ITER",
    "GET_LEN",
    "GET_YIELD_FROM_ITER",
    "LIST_EXTEND",
    "LIST_TO_TUPLE",
    "MATCH_",
    "POP_JUMP_",
    "SET_UPDATE",
    "TO_BOOL",
    "UNARY_",
    "UNPACK_",
)
_OWN = (  # what stays within a call
    "ANNOTATIONS_PLACEHOLDER",
    "ASYNC_GEN_WRAP",
    "BEFORE_",
    "BUILD_",
    "CACHE",
    "CHECK_",
    "CLEANUP_THROW",
    "CONVERT_VALUE",
    "COPY",
    "DELETE_FAST",
    "END_",
    "EXIT_INIT_CHECK",
    "EXTENDED_ARG",
    "GEN_START",
    "GET_AITER",
    "GET_ANEXT",
    "GET_AWAITABLE",
    "INTERPRETER_EXIT",
    "IS_OP",
    "JUMP_",
    "KW_NAMES",
    "LIST_APPEND",
    "LOAD_ASSERTION_ERROR",
    "LOAD_BUILD_CLASS",
    "LOAD_CLOSURE",
    "LOAD_COMMON_CONSTANT",
    "LOAD_CONST",
    "LOAD_FAST",
    "LOAD_SMALL_INT",
    "LOAD_SPECIAL",
    "MAKE_",
    "MAP_ADD",
    "NOP",
    "NOT_TAKEN",
    "POP_EXCEPT",
    "POP_ITER",
    "POP_TOP",
    "PRECALL",
    "PREP_RERAISE_STAR",
    "PUSH_",
    "RAISE_VARARGS",
    "RERAISE",
    "RESUME",
    "RETURN_",
    "SEND",
    "SETUP_ANNOTATIONS",
    "SET_ADD",
    "SET_FUNCTION_ATTRIBUTE",
    "STORE_FAST",
    "SWAP",
    "WITH_EXCEPT_START",
    "YIELD_VALUE",
)


def lines_of(code: CodeType) -> Mapping[int, Footprint]:
    """Return what each line of a function touches, those of no line as line 0."""
    reads: dict[int, set[Hashable]] = {}
    writes: dict[int, set[Hashable]] = {}
    for instruction in dis.get_instructions(code):
        positions = instruction.positions
        line = (positions.lineno if positions is not None else 0) or 0
        read, written = _touched(instruction)
        reads.setdefault(line, set()).update(read)
        writes.setdefault(line, set()).update(written)
    return {
        line: Footprint(frozenset(reads[line]), frozenset(writes[line]))
        for line in reads
    }


_NOTHING: tuple[Key, ...] = ()


def _touched(found: dis.Instruction) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """Return what an instruction reads, and what it writes."""
    name = found.opname
    if name.startswith(_OWN):
        return _NOTHING, _NOTHING
    if name.startswith("BINARY_OP") and found.argrepr.endswith("="):
        return (ITEMS,), (ITEMS,)  # in place: perhaps a list
    if name.startswith(_READS_ITEMS):
        return (ITEMS,), _NOTHING
    kind = next((kind for word, kind in _NAMED if word in name), None)
    if kind is not None:
        key = (kind, str(found.argval))
        if name.startswith(("STORE_", "DELETE_")):
            return _NOTHING, (key,)
        return (key,), _NOTHING
    return (ITEMS,), (ITEMS,)


_NAMED = (
    ("DEREF", "cell"),
    ("ATTR", "attribute"),
    ("METHOD", "attribute"),
    ("GLOBAL", "global"),
    ("_NAME", "global"),
    ("IMPORT_FROM", "attribute"),
)
