"""A forked copy of a node neither removes its files nor stands in for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trio_sup.inspect.client import conversation
from trio_sup.inspect.finding.discovery import (
    find_node,
    list_nodes,
    sweep,
)

FORKING = """
import os, signal, sys, time
from pathlib import Path
import trio
from trio_sup import open_inspector
async def main():
    async with open_inspector("mine", runtime_dir=Path(sys.argv[1])) as found:
        told, tell = os.pipe()
        copy = os.fork()
        if copy == 0:
            {copy}
        {parent}
        print(sorted(p.name.split(".")[-1] for p in found.path.parent.iterdir()), flush=True)
        os._exit(0)  # The copy has unwound a loop that shares our epoll.
trio.run(main)
"""


def forked(directory: Path, copy: str, parent: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", FORKING.format(copy=copy, parent=parent), directory],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    return done.stdout


@pytest.mark.parametrize("end", ["sys.exit(7)", "raise KeyError", "return"])
def test_a_forked_copy_that_ends_leaves_the_files_of_its_parent(
    end: str, short_dir: Path
) -> None:
    said = forked(short_dir / "run", end, "os.waitpid(copy, 0)")
    assert said.endswith("['json', 'lock', 'sock']\n")


def test_a_forked_copy_does_not_let_a_dead_node_look_alive(short_dir: Path) -> None:
    directory, (read, write) = short_dir / "run", os.pipe()
    os.set_inheritable(read, True)
    script = FORKING.format(
        copy=f"os.write(tell, b'x'); os.read({read}, 1); os._exit(0)",
        parent="os.read(told, 1); os.kill(os.getpid(), 9)",
    )
    with subprocess.Popen([sys.executable, "-c", script, directory], pass_fds=[read]):
        pass
    (node,) = list_nodes(directory)
    assert (node.probe, node.running) == ("refused", False)
    assert len(sweep(directory)) == 1
    os.close(write)
    os.close(read)


def test_attached_clients_of_a_dead_node_hear_it_though_a_copy_lives(
    short_dir: Path,
) -> None:
    directory, (read, write) = short_dir / "run", os.pipe()
    os.set_inheritable(read, True)
    copy = f"os.read({read}, 1); os._exit(0)"
    script = FORKING.format(copy=copy, parent="os.kill(os.getpid(), 9)").replace(
        "copy = os.fork()",
        "print('ready', flush=True)\n"
        "        await trio.to_thread.run_sync(sys.stdin.readline)\n"
        "        copy = os.fork()",
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, directory],
        pass_fds=[read],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        with conversation.attached(find_node(directory), ()) as talk:
            talk.until_complete()
            process.stdin.write(b"\n")
            process.stdin.flush()
            while talk.step():
                pass  # To the end of the connection: else it would be silent.
    os.close(write)
    os.close(read)
