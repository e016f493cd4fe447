"""The ways from a cluster to a node and back, and out."""

import asyncio
import os
import signal
import socket
from pathlib import Path

from attrs import evolve

from tests.directories import short_directory
from tests.inspector.cluster_rig import cursor_line, play, until_told
from tests.inspector.cluster_seen import (
    URL,
    FakeObserver,
    Speaker,
    document,
    node,
    shop,
)
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.shop import shop_rows
from trio_sup.inspect.protocol.wire_cluster import ClusterOf
from trio_sup_inspector.observer import Observation

PATH = {"PATH": "/usr/bin:/bin"}


def test_enter_opens_the_tree_of_a_node_of_this_machine_and_a_key_leads_back() -> None:
    here = socket.gethostname()

    async def story(rig: Rig, speaker: Speaker) -> None:
        near = node("near", host=here, pid=4711)
        speaker.say(document(near, node("gone", host=here, pid=1)))
        await rig.until_shown("near")
        await rig.press("end", "enter")
        await until_told(rig, "process 1 of this machine: ")
        await rig.press("home", "g", "enter")
        await rig.until(lambda: rig.app.main and not rig.state.empty)
        assert "payments" in rig.text()
        await rig.press("A")
        assert "near" in cursor_line(rig) or "gone" in rig.text()
        await rig.press("escape")
        assert "payments" in rig.text()
        await rig.press("A", "enter")
        await rig.until(lambda: "payments" in rig.text())

    play(story, FakeNode(rows=shop_rows()))


def test_another_machine_is_gone_to_by_a_second_enter_and_never_as_an_option_of_ssh() -> (
    None
):
    async def story(rig: Rig, speaker: Speaker) -> None:
        far = node("far", host="far.example", pid=911)
        speaker.say(document(far, node("fake", host="-oProxyCommand=x", pid=1)))
        await rig.until_shown("fake")
        await rig.press("end", "enter")
        await until_told(rig, "which is no machine")
        await rig.press("home", "enter")
        await until_told(rig, "Enter again to look there by ssh://far.example/911")
        assert rig.app.main is None

    play(story, size=(110, 30))


def test_a_node_tells_its_cluster_without_a_password_and_a_key_shows_it(
    tmp_path: Path,
) -> None:
    asked: list[tuple[str, str | None]] = []

    async def main() -> None:
        with short_directory() as directory:
            observer = FakeObserver(Path(directory))

            def observe(url: str, prefix: str | None) -> Observation:
                asked.append((url, prefix))
                return observer.how

            shop_node = FakeNode(rows=shop_rows())
            async with open_rig(
                shop_node, size=(120, 30), directory=Path(directory), observe=observe
            ) as rig:
                session = rig.state.session
                for told, words in (
                    ([], "this node tells of no cluster"),
                    ([ClusterOf("a")], "is in its process"),
                    (
                        [ClusterOf("a", URL, "boards", secret=True)],
                        f"trio-sup inspect --cluster {URL} --prefix boards",
                    ),
                ):
                    assert session.node is not None
                    session.node = evolve(session.node, clusters=told)
                    await rig.press("A")
                    await until_told(rig, words)
                assert not asked
                assert session.node is not None
                open_one = ClusterOf("a", "redis://localhost", "boards")
                session.node = evolve(session.node, clusters=[open_one])
                await rig.press("A")
                speaker = await observer.listens()
                speaker.say(document(*shop()))
                await rig.until_shown("shop-3")
                await rig.press("escape")
                assert "payments" in rig.text()
                speaker.close()

    asyncio.run(main())
    assert asked == [("redis://localhost", "boards")]


def test_quitting_waits_for_no_observer_whatever_it_waits_for(tmp_path: Path) -> None:
    """As one does whose engine hangs: it would leave, and cannot."""
    written = tmp_path / "pid"
    stuck = f"trap '' TERM; echo $$ > '{written}.new'; mv '{written}.new' '{written}'"

    async def main(key: str) -> int:
        how = Observation(URL, ["/bin/sh", "-c", f"{stuck}; exec sleep 60"], PATH, "")
        async with open_rig(cluster=how, directory=tmp_path) as rig:
            await rig.until(written.exists)
            await rig.pilot.press(key)
            await rig.pilot.pause()
            assert not rig.app.is_running
        return int(written.read_text())

    for key in ("q", "ctrl+c"):
        pid = asyncio.run(main(key))
        os.kill(pid, signal.SIGKILL)  # it was there
        written.unlink()
