"""What a new specification changes about a running supervisor: compared by id.

Pure reading: records and specifications go in, a plan comes out. How it is carried out
is in `trio_sup._core.plan.reconfigure`. Rules of this file:

* what OTP's code change takes over without a restart is updated in place: limits,
  strategy, backoff, budget, shutdown and their kind;
* what a life is made of (target, arguments, name, mailbox) needs another life, and with
  it one for those who depend on it, by the old strategy or by the new one;
* a child that is down stays so while its specification is the same, and begins anew if
  that changed, unless people keep it down.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from types import MethodType
from typing import Any, Final

import attrs

from trio_sup._core.addresses import Via
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.clean import clean, safe_repr
from trio_sup._core.reconfigured import ChildChange, FieldChange, ReconfigurePlan
from trio_sup._core.specs import ChildSpec, Flags, check_flags
from trio_sup._core.state import ChildState

IN_PLACE: Final = (
    *("restart", "shutdown", "significant", "start_timeout", "ready"),
    *("backoff", "budget"),
)
"""Fields of a child that its present life can go on with."""
NEEDS_A_LIFE: Final = (
    *("kind", "target", "args", "keywords", "name", "mailbox"),
    "signals_ready",
)
"""Fields that a life is made of."""
FLAGS: Final = (
    *("strategy", "max_restarts", "max_seconds", "auto_shutdown"),
    *("max_children", "task_deadline"),
)
"""Flags of a supervisor; all of them can change in place."""
LONGEST: Final = 60
"""Characters of a value that are shown."""


def compare(own: ChildState, old: Flags, new: Flags) -> ReconfigurePlan:
    """Return what a new specification changes about a supervisor.

    Args:
        own: The supervisor's record.
        old: The flags in force.
        new: Those to come.

    Raises:
        ChildSpecError: they are invalid, or a name moves to another supervisor.
    """
    check_flags(new, own.label, dynamic=own.spec.kind == "dynamic")
    if not own.spec.runs.relists and not _same_children(old, new):
        accepted = "as they are: they come and go by requests of their own"
        raise ChildSpecError("children", new.children, accepted, own.label)
    _check_moves(own, new)
    return _compare(own, old, new)


def _compare(own: ChildState, old: Flags, new: Flags) -> ReconfigurePlan:
    # Those of a dynamic supervisor are in no list, so none can take them away.
    under = () if own.spec.kind == "dynamic" else own.under
    records = {record.id: record for record in under}
    listed = {id_of(spec): spec for spec in old.children}
    ids = [id_of(spec) for spec in new.children]
    changes = [
        _change_of(records[id], spec)
        if id in records
        else _start_of(own, listed.get(id), spec)
        for id, spec in zip(ids, new.children, strict=True)
    ]
    _add_dependents(old, new, records, ids, changes)
    wanted = set(ids)
    gone = [record for record in records.values() if record.id not in wanted]
    return ReconfigurePlan(
        path=own.path_text,
        flags=tuple(_differences(FLAGS, old, new)),
        children=(*changes, *map(_stop_of, gone)),
        order=_new_order(records, new),
        new=new,
    )


def _new_order(records: dict[Hashable, ChildState], new: Flags) -> tuple[str, ...]:
    stay = [spec for spec in new.children if id_of(spec) in records]
    wanted = {id_of(spec) for spec in stay}
    before = [id for id in records if id in wanted]
    if before == [id_of(spec) for spec in stay]:
        return ()
    return tuple(spec.label for spec in new.children)


# One child.


def _start_of(
    own: ChildState, listed: ChildSpec[Any] | None, spec: ChildSpec[Any]
) -> ChildChange:
    path = f"{own.path_text}/{spec.label}"
    # A temporary child that has ended is forgotten: who asks for the same again has it.
    if (
        listed is not None
        and listed.restart == spec.restart == "temporary"
        and same_spec(listed, spec)
        and own.alive
    ):
        return ChildChange(path, spec.label, "keep", because="has ended")
    return ChildChange(path, spec.label, "start")


def _stop_of(record: ChildState) -> ChildChange:
    path, label = record.path_text, record.label
    return ChildChange(path, label, "stop", loses_state=record.alive)


def _change_of(record: ChildState, spec: ChildSpec[Any]) -> ChildChange:
    old = record.spec
    fields = [*_differences(NEEDS_A_LIFE, old, spec)]
    another = bool(fields) or old.runs is not spec.runs
    fields += _differences(IN_PLACE, old, spec)
    below, because = None, ""
    if old.flags is not None and spec.flags is not None and not another:
        if spec.runs.relists or _same_children(old.flags, spec.flags):
            below = _compare(record, old.flags, spec.flags)
        else:
            another, because = True, "other children"
    changed = bool(fields) or another or (below is not None and not below.empty)
    made = partial(ChildChange, record.path_text, record.label)
    if not changed:
        return made("keep", because=_words_of_rest(record))
    if record.held and not record.alive:
        return made("update", tuple(fields), "people keep it down", below=below)
    down = record.status == "quarantined" or not goes_on(record)
    if another or (down and record.above is not None and record.above.alive):
        because = because or (f"it is {record.status}" if down else "")
        carried = record.running and _carries(old, spec)
        if carried:
            because = "carries its state over"
        loses = record.alive and not carried
        return made("restart", tuple(fields), because, loses, carried)
    if below is not None and below.empty:
        below = None
    return made("update", tuple(fields), below=below)


def _carries(old: ChildSpec[Any], new: ChildSpec[Any]) -> bool:
    return old.runs is new.runs and new.runs.carries(new.target)


def goes_on(record: ChildState) -> bool:
    """Whether it lives, or comes back without anybody's request."""
    return record.undecided or record.may_return


def _words_of_rest(record: ChildState) -> str:
    return "" if goes_on(record) else f"it is {record.status}"


# Those who depend on others.


def _add_dependents(
    old: Flags,
    new: Flags,
    records: dict[Hashable, ChildState],
    ids: Sequence[Hashable],
    changes: list[ChildChange],
) -> None:
    """Let those be restarted, too, whose siblings are.

    By the old strategy in the old order, for that is what present lives were begun
    under; and by the new one in the new order.
    """
    pivots = {
        id
        for id, change in zip(ids, changes, strict=True)
        if change.action == "restart" and goes_on(records[id])
    }
    causes: dict[Hashable, str] = {}
    for strategy, order in (old.strategy, list(records)), (new.strategy, ids):
        for id, pivot in _dependents(strategy, order, pivots):
            causes.setdefault(id, f"with {records[pivot].label!r} ({strategy})")
    for place, id in enumerate(ids):
        change = changes[place]
        if id not in causes or change.action not in ("keep", "update"):
            continue
        if id in records and records[id].status != "quarantined":
            changes[place] = attrs.evolve(
                change,
                action="restart",
                because=causes[id],
                loses_state=records[id].alive,
                below=None,
            )


def _dependents(
    strategy: str, order: Sequence[Hashable], pivots: set[Hashable]
) -> Iterator[tuple[Hashable, Hashable]]:
    first = next((id for id in order if id in pivots), None)
    if strategy == "one_for_one" or first is None:
        return
    after = order if strategy == "one_for_all" else order[order.index(first) + 1 :]
    for id in after:
        yield id, first


# What is the same.


def id_of(spec: ChildSpec[Any]) -> Hashable:
    """Return the id that a child has under a static supervisor."""
    return spec.default_id if spec.id is None else spec.id


def same_spec(one: ChildSpec[Any], other: ChildSpec[Any]) -> bool:
    """Whether two specifications say the same."""
    if one is other:
        return True
    if any(_differences((*NEEDS_A_LIFE, *IN_PLACE), one, other)):
        return False
    if one.runs is not other.runs or (one.flags is None) != (other.flags is None):
        return False
    if one.flags is None or other.flags is None:
        return True
    flags = any(_differences(FLAGS, one.flags, other.flags))
    return not flags and _same_children(one.flags, other.flags)


def _same_children(one: Flags, other: Flags) -> bool:
    if len(one.children) != len(other.children):
        return False
    pairs = zip(one.children, other.children, strict=True)
    return all(id_of(a) == id_of(b) and same_spec(a, b) for a, b in pairs)


def _differences(
    names: Sequence[str], one: object, other: object
) -> Iterator[FieldChange]:
    for name in names:
        before, after = getattr(one, name), getattr(other, name)
        same = same_value if name in NEEDS_A_LIFE else _same_rule
        if not same(before, after):
            yield FieldChange(name, _shown(before), _shown(after))


def _same_rule(one: Any, other: Any) -> bool:
    """As `same_value`, of a value whose meaning we know: 5 seconds are 5.0 seconds."""
    numbers = {type(one), type(other)} <= {int, float}
    return bool(one == other) if numbers else same_value(one, other)


def same_value(one: Any, other: Any) -> bool:
    """Whether two values of a specification are the same: in doubt they are not.

    Args:
        one: A value of the user's, or of ours.
        other: Another.
    """
    if one is other:
        return True
    kind = _kind(one)
    if kind is not type(other):
        return False
    try:
        return _same_of_kind(kind, one, other)
    except Exception:  # noqa: BLE001 - a class of the user's
        return False


def _same_of_kind(kind: type[Any], one: Any, other: Any) -> bool:
    """Compare what is inside, too: to Python ``[1]`` and ``[True]`` are equal."""
    if kind is list or issubclass(kind, tuple):
        return len(one) == len(other) and all(map(same_value, one, other))
    if kind is dict:
        return _same_entries(one, other)
    if issubclass(kind, partial):
        return same_value(_parts(one), _parts(other))
    if issubclass(kind, MethodType):
        same_function = one.__func__ is other.__func__
        return same_function and same_value(one.__self__, other.__self__)
    if not bool(one == other):
        return False
    if issubclass(kind, Via):
        return same_value(one.value, other.value)
    if issubclass(kind, list):
        return all(map(same_value, one, other))
    if issubclass(kind, dict):
        return _same_entries(one, other)
    if issubclass(kind, set | frozenset):
        return _same_entries(dict.fromkeys(one), dict.fromkeys(other))
    return True


def _same_entries(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    keys = {key: key for key in other}
    return len(one) == len(other) and all(
        key in keys and same_value(key, keys[key]) and same_value(value, other[key])
        for key, value in one.items()
    )


def _kind(value: object) -> type[Any]:
    return type(value)


def _parts(call: Any) -> tuple[object, ...]:
    """What a `functools.partial` consists of."""
    return (call.func, call.args, call.keywords)


def _shown(value: object) -> str:
    named = getattr(value, "__qualname__", None)
    text = named if isinstance(named, str) else safe_repr(value)
    text = clean(text)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


# Names that would be free in between.


def _check_moves(own: ChildState, new: Flags) -> None:
    """Refuse a name that moves to another supervisor: it would be free in between."""
    holders = dict(_names_now(own))
    for name, place in _names_to_come(own.path_text, new):
        former = holders.get(name, place)
        if former != place:
            accepted = (
                f"left with the children of {former!r} in one step: it would be free "
                f"for others in between; take it away first, then give it to {place!r}"
            )
            raise ChildSpecError("name", name, accepted, place)


def _names_now(own: ChildState) -> Iterator[tuple[Hashable, str]]:
    if own.spec.kind == "dynamic":
        return
    for record in own.under:
        if record.spec.name is not None:
            yield record.spec.name, own.path_text
        yield from _names_now(record)


def _names_to_come(path: str, flags: Flags) -> Iterator[tuple[Hashable, str]]:
    for spec in flags.children:
        if spec.name is not None:
            yield spec.name, path
        if spec.flags is not None:
            yield from _names_to_come(f"{path}/{spec.label}", spec.flags)
