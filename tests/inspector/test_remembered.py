"""What the inspector remembers of its user: the file, and who writes what into it."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import open_rig
from tests.inspector.shop import shop_rows
from trio_sup.inspect.model.order import BY_ID, ORDERS
from trio_sup_inspector.config import ConfigError
from trio_sup_inspector.lines.columns import lay_out_chosen, lay_out_tree, usual_ids
from trio_sup_inspector.remembered import Memory, load, settings_path
from trio_sup_inspector.screens.columns import ColumnChoice

THEMES = {"dark", "light", "sepia"}
UPTIME = BY_ID["uptime"]


def memory(path: Path) -> Memory:
    one = Memory(path)
    one.recall("dark", THEMES)
    return one


def test_what_was_chosen_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "trio-sup" / "inspector.json"
    one = memory(path)
    one.columns["list"] = ("life", "state")
    assert one.keep("light", UPTIME, True) == ""
    two = Memory(path)
    assert two.recall("dark", THEMES) == ("light", "")
    assert two.order(None) == (UPTIME, True)
    assert two.columns == {"list": ("life", "state")}
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(path.parent)) == [".inspector.json.lock", path.name]


def test_nothing_is_written_before_something_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "inspector.json"
    assert memory(path).keep("dark", ORDERS[0], False) == ""
    assert not path.exists()


def test_the_usual_columns_need_no_line(tmp_path: Path) -> None:
    path = tmp_path / "inspector.json"
    one = memory(path)
    one.columns["tree"] = ("state",)
    one.keep("dark", ORDERS[0], False)
    del one.columns["tree"]
    one.keep("dark", ORDERS[0], False)
    assert json.loads(path.read_text()) == {}


def test_two_inspectors_do_not_take_each_other_s_settings_away(tmp_path: Path) -> None:
    path = tmp_path / "inspector.json"
    one, two = memory(path), memory(path)
    one.keep("light", ORDERS[0], False)
    two.keep("dark", UPTIME, False)
    one.columns["tree"] = ("state",)
    one.keep("light", ORDERS[0], False)
    data = json.loads(path.read_text())
    assert data == {"theme": "light", "sort": "uptime", "tree": ["state"]}


def test_what_a_younger_inspector_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "inspector.json"
    path.write_text('{"zoom": [1, 2], "theme": "sepia"}')
    one = Memory(path)
    assert one.recall("dark", THEMES) == ("sepia", "")
    one.keep("light", ORDERS[0], False)
    assert json.loads(path.read_text()) == {"zoom": [1, 2], "theme": "light"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[" * 60_000, "is not JSON"),
        ("[]", "one JSON object is expected"),
        (" " * 70_000, "larger than"),
        ("\udcff", "is not JSON"),
    ],
)
def test_a_bad_file_is_named_and_left_alone(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "inspector.json"
    path.write_text(text, errors="surrogateescape")
    before = path.read_bytes()
    one = Memory(path)
    theme, wrong = one.recall("dark", THEMES)
    assert theme == "dark"
    assert said in wrong
    assert str(path) in wrong
    again = one.keep("light", ORDERS[0], False)
    assert again.startswith("not remembered: ")
    assert path.read_bytes() == before
    assert one.keep("light", ORDERS[0], False) == ""  # said once


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("theme", 7, "the name of a theme"),
        ("theme", "pink", "no theme 'pink'"),
        ("sort", "mbox", "no order 'mbox', but mailbox"),
        ("reverse", "yes", "true or false"),
        ("tree", "state", "a list is expected"),
        ("list", ["state", "stat"], "no column 'stat', but state"),
    ],
)
def test_one_bad_value_takes_nothing_else_with_it(
    tmp_path: Path, name: str, value: object, said: str
) -> None:
    path = tmp_path / "inspector.json"
    good = {"theme": "light", "sort": "uptime", "list": ["life"]}
    path.write_text(json.dumps({**good, name: value}))
    one = Memory(path)
    theme, wrong = one.recall("dark", THEMES)
    assert said in wrong
    assert theme == ("dark" if name == "theme" else "light")
    assert one.order(None)[0] is (ORDERS[0] if name == "sort" else UPTIME)
    assert one.columns == ({} if name == "list" else {"list": ("life",)})


def test_a_pipe_or_a_directory_in_its_place_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "directory").mkdir()
    for name in ("pipe", "directory"):
        with pytest.raises(ConfigError, match=name):
            load(tmp_path / name)


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    one = memory(tmp_path / "file" / "inspector.json")
    assert "not remembered" in one.keep("light", ORDERS[0], False)


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    real.chmod(0o640)
    link = tmp_path / "inspector.json"
    link.symlink_to(real)
    memory(link).keep("light", ORDERS[0], False)
    assert link.is_symlink()
    assert json.loads(real.read_text()) == {"theme": "light"}
    assert real.stat().st_mode & 0o777 == 0o640


def test_who_finds_the_file_busy_writes_later(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "inspector.json"
    one = memory(path)
    with (tmp_path / ".inspector.json.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert one.keep("light", ORDERS[0], False) == ""
        assert not path.exists()
    assert one.keep("light", ORDERS[0], False) == ""
    assert path.exists()


def test_it_is_looked_for_in_the_configuration_of_the_user() -> None:
    given = {"XDG_CONFIG_HOME": "/etc/mine"}
    assert settings_path(given) == Path("/etc/mine/trio-sup/inspector.json")
    # A relative path is to be passed over, says the standard.
    assert settings_path({"XDG_CONFIG_HOME": "mine"}) == settings_path({})


# --- columns -----------------------------------------------------------------


def test_of_chosen_columns_the_first_ones_stay_longest() -> None:
    chosen = ("life", "state", "exit", "mailbox")
    widths = {40: "path life state", 60: "path life state exit mailbox"}
    for width, ids in widths.items():
        layout = lay_out_chosen("list", chosen, width)
        assert [column.id for column in layout.columns] == ids.split()
        assert sum(layout.widths) + len(layout.widths) - 1 == width
    deep = lay_out_tree(60, lambda step: 30 + 5 * step, 0, chosen)
    assert [column.id for column in deep.columns] == ["path", "life", "state"]
    assert deep.step == 1


def test_columns_are_shown_hidden_and_moved() -> None:
    choice = ColumnChoice("tree", None)
    assert choice.chosen() is None
    choice.toggle(choice.ids.index("kind"))
    assert choice.move(choice.ids.index("life"), -99) == 0
    choice.toggle(choice.ids.index("growth"))
    chosen = choice.chosen()
    assert chosen is not None
    assert chosen[:2] == ("life", "state")
    assert "kind" not in chosen
    assert chosen[-1] == "growth"
    choice.usual()
    assert [id for id in choice.ids if id in choice.on] == list(usual_ids("tree"))


def test_the_inspector_appears_as_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "inspector.json"

    async def story() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, remember=path) as rig:
            await rig.press("w")
            assert "Columns of the tree" in rig.text()
            # The first, STATE, goes behind KIND; KIND is the first then.
            await rig.press("J", "k", "space", "enter", "o", "I")
        async with open_rig(FakeNode(rows=shop_rows()), remember=path) as rig:
            assert rig.line("NAME").split()[:3] == ["NAME", "STATE", "MAILBOX"]
            assert rig.state.order is ORDERS[1]
            assert rig.state.reverse

    asyncio.run(story())
    data = json.loads(path.read_text())
    assert data["sort"] == ORDERS[1].id
    assert data["tree"][0] == "state"


def test_a_bad_file_is_said_on_the_screen_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "inspector.json"
    path.write_text("{oops")

    async def story() -> None:
        async with open_rig(FakeNode(rows=shop_rows()), remember=path) as rig:
            said = rig.app._notifications  # pyright: ignore[reportPrivateUsage]
            await rig.until(lambda: any("is not JSON" in n.message for n in said))
            await rig.press("o")
            assert any("not remembered" in n.message for n in said)

    asyncio.run(story())
    assert path.read_text() == "{oops"
