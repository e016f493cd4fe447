"""Recordings: what is written, what survives, and that a replay tells the same."""

import gzip
import io
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from tests.commands.rig import COMMAND, environment
from tests.inspect.scripted import HELLO
from trio_sup.inspect.client.session import Session
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire import (
    Delta,
    Event,
    Heartbeat,
    Message,
    Ready,
    Row,
    Rows,
    SnapBegin,
    SnapEnd,
    Vol,
)
from trio_sup.inspect.recording.recording import (
    Full,
    RecordingError,
    Writer,
    create,
    frames,
    read_header,
)
from trio_sup.inspect.recording.replay import RESTART, Player, answer_of, read_index

Here = Callable[..., tuple[int, str, str]]
STEP = 0.25
SECONDS = 60.0


def child(id: int, restarts: int = 0) -> Row:
    return Row(
        id, 0, f"c{id}", f"c{id}", "server", "C", "permanent", "", "running", 1,
        restarts, 1.0, 0, 10, 0, 0, None, None, "", None, None, None, 1,
    )  # fmt: skip


class Node:
    """Says random things, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.rows = {id: child(id) for id in range(1, 9)}
        self.seq = 1
        self.serial = 0

    def greeting(self) -> list[Message]:
        rows = [evolve(row) for row in self.rows.values()]
        return [
            HELLO,
            Ready(1, 4.0),
            SnapBegin(1, len(rows)),
            Rows(rows),
            SnapEnd(1, 0.0),
            Heartbeat(0.0, 0.0),
        ]

    def step(self, at: float) -> list[Message]:
        pick = self.random.random()
        delta = Delta(self.seq + 1, self.seq, at)
        self.seq += 1
        id = self.random.choice([*self.rows])
        if pick < 0.1:
            self.rows[id] = child(id, self.rows[id].restarts + 1)
            delta.up.append(self.rows[id])
            for kind in ("child_crashed", "restart_decided"):
                self.serial += 1
                delta.events.append(Event(self.serial, at, f"c{id}", kind, ""))
        elif pick < 0.15:
            new = max(self.rows) + 1
            self.rows[new] = child(new)
            delta.up.append(self.rows[new])
        elif pick < 0.2 and len(self.rows) > 2:
            del self.rows[id]
            delta.gone.append(id)
        else:
            delta.vol.append(Vol(id, self.random.randrange(10), 9, 1, None, None, None))
        return [delta, Heartbeat(at, 0.0)]


def write(path: Path, seed: int, limit: int = 10**9) -> dict[float, tuple[object, ...]]:
    """Record a minute; what the recorder's session held after each step."""
    node, session = Node(seed), Session(client="test")
    truth: dict[float, tuple[object, ...]] = {}
    session.connecting(0.0)
    session.connected(0.0)
    with create(path, force=False) as file:
        writer = Writer(file, limit)
        writer.header(tool="test", wall=1000.0)
        at = keyframe = 0.0
        said = node.greeting()
        while at <= SECONDS:
            data = b"".join(map(encode, said))
            cut = node.random.randrange(len(data))
            for part in (data[:cut], data[cut:]):
                writer.feed(part, at)
                session.receive(part, at)
            if at == 0.0 or at - keyframe >= 10:
                assert session.seq is not None
                writer.keyframe(session.rows.values(), session.seq, at, at)
                keyframe = at
            truth[at] = held(session)
            at += STEP
            said = node.step(at)
        writer.flush(at)
    return truth


def held(session: Session) -> tuple[object, ...]:
    rows = {id: evolve(row, rev=0) for id, row in session.rows.items()}
    return rows, [event.n for event in session.events]


def player(path: Path) -> Player:
    return Player(read_index(path), Session(client="test"))


# --- replay ------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_wherever_a_player_goes_it_shows_what_the_recorder_saw(
    seed: int, tmp_path: Path
) -> None:
    truth = write(tmp_path / "a.rec", seed)
    played = player(tmp_path / "a.rec")
    choose = random.Random(seed)
    now = 0.0
    played.playing = False
    played.tick(now)
    for _ in range(60):
        at = choose.choice([*truth])
        if choose.random() < 0.5:
            played.seek(at)
        else:
            at = min(SECONDS, played.position + choose.randrange(8) * STEP)
            now += at - played.position
            played.playing = True
            played.tick(now)
            played.playing = False
        assert played.position == pytest.approx(at)
        assert held(played.session) == truth[round(at / STEP) * STEP]


def test_the_end_of_a_recording_is_the_last_state(tmp_path: Path) -> None:
    truth = write(tmp_path / "a.rec", 7)
    answer = answer_of(tmp_path / "a.rec")
    assert answer.rows == truth[SECONDS][0]
    assert answer.node == HELLO
    assert answer.now == pytest.approx(SECONDS)


def test_the_clock_of_a_player_never_goes_back(tmp_path: Path) -> None:
    write(tmp_path / "a.rec", 1)
    played = player(tmp_path / "a.rec")
    clocks = [played.clock()]
    for position in (30.0, 3.0, 59.0, 0.0):
        played.seek(position)
        clocks.append(played.clock())
    assert clocks == sorted(clocks)


def test_a_player_stands_still_while_paused_and_at_the_end(tmp_path: Path) -> None:
    write(tmp_path / "a.rec", 1)
    played = player(tmp_path / "a.rec")
    played.tick(100.0)
    played.tick(102.0)
    assert played.position == 2.0
    played.faster(2)
    assert played.speed == 4.0
    played.tick(103.0)
    assert played.position == 6.0
    played.toggle()
    played.tick(200.0)
    assert played.position == 6.0
    played.toggle()
    played.tick(300.0)
    assert played.ended
    played.toggle()
    assert (played.position, played.playing) == (0.0, True)


def test_jumps_stop_where_something_went_down(tmp_path: Path) -> None:
    write(tmp_path / "a.rec", 3)
    index = read_index(tmp_path / "a.rec")
    crashes = [event.at for event in index.events if event.kind in RESTART]
    assert len(crashes) > 5
    played = player(tmp_path / "a.rec")
    visited: list[float] = []
    while played.restart(1):
        visited.append(played.position)
        assert len(played.session.events) > 0
    assert visited == index.restarts
    assert set(visited) <= set(crashes)
    while played.restart(-1):
        visited.append(played.position)
    assert visited[len(index.restarts) :] == index.restarts[-2::-1]


def test_single_steps_go_from_frame_to_frame_both_ways(tmp_path: Path) -> None:
    write(tmp_path / "a.rec", 3)
    played = player(tmp_path / "a.rec")
    played.seek(20.0)
    for direction in (1, 1, -1, -1, -1):
        before = played.position
        played.step(direction)
        assert played.position == pytest.approx(before + direction * STEP)
    assert not played.playing


# --- what survives -----------------------------------------------------------


def test_a_recording_that_is_cut_anywhere_can_be_read_up_to_there(
    tmp_path: Path,
) -> None:
    write(tmp_path / "a.rec", 2)
    whole = (tmp_path / "a.rec").read_bytes()
    every = [frame for _, frame in frames(tmp_path / "a.rec")]
    cut = tmp_path / "cut.rec"
    least = 0
    for size in range(0, len(whole), 211):
        cut.write_bytes(whole[:size])
        found = [frame for _, frame in frames(cut)]
        assert found == every[: len(found)]
        assert len(found) >= least
        least = len(found)
    assert least > len(every) * 0.9


def test_a_damaged_recording_ends_where_the_damage_is(tmp_path: Path) -> None:
    write(tmp_path / "a.rec", 2)
    every = [frame for _, frame in frames(tmp_path / "a.rec")]
    data = bytearray((tmp_path / "a.rec").read_bytes())
    choose = random.Random(1)
    for _ in range(50):
        damaged = bytearray(data)
        damaged[choose.randrange(200, len(data))] ^= 1 << choose.randrange(8)
        (tmp_path / "b.rec").write_bytes(damaged)
        found = [frame for _, frame in frames(tmp_path / "b.rec")]
        assert len(found) <= len(every)


def test_the_file_is_made_of_whole_gzip_members(tmp_path: Path) -> None:
    write(tmp_path / "a.rec", 2)
    lines = gzip.decompress((tmp_path / "a.rec").read_bytes()).splitlines()
    assert lines[0].startswith(b'{"trio_sup_recording": 1,')
    assert len(lines) == 1 + len(list(frames(tmp_path / "a.rec")))
    assert read_header(tmp_path / "a.rec").wall == 1000.0


def test_a_file_never_grows_beyond_its_limit(tmp_path: Path) -> None:
    with pytest.raises(Full):
        write(tmp_path / "a.rec", 2, limit=3000)
    assert (tmp_path / "a.rec").stat().st_size <= 3000
    assert player(tmp_path / "a.rec").index.length > 1


def test_a_writer_holds_little() -> None:
    writer = Writer(io.BytesIO(), 10**9)
    with pytest.raises(RecordingError, match="too long"):
        for _ in range(40):
            writer.feed(b"x" * 65536, 0.0)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "no recording"),
        (b"hello", "no recording"),
        (gzip.compress(b"hello\n"), "no recording"),
        (gzip.compress(b'{"trio_sup_recording":2,"tool":"x 9"}\n'), "version 2 by x 9"),
        (gzip.compress(b'{"trio_sup_recording":1}\n'), "ends before the node's rows"),
        (
            gzip.compress(b'{"trio_sup_recording":1}\n[0.0,{"t":"hello"}]\n'),
            "makes no sense",
        ),
    ],
    ids=["empty", "text", "text in gzip", "newer", "without rows", "without sense"],
)
def test_what_is_no_recording_is_one_line(
    data: bytes, word: str, tmp_path: Path, here: Here
) -> None:
    path = tmp_path / "a.rec"
    path.write_bytes(data)
    code, out, err = here("tree", str(path))
    assert (code, out) == (2, "")
    assert word in err
    assert err.count("\n") == 1


# --- the commands ------------------------------------------------------------


def test_a_snapshot_stands_where_a_node_would(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    code, out, err = here("snapshot", "shop", str(path))
    assert (code, out) == (0, "")
    assert str(path) in err
    assert path.stat().st_mode & 0o777 == 0o600
    assert here("ps", str(path), "--columns", "path,restarts") == here(
        "ps", "--columns", "path,restarts"
    )
    assert "b1" in here("tree", str(path), "restarts>0")[1]
    assert "child_crashed" in here("events", str(path))[1]
    assert "crashed: boom" in here("show", str(path), "b1")[1]
    assert here("status", str(path))[0] == 0
    code, _, err = here("status", str(path), "--check")
    assert (code, err.count("\n")) == (2, 1)
    assert "recording" in err


def test_a_file_is_not_overwritten_unless_asked(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    path.write_text("precious")
    code, out, err = here("record", str(path), "--for", "100ms")
    assert (code, out) == (1, "")
    assert "--force" in err
    assert path.read_text() == "precious"
    assert here("record", str(path), "--for", "100ms", "--force", "--json")[0] == 0
    assert here("tree", str(path))[0] == 0


def test_a_node_that_is_not_there_leaves_no_file(here: Here, tmp_path: Path) -> None:
    assert here("record", "nobody", str(tmp_path / "a.rec"))[0] == 3
    assert not (tmp_path / "a.rec").exists()


def test_record_says_why_it_ended(here: Here, tmp_path: Path) -> None:
    _, _, err = here("record", str(tmp_path / "a.rec"), "--for", "200ms")
    assert "the time was over" in err
    code, _, err = here("record", str(tmp_path / "b.rec"), "--max-size", "100")
    assert (code, err.count("\n")) == (1, 1)
    assert "--max-size" in err
    assert here("record", str(tmp_path / "b.rec"), "--max-size", "5 parsec")[0] == 2


@pytest.mark.parametrize("how", ["kill", "interrupt", "node"])
def test_what_was_recorded_is_there_however_it_ends(
    how: str,
    start: Callable[..., int],
    directory: Path,
    tmp_path: Path,
) -> None:
    pid = start("shop")
    path = tmp_path / "a.rec"
    with subprocess.Popen(
        [*COMMAND, "record", str(path)],
        env=environment(directory),
        stderr=subprocess.PIPE,
        text=True,
    ) as recorder:
        # For the one that is killed: something that was flushed later, by time.
        enough = 12 if how == "kill" else 5
        while not path.exists() or sum(1 for _ in frames(path)) < enough:
            assert recorder.poll() is None
        if how == "kill":
            recorder.kill()
        elif how == "interrupt":
            recorder.send_signal(2)
        else:
            subprocess.run(["kill", "-9", str(pid)], check=True)
        assert recorder.wait(20) == (-9 if how == "kill" else 0)
        assert recorder.stderr is not None
        said = recorder.stderr.read()
    word = {"kill": "", "interrupt": "asked to end", "node": "the node ended"}[how]
    assert word in said
    assert [row.path for row in answer_of(path).rows.values()][-1] == "shop/boards/b2"
