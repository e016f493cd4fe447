"""A profile as text, and as a document for https://www.speedscope.app. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define, field

from trio_sup._core.clean import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.protocol.wire_profile import Profile, ProfiledStack
    from trio_sup.inspect.text.documents import Json

LEAST: Final = 0.01
"""Parts of the tree below that share of the busy time are not printed."""
BAR: Final = 12


def speedscope(profile: Profile, title: str) -> Json:
    """The document that speedscope reads: children first, then functions."""
    names: dict[tuple[str, str, int], int] = {}
    samples: list[list[int]] = []
    weights: list[float] = []
    each = profile.seconds / max(profile.looks, 1)
    for stack in profile.stacks:
        line = _line(profile, stack)
        samples.append([names.setdefault(name, len(names)) for name in line])
        weights.append(round(stack.count * each, 6))
    total = round(sum(weights), 6)
    return {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": title,
        "exporter": "trio-sup",
        "activeProfileIndex": 0,
        "shared": {"frames": [_named(*name) for name in names]},
        "profiles": [
            {
                "type": "sampled",
                "name": title,
                "unit": "seconds",
                "startValue": 0,
                "endValue": total,
                "samples": samples,
                "weights": weights,
            }
        ],
    }


def _named(name: str, file: str, line: int) -> dict[str, object]:
    return {"name": name, "file": file, "line": line} if file else {"name": name}


def _line(profile: Profile, stack: ProfiledStack) -> Iterator[tuple[str, str, int]]:
    """A stack from the outside in: the supervisors above the child, it, its code."""
    if stack.child:
        parts = stack.name.split("/")
        for n in range(1, len(parts) + 1):
            yield "/".join(parts[:n]), "", 0
    else:
        yield stack.name, "", 0
    for number in stack.frames:
        if number < len(profile.frames):
            frame = profile.frames[number]
            yield frame.function, frame.file, frame.line


@define
class _Part:
    count: int = 0
    below: dict[tuple[str, str, int], _Part] = field(
        factory=dict[tuple[str, str, int], "_Part"]
    )


def flame_lines(profile: Profile) -> Iterator[Clean]:
    """The same as a tree, the largest parts first."""
    looks = max(profile.looks, 1)
    busy = profile.looks - profile.idle
    seconds = f"{profile.seconds:.1f} s"
    yield clean(
        f"{looks} looks in {seconds}: the loop ran in {busy / looks:.1%} of them"
    )
    root = _Part()
    for stack in profile.stacks:
        at = root
        at.count += stack.count
        for name in _line(profile, stack):
            at = at.below.setdefault(name, _Part())
            at.count += stack.count
    yield from _part_lines(root, max(root.count, 1), 0)


def _part_lines(part: _Part, total: int, depth: int) -> Iterator[Clean]:
    order: Sequence[tuple[tuple[str, str, int], _Part]]
    order = sorted(part.below.items(), key=lambda item: item[1].count, reverse=True)
    for (name, file, line), below in order:
        share = below.count / total
        if share < LEAST:
            break
        bar = ("#" * round(share * BAR)).ljust(BAR)
        place = f"  {file}:{line}" if file else ""
        yield clean(f"{share:6.1%} {bar} {'  ' * min(depth, 30)}{name}{place}")
        yield from _part_lines(below, total, depth + 1)
