"""Specifications know the handle that they lead to. Read by checkers, never run."""

import ssl
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar, Unpack, assert_type

import trio

from trio_sup import (
    Agent,
    Attached,
    Backoff,
    Child,
    ChildOptions,
    ChildSpec,
    DynamicSupervisor,
    FunctionOptions,
    GenServer,
    Listener,
    Mailbox,
    NamedRef,
    PartitionSupervisor,
    Registry,
    ServerOptions,
    ServerRef,
    Supervisor,
    SupervisorOptions,
    TaskSupervisor,
    address,
    call,
    child,
    dynamic_supervisor,
    listener,
    open_supervisor,
    partition_supervisor,
    supervisor,
    task_supervisor,
    tcp_listener,
    unix_listener,
)

T = TypeVar("T")


class Counter(GenServer):
    def __init__(self, start: int = 0) -> None:
        self.value = start

    @call
    async def add(self, n: int) -> int:
        return n


class Board(GenServer):
    def __init__(self, name: str, size: int, *, public: bool = True) -> None: ...


class Box(GenServer, Generic[T]):
    def __init__(self, item: T) -> None: ...

    @call
    async def get(self) -> T:
        raise NotImplementedError


class Greeter(GenServer, restart="transient", mailbox=Mailbox(5), shutdown=1): ...


class Loud(Greeter, backoff=Backoff(), budget=None): ...


class Often(GenServer, restart="often"): ...  # type: ignore[arg-type]


class Typo(GenServer, rstart="transient"): ...  # type: ignore[call-arg]


async def no_arguments() -> None: ...


async def worker(n: int, text: str) -> float:
    return n + len(text)


async def signalling(
    n: int, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
) -> None: ...


async def signalling_strictly(n: int, *, task_status: trio.TaskStatus[int]) -> None: ...


class Pool:
    async def query(self) -> int:
        return 1


async def pool(task_status: trio.TaskStatus[Pool] = trio.TASK_STATUS_IGNORED) -> None:
    task_status.started(Pool())


async def pool_of(
    url: str, size: int = 3, *, task_status: trio.TaskStatus[Pool]
) -> None: ...


async def four(
    a: int, b: str, c: float, d: bytes, task_status: trio.TaskStatus[Pool]
) -> None: ...


def not_async(n: int) -> int:
    return n


def good_specs() -> None:
    assert_type(child(Counter), ChildSpec[ServerRef[Counter]])
    assert_type(child(Counter, 10), ChildSpec[ServerRef[Counter]])
    assert_type(child(Counter, 10, id="hits"), ChildSpec[ServerRef[Counter]])
    assert_type(child(Board, "a", 3, name=("board", 3)), ChildSpec[ServerRef[Board]])
    assert_type(
        child(partial(Board, "a", 3, public=False)), ChildSpec[ServerRef[Board]]
    )
    assert_type(child(Box[int], 3), ChildSpec[ServerRef[Box[int]]])
    assert_type(child(Agent[int], lambda: 3), ChildSpec[ServerRef[Agent[int]]])
    assert_type(child(Counter, mailbox=Mailbox(5)), ChildSpec[ServerRef[Counter]])
    assert_type(child(Greeter, restart="permanent"), ChildSpec[ServerRef[Greeter]])
    assert_type(child(Loud), ChildSpec[ServerRef[Loud]])
    assert_type(child(no_arguments), ChildSpec[Child])
    assert_type(child(worker, 1, "a", id="w"), ChildSpec[Child])
    assert_type(child(worker, 1, "a", restart="transient"), ChildSpec[Child])
    partly: ChildSpec[Child] = child(partial(worker, text="a"), 1)
    del partly
    assert_type(child(signalling, 1), ChildSpec[Child[int]])
    assert_type(child(signalling_strictly, 1), ChildSpec[Child[int]])
    assert_type(child(signalling_strictly, 1, ready="signalled"), ChildSpec[Child[int]])
    assert_type(child(pool), ChildSpec[Child[Pool]])
    assert_type(child(pool_of, "url", id="pool"), ChildSpec[Child[Pool]])
    assert_type(child(pool_of, "url", 3, restart="transient"), ChildSpec[Child[Pool]])
    assert_type(child(four, 1, "2", 3.0, b"4"), ChildSpec[Child[Pool]])
    assert_type(child(trio.sleep_forever, backoff=Backoff()), ChildSpec[Child])
    assert_type(
        supervisor([child(Counter), child(worker, 1, "a")]), ChildSpec[Supervisor]
    )
    assert_type(dynamic_supervisor(max_children=9), ChildSpec[DynamicSupervisor])
    wider: ChildSpec[Child] = child(Counter)
    del wider


def bad_specs() -> None:
    child(Counter, "ten")  # type: ignore[arg-type]
    child(Counter, 1, 2)  # type: ignore[arg-type, call-arg]
    child(Board, "a")  # type: ignore[arg-type]
    child(Box[int], "a")  # type: ignore[arg-type]
    child(worker, 1)  # type: ignore[arg-type, type-var]
    child(worker, "a", 1)  # type: ignore[arg-type, call-arg, type-var]
    child(worker(1, "a"))  # type: ignore[call-overload]
    child(signalling, "one")  # type: ignore[arg-type, type-var]
    child(pool_of, "url", "many")  # type: ignore[arg-type, type-var, call-arg]
    child(not_async, 1)  # type: ignore[type-var]
    child(Counter, restart="often")  # type: ignore[call-overload, call-arg]
    child(Counter, shutdown="soon")  # type: ignore[call-overload, call-arg]
    child(Counter, speed=1)  # type: ignore[call-overload]
    child(worker, 1, "a", mailbox=Mailbox(5))  # type: ignore[call-arg, type-var]
    supervisor([Counter])  # type: ignore[list-item]
    narrow: ChildSpec[ServerRef[Counter]] = child(worker, 1, "a")  # type: ignore[assignment]
    del narrow


def options_can_be_handed_on() -> None:
    def any_child(**options: Unpack[ChildOptions]) -> ChildSpec[Child]:
        return child(worker, 1, "a", **options)

    def polling(n: int, **options: Unpack[FunctionOptions]) -> ChildSpec[Child]:
        chosen: FunctionOptions = {"backoff": Backoff(), **options}
        return child(worker, n, "a", **chosen)

    def counting(**options: Unpack[ServerOptions]) -> ChildSpec[ServerRef[Counter]]:
        return child(Counter, 10, **options)

    def pool(**options: Unpack[SupervisorOptions]) -> ChildSpec[DynamicSupervisor]:
        supervisor([], **options)
        partition_supervisor(child(Counter), **options)
        task_supervisor(**options)
        return dynamic_supervisor(max_children=9, **options)

    any_child(id=1, name="n", restart="transient", shutdown=1, significant=True)
    any_child(start_timeout=2, backoff=Backoff(), budget=None)
    polling(3, ready="spawned", shutdown="brutal_kill")
    counting(mailbox=Mailbox(5))
    pool(max_restarts=1, max_seconds=2.5, shutdown=3)
    any_child(ready="auto")  # type: ignore[call-arg]
    polling("3")  # type: ignore[arg-type]
    polling(3, mailbox=Mailbox())  # type: ignore[call-arg]
    counting(ready="spawned")  # type: ignore[call-arg]
    counting(mailbox=5)  # type: ignore[arg-type]
    pool(max_restarts="many")  # type: ignore[arg-type]
    pool(max_children=3)  # type: ignore[call-arg]
    pool(mailbox=Mailbox())  # type: ignore[call-arg]


def bad_options() -> None:
    child(Counter, mailbox=5)  # type: ignore[call-arg, call-overload]
    child(Counter, significant="yes")  # type: ignore[call-arg, call-overload]
    child(worker, 1, "a", start_timeout="1")  # type: ignore[call-arg, call-overload]
    child(worker, 1, "a", ready="soon")  # type: ignore[call-arg, call-overload]
    child(worker, 1, "a", kind="server")  # type: ignore[call-overload]
    child(Counter, runs=None)  # type: ignore[call-overload]
    child(Counter, signals_ready=True)  # type: ignore[call-overload]
    supervisor([], mailbox=Mailbox())  # type: ignore[call-arg]
    supervisor([], flags=None)  # type: ignore[call-arg]
    supervisor([], max_restarts="3")  # type: ignore[arg-type]
    supervisor([], backoff=1.0)  # type: ignore[arg-type]
    dynamic_supervisor(strategy="one_for_one")  # type: ignore[call-arg]
    dynamic_supervisor(shutdown="soon")  # type: ignore[arg-type]
    partition_supervisor(child(Counter), auto_shutdown="never")  # type: ignore[call-arg]
    task_supervisor(name=[])  # type: ignore[arg-type]
    task_supervisor(restart="often")  # type: ignore[arg-type]


async def bad_options_of_a_task(tasks: TaskSupervisor) -> None:
    assert_type(await tasks.start_child(worker, 1, "a", start_timeout=2), Child)
    await tasks.start_child(worker, 1, "a", ready="auto")  # type: ignore[call-arg]
    await tasks.start_child(worker, 1, "a", restart="often")  # type: ignore[arg-type]
    await tasks.start_child(worker, 1, "a", deadline="1")  # type: ignore[arg-type]


async def handles(sup: Supervisor, pool: DynamicSupervisor) -> None:
    assert_type(sup.server(Counter, "hits"), ServerRef[Counter])
    assert_type(sup.server(Box[int], "shop", "box"), ServerRef[Box[int]])
    assert_type(await sup.server(Box[int], "box").call(Box[int].get), int)
    assert_type(sup.supervisor("shop"), Supervisor)
    assert_type(sup.dynamic("pool"), DynamicSupervisor)
    assert_type(await sup.start_child(child(Counter, 1)), ServerRef[Counter])
    assert_type(await sup.start_child(child(worker, 1, "a")), Child)
    assert_type(await sup.start_child(supervisor([])), Supervisor)
    assert_type(await sup.start_child(dynamic_supervisor()), DynamicSupervisor)
    assert_type(await pool.start_child(child(Counter, 1)), ServerRef[Counter])
    named = child(Counter, name="hits")
    assert_type(await pool.get_or_start(named), ServerRef[Counter])
    assert_type(await pool.call_or_start(named, Counter.add, 2), int)
    await pool.call_or_start(named, Counter.add, "x")  # type: ignore[arg-type]
    sup.server(worker, "hits")  # type: ignore[arg-type, type-var]


async def values(sup: Supervisor, pools: DynamicSupervisor) -> None:
    handle = await pools.start_child(child(pool_of, "url"))
    assert_type(handle.value, Pool)
    assert_type(await handle.value.query(), int)
    assert_type(await handle.wait_value(), Pool)
    assert_type((await sup.start_child(child(pool))).value, Pool)
    named = address("pool", Child[Pool], wait=True)
    assert_type(named, Child[Pool])
    assert_type(await (await named.wait_value()).query(), int)
    assert_type(sup.server(Counter, "hits").value, None)
    assert_type(sup.child("pool").value, object)
    wider: Child = handle
    wrong: Child[str] = handle  # type: ignore[assignment]
    del wider, wrong


async def names(registry: Registry) -> None:
    assert_type(registry.get("hits", Counter), ServerRef[Counter] | None)
    assert_type(registry.get("pool", DynamicSupervisor), DynamicSupervisor | None)
    assert_type(registry.get("hits"), Child | None)
    assert_type(registry.get("me", Attached), Attached | None)
    assert_type(registry.lookup("hits", Counter), ServerRef[Counter])
    assert_type(registry.lookup("box", Box[int]), ServerRef[Box[int]])
    assert_type(await registry.wait_for("hits", Counter), ServerRef[Counter])
    registry.get("hits", int)  # type: ignore[type-var]


ROOMS = address("rooms", DynamicSupervisor)


async def addresses(registry: Registry) -> None:
    assert_type(ROOMS, DynamicSupervisor)
    assert_type(await ROOMS.start_child(child(Counter, name=ROOMS)), ServerRef[Counter])
    assert_type(address("hits", Counter), NamedRef[Counter])
    assert_type(await address("hits", Counter, wait=True).call(Counter.add, 2), int)
    assert_type(address("hits"), Child)
    assert_type(address("sup", Supervisor, wait=True), Supervisor)
    assert_type(registry.ref("d", DynamicSupervisor), DynamicSupervisor)
    assert_type(registry.ref("jobs", TaskSupervisor), TaskSupervisor)
    assert_type(registry.ref("box", Box[int]), NamedRef[Box[int]])
    assert_type(registry.ref("me", Attached), Attached)
    parts = registry.ref("parts", PartitionSupervisor[ServerRef[Counter]])
    assert_type(parts, PartitionSupervisor[ServerRef[Counter]])
    assert_type(parts.pick(1), ServerRef[Counter])
    address("hits", int)  # type: ignore[type-var]
    await address("hits", Counter).call(Box[int].get)  # type: ignore[arg-type]
    ROOMS.server(Counter, "x")  # type: ignore[attr-defined]


async def plain_client(stream: trio.SocketStream) -> None: ...


async def tls_client(stream: trio.SSLStream[trio.SocketStream]) -> None: ...


async def any_client(stream: trio.abc.Stream, greeting: str = "") -> None: ...


async def listeners(context: ssl.SSLContext) -> None:
    assert_type(tcp_listener(plain_client, 0), ChildSpec[Listener[int]])
    assert_type(
        tcp_listener(tls_client, 0, ssl_context=context, max_connections=5),
        ChildSpec[Listener[int]],
    )
    tcp_listener(partial(any_client, greeting="hi"), 0, ssl_context=context)
    assert_type(unix_listener(any_client, "path"), ChildSpec[Listener[Path]])
    web = tcp_listener(any_client, 0, name="web", restart="transient")
    async with open_supervisor([]) as sup:
        assert_type((await sup.start_child(web)).value, int)
        assert_type(await address("web", Listener[int]).wait_value(), int)
        assert_type(address("web", Listener[int]).connections, DynamicSupervisor)
    listener(plain_client, partial(trio.open_tcp_listeners, 0))
    tcp_listener(tls_client, 0)  # type: ignore[arg-type]
    tcp_listener(plain_client, 0, ssl_context=context)  # type: ignore[arg-type]
    tcp_listener(plain_client, 0, mailbox=3)  # type: ignore[call-overload]


async def programs(specs: list[ChildSpec[Any]]) -> None:
    async with open_supervisor(specs) as sup:
        assert_type(sup, Supervisor)
    async with open_supervisor([child(Counter), child(worker, 1, "a")]) as sup:
        assert_type(sup, Supervisor)
