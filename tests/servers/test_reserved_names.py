"""A name that each server has of its own is refused in one way, however it is taken."""

from __future__ import annotations

from dataclasses import InitVar, make_dataclass
from typing import Any

import pytest

from trio_sup import GenServer, StartFailed, StateMachine, child, open_supervisor

ONE_MESSAGE = (
    r"{name}: reserved, a GenServer has this of its own; call yours something else, "
    r"such as '\w+_{name}'"
)


def message(name: str) -> str:
    return ONE_MESSAGE.format(name=name)


@pytest.mark.parametrize("name", ["id", "key", "path", "monitor", "every", "ref"])
def test_in_the_body_of_the_class(name: str) -> None:
    with pytest.raises(TypeError, match=message(name)):
        type("Board", (GenServer,), {name: 5})


SOURCE = """
import attrs, dataclasses
from trio_sup import GenServer, StateMachine

@{decorator}
class Board({base}):
    other: "Unknown"
    {name}: "Unknown"
"""


@pytest.mark.parametrize("future", ["", "from __future__ import annotations"])
@pytest.mark.parametrize(
    "decorator",
    [
        "dataclasses.dataclass",
        "dataclasses.dataclass(slots=True, eq=False)",
        "attrs.define(eq=False)",
    ],
)
@pytest.mark.parametrize(
    ("base", "name"),
    [("GenServer", "id"), ("GenServer", "monitor"), ("StateMachine", "postpone")],
)
def test_as_a_field_of_a_dataclass(
    future: str, decorator: str, base: str, name: str
) -> None:
    source = future + SOURCE.format(decorator=decorator, base=base, name=name)
    with pytest.raises(TypeError, match=message(name)):
        exec(source, {"__name__": "x"})


@pytest.mark.trio
async def test_a_dataclass_is_a_server_like_any_other() -> None:
    def keep(self: Any, key: int) -> None:
        self.number = key

    # An InitVar is an argument, and no attribute.
    fields: Any = [("title", str), ("key", InitVar[int]), ("size", int, 3)]
    made: Any = make_dataclass(
        "Board",
        fields,
        bases=(GenServer,),
        namespace={"__post_init__": keep},
        eq=False,
    )
    async with open_supervisor([child(made, "a", 7)]) as sup:
        state = await sup.server(made, "Board").get_state()
        assert state == {"title": "a", "size": 3, "number": 7}


@pytest.mark.trio
@pytest.mark.parametrize("name", ["id", "life", "supervisor", "monitor", "send_after"])
@pytest.mark.parametrize("where", ["__init__", "init"])
async def test_by_an_assignment_in_init(name: str, where: str) -> None:
    class Board(GenServer):
        def __init__(self) -> None:
            if where == "__init__":
                setattr(self, name, 5)

        async def init(self) -> None:
            if where == "init":
                setattr(self, name, 5)

    with pytest.raises(StartFailed) as failed:
        async with open_supervisor([child(Board)]):
            pass
    assert isinstance(failed.value.__cause__, TypeError)
    failed.match(message(name))


@pytest.mark.trio
async def test_a_state_machine_has_more_of_its_own() -> None:
    class Door(StateMachine[int]):
        def __init__(self) -> None:
            self.state = 1
            setattr(self, "postpone", True)  # noqa: B010 - checkers would see it

    with pytest.raises(StartFailed, match=message("postpone")):
        async with open_supervisor([child(Door)]):
            pass


def test_what_is_not_taken_is_still_read_only() -> None:
    class Board(GenServer):
        pass

    with pytest.raises(TypeError, match=message("id")):
        setattr(Board(), "id", 3)  # noqa: B010 - checkers would see it
