"""Random scenarios, the same for the same seed.

They keep away from what has no defined outcome in OTP itself: two actors that run
side by side and meet at a third. So handlers send only to servers that come later
in the alphabet, what they send does not send again, and a client that waits for an
answer does nothing after it.
"""

import random

from attrs import Factory, define

from tests.proof.servers.scenario import Scenario, Server, Steps
from tests.proof.trace import Value

Step = tuple[Value, ...]

SHORT, LONG = 40, 100
"""Milliseconds of a timeout, and of the time that passes while it runs out."""
KEYS = ("a", "b")
REASONS: tuple[Value, ...] = ("normal", ("shutdown", "x"))


def generate(seed: int) -> Scenario:
    """The scenario of a seed."""
    return _Generator(random.Random(seed)).scenario()


@define
class _Generator:
    rng: random.Random
    servers: dict[str, Server] = Factory(dict[str, Server])
    script: list[Step] = Factory(list[Step])
    started: list[str] = Factory(list[str])
    # Gates that were given out, and the server that may wait there.
    gates: dict[str, str] = Factory(dict[str, str])
    opened: set[str] = Factory(set[str])
    holding: dict[str, str] = Factory(dict[str, str])
    deferred: list[str] = Factory(list[str])
    labels: int = 0
    timers: bool = False
    # Whether what handlers send may end the other server: then they look at nothing,
    # since the end of a process and its consequences take OTP a moment.
    ends_others: bool = False

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def label(self) -> str:
        self.labels += 1
        return f"m{self.labels}"

    def gate(self, owner: str) -> Step:
        name = f"g{len(self.gates) + 1}"
        self.gates[name] = owner
        return ("gate", name)

    def scenario(self) -> Scenario:
        self.timers = self.chance(0.08)
        self.ends_others = self.chance(0.4)
        for index in range(self.rng.choice((1, 2, 2, 3))):
            self.servers[f"s{index + 1}"] = self.server(f"s{index + 1}")
        for id in self.servers:
            if not self.started or self.chance(0.8):
                self.start(id)
        for _ in range(self.rng.randint(2, 12)):
            self.op()
        return Scenario(self.servers, tuple(self.script))

    # Servers

    def server(self, id: str) -> Server:
        permanent = self.chance(0.3)
        name = ("u", f"n{id[1]}", 0) if self.chance(0.5) else None
        if name and self.chance(0.15):
            name = ("u", self.rng.choice(KEYS), 0)
        killed = self.chance(0.15)
        return Server(
            init=self.init(id, may_fail=not permanent),
            terminate=self.terminate(id, may_wait=not killed),
            name=name,
            restart="permanent" if permanent else "temporary",
            shutdown="brutal_kill" if killed else "infinity",
        )

    def init(self, id: str, *, may_fail: bool) -> Steps:
        steps: list[Step] = []
        if self.chance(0.3):
            steps.append(("add", self.rng.randint(1, 5)))
        if self.chance(0.2):
            steps.append(self.register())
        if self.chance(0.15):
            steps.append(self.gate(id))
        if may_fail and self.chance(0.12):
            failures: list[Step] = [("crash", "i"), ("ignore",), ("stop", "normal")]
            steps.append(self.rng.choice([*failures, ("stop", ("shutdown", "i"))]))
        elif self.chance(0.2):
            # A permanent server that ends here would begin again for ever.
            work = self.leaf() if may_fail else (("add", 1),)
            steps.append(("continue", self.label(), work))
        return tuple(steps)

    def terminate(self, id: str, *, may_wait: bool) -> Steps:
        steps: list[Step] = []
        if may_wait and self.chance(0.15):
            steps.append(self.gate(id))
        if not self.ends_others and self.chance(0.1):
            steps.append(self.look_up())
        if self.chance(0.1):
            steps.append(("crash", "t"))
        return tuple(steps)

    # Operations

    def op(self) -> None:
        kinds = {
            "message": 10,
            "open": 6,
            "names": 4,
            "sys": 3,
            "hold": 2,
            "watch": 2,
            "start": 2,
            "shutdown": 1.5,
            "kill": 1,
            "answer": 2,
            "time": 3 if self.timers else 0,
        }
        (kind,) = self.rng.choices(list(kinds), list(kinds.values()))
        getattr(self, f"op_{kind}")()

    def do(self, *steps: Step) -> str:
        self.script.append(("do", steps))
        return f"c{len(self.script) - 1}"

    def start(self, id: str) -> None:
        self.script.append(("start", id))
        if id not in self.started:
            self.started.append(id)

    def op_start(self) -> None:
        self.start(self.rng.choice(list(self.servers)))

    def op_message(self) -> None:
        target = self.rng.choice(self.started)
        notes = [
            self.message(self.rng.choice(("cast", "send")), target)
            for _ in range(self.rng.choice((0, 0, 1, 2)))
        ]
        if not notes or self.chance(0.6):
            notes.append(self.message("call", target))
        self.do(*notes)

    def message(self, kind: str, target: str) -> Step:
        name = self.servers[target].name
        to: Value = target
        if name and kind != "send" and self.chance(0.3) and name[1] not in KEYS:
            to = ("via", *name[:2])
        label = self.label()
        return (kind, to, label, self.handler(kind, target, label))

    def op_open(self) -> None:
        closed = [gate for gate in self.gates if gate not in self.opened]
        if closed:
            gate = self.rng.choice(closed)
            self.opened.add(gate)
            self.holding = {c: g for c, g in self.holding.items() if g != gate}
            self.script.append(("open", gate))

    def op_names(self) -> None:
        self.do(*(self.look_up() for _ in range(self.rng.randint(1, 3))))

    def op_sys(self) -> None:
        target = self.rng.choice(self.started)
        if self.chance(0.35) or self.busy(target) or self.timers:
            self.do(("sys", "stop", target, self.rng.choice(REASONS)))
            return
        requests: list[Step] = [
            ("sys", "get_state", target),
            ("sys", "replace_state", target, self.rng.choice((7, "crash"))),
            ("sys", "suspend", target),
            ("sys", "suspend", target),
            ("sys", "resume", target),
            ("sys", "resume", target),
        ]
        self.do(self.rng.choice(requests))

    def busy(self, target: str) -> bool:
        """Whether it may wait at a gate, or for one that does: what overtakes shows."""
        return any(
            owner >= target and gate not in self.opened
            for gate, owner in self.gates.items()
        )

    def op_hold(self) -> None:
        """A client that stays for a while, with names and monitors."""
        steps = [self.register() for _ in range(self.rng.randint(0, 2))]
        if self.chance(0.5):
            steps.append(("monitor", self.rng.choice(self.started)))
        if self.chance(0.3):
            steps.append(self.change_name())
        gate = self.gate("")
        steps.append(gate)
        if any(step[0] == "monitor" for step in steps):
            steps.append(
                self.rng.choice([("receive",), ("demonitor", steps[-2][1])])
                if steps[-2][0] == "monitor"
                else ("receive",)
            )
        if self.chance(0.2):
            steps.append(("crash", "c"))
        self.holding[self.do(*steps)] = str(gate[1])

    def op_watch(self) -> None:
        target = self.rng.choice(self.started)
        self.do(*[("monitor", target)] * self.rng.choice((1, 1, 2)), ("receive",))

    def op_shutdown(self) -> None:
        target = self.rng.choice(self.started)
        starting = any(
            step[0] == "gate" and step[1] not in self.opened
            for step in self.servers[target].init
            if isinstance(step, tuple)
        )
        if not starting:
            self.script.append(("shutdown", target))

    def op_kill(self) -> None:
        if self.holding:
            client = self.rng.choice(list(self.holding))
            del self.holding[client]
            self.script.append(("kill", client))

    def op_answer(self) -> None:
        if self.deferred:
            label = self.rng.choice(self.deferred)
            self.do(("answer", label, self.rng.randint(0, 9)))

    def op_time(self) -> None:
        target = self.rng.choice(self.started)
        label = self.label()
        if self.chance(0.5):
            idle = ("idle", self.rng.choice((0, SHORT)), self.label(), self.leaf())
            self.do(("cast", target, label, (idle,)))
        else:
            steps = self.handler("call", target, label)
            self.do(("call", target, label, steps, SHORT))
        if self.chance(0.4):
            self.op_message()
        self.script.append(("elapse", LONG))

    # Steps

    def handler(self, kind: str, target: str, label: str) -> Steps:
        rng = self.rng
        steps: list[Step] = []
        if self.chance(0.35):
            steps.append(("add", rng.randint(1, 5)))
        if self.chance(0.15):
            steps.append(rng.choice((self.register(), self.change_name())))
        if not self.ends_others and self.chance(0.15):
            steps.append(self.look_up())
        # With a timer of no time, OTP itself leaves open whether the Down comes first.
        if not (self.ends_others or self.timers) and self.chance(0.15):
            what = rng.choice(("monitor", "monitor", "demonitor"))
            others = [id for id in self.started if id != target] + list(self.holding)
            if others:
                steps.append((what, rng.choice(others)))
        if self.chance(0.25):
            steps.append(self.gate(target))
        if self.chance(0.05):
            steps.append(("call", target, self.label(), ()))
        later = [id for id in self.started if id > target]
        if later and self.chance(0.25):
            steps.append(self.inner_message(rng.choice(later)))
        if kind == "call":
            steps += self.answer_of_call(label)
        steps += self.ending(answers=kind == "call" and ("defer",) not in steps)
        return tuple(steps)

    def inner_message(self, target: str) -> Step:
        kind = self.rng.choice(("call", "cast", "send"))
        ends = self.ends_others and self.servers[target].restart == "temporary"
        return (kind, target, self.label(), self.leaf() if ends else (("add", 1),))

    def answer_of_call(self, label: str) -> list[Step]:
        if self.chance(0.25):
            self.deferred.append(label)
            steps: list[Step] = [("defer",)]
            if self.chance(0.2):
                steps.append(("answer", label, 5))
            return steps
        if self.chance(0.15):
            early: list[Step] = [("early", 1), ("early", 2)]
            return early[: self.rng.randint(1, 2)]
        if self.chance(0.5):
            return [("reply", self.rng.randint(0, 9))]
        return []

    def ending(self, *, answers: bool) -> list[Step]:
        rng = self.rng
        if self.chance(0.65):
            return []
        if self.chance(0.25):
            return [("continue", self.label(), self.leaf())]
        if self.timers and self.chance(0.3):
            return [("idle", rng.choice((0, SHORT)), self.label(), self.leaf())]
        endings: list[Step] = [
            ("crash", "h"),
            ("stop", rng.choice(REASONS)),
            ("exit", rng.choice(REASONS)),
            ("stop", ("error", "h")),
        ]
        if answers:
            endings.append(("stop", rng.choice(REASONS), rng.randint(0, 9)))
        return [rng.choice(endings)]

    def leaf(self) -> Steps:
        """What does not send again, nor wait."""
        steps: list[Step] = [("add", self.rng.randint(1, 5))]
        if self.chance(0.15):
            steps.append(self.rng.choice([("crash", "l"), ("stop", "normal")]))
        return tuple(steps)

    def key(self) -> str:
        return self.rng.choice(KEYS)

    def register(self) -> Step:
        registry = self.rng.choice("ud")
        return ("registry", "register", registry, self.key(), self.rng.randint(0, 2))

    def change_name(self) -> Step:
        rng, key = self.rng, self.key()
        name = rng.choice("ud")
        changes: list[Step] = [
            ("registry", "unregister", name, key),
            ("registry", "unregister_match", name, key, rng.randint(0, 2)),
            ("registry", "update_value", name, key, rng.randint(3, 5)),
        ]
        return rng.choice(changes)

    def look_up(self) -> Step:
        rng, key = self.rng, self.key()
        actors = [*self.started, *self.holding]
        registry = rng.choice("ud")
        named = [server.name[1] for server in self.servers.values() if server.name]
        if named and self.chance(0.5):
            key, registry = rng.choice(named), "u"
        questions: list[Step] = [
            ("lookup", registry, key),
            ("lookup", registry, key),
            ("whereis", registry, key),
            ("count", registry),
            ("count_match", registry, key, rng.randint(0, 2)),
            ("select", registry),
            ("dispatch", registry, key),
            ("dispatch", registry, key, "e"),
        ]
        if actors:
            who = rng.choice(actors)
            questions += [("keys", registry, who), ("values", registry, key, who)]
        return ("registry", *rng.choice(questions))
