"""Names of servers that are starting: shown by Elixir, hidden by trio-sup."""

from collections.abc import Sequence

from tests.proof.servers.story import Event, Story
from tests.proof.trace import Value

Entry = tuple[str, Value, Value]
"""A server, and the key and value that its start registers."""


def hide_names(story: Story) -> None:
    """Takes the names of servers that are starting out of all answers."""
    for at, (_, events) in enumerate(story.steps):
        hidden = _starting(story, at)
        if hidden:
            for event in list(events):
                story.replace(at, event, _hide(event, hidden))


def _starting(story: Story, at: int) -> list[Entry]:
    hidden: list[Entry] = []
    for life in story.lives:
        name = story.scenario.servers[life.server].name
        ready = len(story.steps) if life.ready is None else life.ready
        if name is not None and name[0] == "u" and life.began <= at < ready:
            hidden.append((life.server, name[1], name[2]))
    return hidden


def _hide(event: Event, hidden: Sequence[Entry]) -> Event:
    match event:
        case (_, "lookup" | "dispatch", "u", (key,), tuple(found)):
            gone = [(id, value) for id, own, value in hidden if own == key]
            left = tuple(entry for entry in found if entry not in gone)
            if event[1] == "dispatch" and not left:
                return (*event[:4], "not called")
            return (*event[:4], left)
        case (_, "dispatch", "u", (key, _), ("raised", _)):
            return (*event[:4], "ok") if any(h[1] == key for h in hidden) else event
        case (_, "whereis", "u", (key,), id):
            is_hidden = any((h[0], h[1]) == (id, key) for h in hidden)
            return (*event[:4], None) if is_hidden else event
        case (_, "keys", "u", (id,), tuple(found)):
            keys = [key for own, key, _ in hidden if own == id]
            return (*event[:4], tuple(key for key in found if key not in keys))
        case (_, "values", "u", (key, id), tuple()):
            is_hidden = any(h[:2] == (id, key) for h in hidden)
            return (*event[:4], ()) if is_hidden else event
        case (_, "count", "u", (), int(number)):
            return (*event[:4], number - len(hidden))
        case (_, "count_match", "u", (key, value), int(number)):
            less = sum(h[1:] == (key, value) for h in hidden)
            return (*event[:4], number - less)
        case (_, "select", "u", (), tuple(found)):
            own_entries = [(key, id, value) for id, key, value in hidden]
            return (*event[:4], tuple(e for e in found if e not in own_entries))
        case _:
            return event
