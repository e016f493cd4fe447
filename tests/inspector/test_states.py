"""Every way in which a node can be out of reach: said, never crashed, never blank."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.rows import make_row, server, supervisor
from tests.inspector.shop import shop_rows
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire import Error
from trio_sup_inspector.connection import Target, explain
from trio_sup_inspector.screens.main import MainScreen
from trio_sup_inspector.screens.nodes import Nodes

FAST: dict[str, Any] = {"poll": 0.01}
"""Let the connection look at the (injected) clock often."""


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


def test_while_connecting_the_screen_says_so() -> None:
    async def story() -> None:
        node = FakeNode(greets=False)
        async with open_rig(node, wait=False) as rig:
            await rig.until_shown("CONNECTING")
            assert str(node.path) in rig.text()

    run(story)


def test_a_node_that_says_nothing_is_given_up_and_tried_again() -> None:
    async def story() -> None:
        node = FakeNode(greets=False)
        async with open_rig(node, wait=False, **FAST) as rig:
            await rig.until(lambda: node.writers)
            rig.clock.now += 6.0
            await rig.until_shown("said nothing for 5 s")
            # A loop that is held when one attaches: where it is can be asked for.
            assert "--stacks" in rig.text()
            node.greets, node.rows = True, shop_rows()
            rig.clock.now += 1.0
            await rig.until_shown("LIVE")

    run(story)


def test_a_lost_node_leaves_its_last_rows_and_a_countdown() -> None:
    async def story() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, size=(120, 40), **FAST) as rig:
            await node.stop()
            await rig.until_shown("RECONNECTING")
            assert "r = try now" in rig.text()
            assert "payments" in rig.text()
            assert rig.main.lists.view.faded
            await node.start()
            rig.clock.now += 30.0
            await rig.until_shown("LIVE")
            assert "RECONNECTING" not in rig.text()
            assert not rig.main.lists.view.faded

    run(story)


def test_a_lost_node_is_missed_by_its_name_not_by_an_old_socket() -> None:
    async def story() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, size=(120, 40), **FAST) as rig:
            await node.stop()
            await rig.until_shown("RECONNECTING")
            rig.clock.now += 30.0
            await rig.until_shown("shop (process 4711) has ended")
            assert node.path.name not in rig.text()

    run(story)


def test_the_present_stands_still_while_the_node_is_lost() -> None:
    async def story() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, size=(120, 40), **FAST) as rig:
            before = rig.line("● db")
            await node.stop()
            await rig.until_shown("RECONNECTING")
            await rig.pass_time(3600.0)
            await rig.until_shown("has ended")
            assert rig.line("· db") == before.replace("●", "·")

    run(story)


def test_r_connects_at_once() -> None:
    async def story() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node) as rig:  # polls too rarely to come back alone
            await node.stop()
            await rig.until_shown("RECONNECTING")
            await node.start()
            await rig.press("r")
            await rig.until_shown("LIVE")

    run(story)


def test_a_silent_node_is_stale_and_its_rows_stay() -> None:
    async def story() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, size=(120, 40), **FAST) as rig:
            rig.clock.now += 12.0
            await rig.until_shown("STALE 00:12")
            assert "trio-sup show 4711 --stacks" in rig.text()
            assert "payments" in rig.text()
            node.beat()
            await rig.until_shown("LIVE")

    run(story)


def test_a_restarted_node_is_announced_and_found_by_its_name() -> None:
    async def story() -> None:
        first = FakeNode(pid=4711, rows=shop_rows())
        second = FakeNode(pid=4712, epoch="e2", rows=[supervisor(1, label="anew")])
        async with open_rig(first, size=(120, 40), **FAST) as rig:
            first.tell("child_crashed", "shop/db", "shop/db crashed: Boom", 990.0)
            await rig.until(lambda: rig.state.journal.entries)
            await first.stop()
            await rig.until_shown("RECONNECTING")
            await second.start(rig.directory)
            rig.clock.now += 30.0
            await rig.until_shown("anew")
            assert "the node started anew" in rig.text()
            assert "shop@4712" in rig.text()
            await rig.press("x")
            assert "the node started anew" not in rig.text()
            await rig.press("4")
            lines = rig.text().splitlines()
            crash = next(n for n, line in enumerate(lines) if "Boom" in line)
            assert "the node started anew, pid 4712" in lines[crash + 1]
            await second.stop()

    run(story)


def test_another_version_says_which_side_to_upgrade() -> None:
    async def story() -> None:
        node = FakeNode(proto=9, rows=shop_rows())
        async with open_rig(node, wait=False) as rig:
            await rig.until_shown("REFUSED")
            assert "upgrade this trio-sup" in " ".join(rig.text().split())
            node.proto = 1
            await rig.press("r")
            await rig.until_shown("LIVE")

    run(story)


@pytest.mark.parametrize("said", [b"HTTP/1.0 400 Bad Request\r\n\r\n", b"\x00" * 99])
def test_something_else_behind_the_socket_is_no_node(said: bytes) -> None:
    async def story() -> None:
        node = FakeNode(greets=False)
        async with open_rig(node, wait=False) as rig:
            await rig.until(lambda: node.writers)
            node.raw(said + b"\n")
            await rig.until_shown("That is no trio-sup node")

    run(story)


def test_a_refusal_is_shown_with_the_nodes_own_words() -> None:
    async def story() -> None:
        node = FakeNode(greets=False)
        async with open_rig(node, wait=False) as rig:
            await rig.until(lambda: node.writers)
            node.raw(encode(Error("forbidden", "uid 1000 may not look")))
            await rig.until_shown("uid 1000 may not look")
            assert "The node does not let you look" in rig.text()

    run(story)


def test_a_bad_frame_asks_for_a_new_snapshot_and_three_reconnect() -> None:
    async def story() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, **FAST) as rig:
            node.raw(b'{"t":"delta"}\n')
            await rig.until(lambda: rig.state.session.bad_frames == 1)
            await rig.until_shown("LIVE")
            node.raw(b"[]\n{}}\nnull\n")
            await rig.until_shown("RECONNECTING")
            rig.clock.now += 30.0
            await rig.until_shown("LIVE")

    run(story)


def test_permission_denied_says_whose_socket_it_is_and_what_to_do(
    tmp_path: Path,
) -> None:
    # Whoever runs as root is never refused, so the error itself is the subject.
    socket = tmp_path / "shop.1.sock"
    socket.touch()
    error = PermissionError(13, "Permission denied")
    trouble = explain(error, Target(tmp_path), socket)
    assert trouble.kind == "forbidden"
    assert str(socket) in trouble.text
    assert f"owner {socket.owner()}" in trouble.text
    assert "as the user who runs the node" in trouble.hint


def test_a_missing_node_is_waited_for() -> None:
    async def story() -> None:
        async with open_rig(wanted="shop", wait=False, **FAST) as rig:
            await rig.until_shown("Not connected")
            assert str(rig.directory) in rig.text()
            node = FakeNode(rows=shop_rows())
            await node.start(rig.directory)
            rig.clock.now += 30.0
            await rig.until_shown("LIVE")
            await node.stop()

    run(story)


def test_an_unsafe_directory_is_refused_in_words(short_dir: Path) -> None:
    short_dir.chmod(0o755)

    async def story() -> None:
        async with open_rig(directory=short_dir, wait=False) as rig:
            await rig.until_shown("lets others in")

    run(story)


def test_with_no_node_the_picker_says_what_to_add_and_takes_the_first_to_come() -> None:
    async def story() -> None:
        async with open_rig(wait=False) as rig:
            await rig.until_shown("No running node")
            assert 'trio_sup.run(tree, name="shop")' in rig.text()
            assert str(rig.directory) in rig.text()
            node = FakeNode(rows=shop_rows())
            await node.start(rig.directory)
            await rig.press("r")
            await rig.until_shown("LIVE")
            await node.stop()

    run(story)


def test_with_several_nodes_the_picker_asks() -> None:
    async def story() -> None:
        nodes = [
            FakeNode(name="bank", pid=1, rows=[supervisor(1, label="vault")]),
            FakeNode(name="shop", pid=2, rows=shop_rows()),
        ]
        async with open_rig(*nodes, wait=False) as rig:
            await rig.until_shown("1 needs a look")
            await rig.until_shown("bank.1                well")
            await rig.press("down", "enter")
            await rig.until_shown("payments")
            await rig.press("7")
            assert isinstance(rig.app.screen, Nodes)
            await rig.press("escape")
            assert isinstance(rig.app.screen, MainScreen)
            await rig.press("7", "up", "enter")
            await rig.until_shown("vault")
            assert "bank@1" in rig.text()
            # All other nodes have one line, and J goes through them.
            await rig.press("2", "7", "escape")
            await rig.until_shown("1 other node: shop.2 ")
            assert "7 = nodes" in rig.line("1 other node")
            await rig.press("J")
            await rig.until_shown("payments")
            assert "PATH" in rig.text()
            assert "other node" not in rig.text()

    run(story)


def test_a_node_without_children_is_said_to_be_empty() -> None:
    async def story() -> None:
        async with open_rig(FakeNode(), wait=False) as rig:
            # It opens on its tasks; the tree says why it is empty.
            await rig.until_shown("no supervisor")
            assert "TASK" in rig.text()
            assert "8 Tasks  0 Busy  6 Node" in rig.text()
            await rig.press("1")
            await rig.until_shown("No supervisor runs here")

    run(story)


def test_a_tiny_terminal_says_so_and_recovers() -> None:
    async def story() -> None:
        async with open_rig(FakeNode(rows=shop_rows())) as rig:
            await rig.pilot.resize_terminal(19, 5)
            await rig.paint()
            assert rig.text().strip() == "terminal too small"
            await rig.pilot.resize_terminal(60, 20)
            await rig.paint()
            assert "payments" in rig.text()

    run(story)


def test_an_error_inside_the_connection_costs_one_attempt(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, **FAST) as rig:
            session = rig.state.session
            receive = session.receive

            def broken(data: bytes, now: float) -> None:
                monkeypatch.setattr(session, "receive", receive)
                raise ZeroDivisionError

            monkeypatch.setattr(session, "receive", broken)
            node.beat()
            await rig.until_shown("internal error: ZeroDivisionError")
            rig.clock.now += 30.0
            await rig.until_shown("LIVE")
        assert "the connection failed" in caplog.text

    run(story)


def test_labels_cannot_reach_the_terminal_as_commands() -> None:
    async def story() -> None:
        evil = "a\x1b[31mb\x07[bold]c\u202e"
        rows = [supervisor(1), server(2, 1, evil, path=f"c1/{evil}", last_exit=evil)]
        async with open_rig(FakeNode(rows=rows), size=(150, 30)) as rig:
            await rig.press("down", "enter", "y")
            for key in ("1", "2", "3", "4"):
                await rig.press(key)
                assert all(c.isprintable() or c == "\n" for c in rig.text())

    run(story)


def test_wide_characters_keep_the_columns_aligned() -> None:
    async def story() -> None:
        rows = [supervisor(1), make_row(2, 1, "データベース接続"), make_row(3, 1, "x")]
        async with open_rig(FakeNode(rows=rows)) as rig:
            from rich.cells import cell_len

            lines = rig.text().splitlines()
            places = [
                cell_len(line[: line.index("running")])
                for line in lines
                if "running" in line
            ]
            assert len(places) == 3
            assert len(set(places)) == 1

    run(story)


def test_attaching_again_ends_the_first_connection() -> None:
    async def story() -> None:
        node: FakeNode = FakeNode(rows=shop_rows())
        async with open_rig(node) as rig:
            first: Rig = rig
            session = first.state.session
            first.app.attach(Target(node.path.parent, str(node.path)))
            await rig.until(lambda: rig.state.session is not session)
            await rig.until_shown("LIVE")
            assert len(rig.app.workers) == 1

    run(story)
