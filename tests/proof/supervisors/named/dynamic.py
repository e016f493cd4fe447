"""Dynamic supervisors: rows DYN-*."""

from tests.proof.supervisors.named.write import CRASH, child, crash, named, sup

FAIL = ["error", "start"]

_A = {"id": "a"}
_COUNT = '{"active": %d, "specs": %d, "supervisors": %d, "workers": %d}'

DYNAMIC = (
    named(
        "DYN-001",
        "starts empty",
        sup("dynamic"),
        [["which", ""], ["count", ""]],
        shows=["reply 0 []", "reply 1 " + _COUNT % (0, 0, 0, 0)],
    ),
    named(
        "DYN-007",
        "start_child: ok, ignored, failed; the last two leave no child",
        sup("dynamic"),
        [
            ["start_child", "", _A],
            ["start_child", "", {"id": "b"}],
            ["start_child", "", {"id": "c"}],
            ["which", ""],
        ],
        plans={"b": ["ignore"], "c": [FAIL]},
        shows=[
            'reply 0 ["ok", 1]',
            "reply 1 ignore",
            'reply 2 ["error", ["error", "start"]]',
            'reply 3 [["a", 1, "worker"]]',
        ],
    ),
    named(
        "DYN-009",
        "max_children: the start function is not even called",
        sup("dynamic", max_children=1),
        [["start_child", "", _A], ["start_child", "", {"id": "b"}]],
        shows=['reply 1 ["error", "max_children"]'],
        never=["start b"],
    ),
    named(
        "DYN-009",
        "max_children 0 is legal",
        sup("dynamic", max_children=0),
        [["start_child", "", _A]],
        shows=['reply 0 ["error", "max_children"]'],
    ),
    named(
        "DYN-010 TRAP-20",
        "a restarting child counts against max_children",
        sup("dynamic", max_children=1, intensity=3),
        [
            ["start_child", "", _A],
            ["queue", "", [["exit", "a", CRASH], ["start_child", {"id": "b"}]]],
        ],
        plans={"a": ["ok", FAIL]},
        shows=[
            "start_failed a 2",
            "start a 3",
            'reply 1 ["ok", ["error", "max_children"]]',
        ],
        never=["start b 1"],
    ),
    *(
        named(
            "DYN-012 DYN-013",
            f"a {restart} child that ends with {reason}: {outcome}",
            sup("dynamic", intensity=5),
            [
                ["start_child", "", {"id": "a", "restart": restart}],
                ["exit", "a", reason],
                ["count", ""],
            ],
            shows=[f"stop a 1 {end}", f"reply 2 {_COUNT % ((left,) * 2 + (0, left))}"],
        )
        for restart, reason, end, outcome, left in (
            ("permanent", "normal", "normal", "restarted", 1),
            ("transient", CRASH, '["error", "crash"]', "restarted", 1),
            ("transient", "normal", "normal", "removed", 0),
            ("transient", ["shutdown", "x"], '["shutdown", "x"]', "removed", 0),
            ("temporary", CRASH, '["error", "crash"]', "removed", 0),
        )
    ),
    named(
        "DYN-014",
        "a restart that is ignored removes the child",
        sup("dynamic", intensity=5),
        [["start_child", "", _A], crash("a"), ["which", ""]],
        plans={"a": ["ok", "ignore"]},
        shows=["start_ignored a 2", "reply 2 []"],
    ),
    named(
        "DYN-014",
        "a restart that fails is tried again at once",
        sup("dynamic", intensity=5),
        [["start_child", "", _A], crash("a"), ["which", ""]],
        plans={"a": ["ok", FAIL, FAIL]},
        shows=["start_failed a 3", "start a 4", 'reply 2 [["a", 4, "worker"]]'],
    ),
    named(
        "DYN-015",
        "terminate_child of a restarting child cancels the retry",
        sup("dynamic", intensity=5),
        [
            ["start_child", "", _A],
            [
                "queue",
                "",
                [
                    ["exit", "a", CRASH],
                    ["terminate_child", "a"],
                    ["terminate_child", "a"],
                ],
            ],
        ],
        plans={"a": ["ok", FAIL]},
        shows=["start_failed a 2", 'reply 1 ["ok", "ok", ["error", "not_found"]]'],
        never=["start a 3"],
    ),
    named(
        "DYN-016",
        "every failed attempt counts; one too many ends it",
        sup("dynamic", intensity=2),
        [["start_child", "", _A], ["start_child", "", {"id": "b"}], crash("a")],
        plans={"a": ["ok", FAIL, FAIL, FAIL]},
        shows=["start_failed a 3", "stop b 1 shutdown", "stop / 1 shutdown", "reply 2"],
        never=["start a 4"],
    ),
    named(
        "DYN-017",
        "the window is inclusive",
        sup("dynamic", intensity=1, period=5),
        [["start_child", "", _A], crash("a"), ["advance", 5], crash("a")],
        shows=["start a 2", "stop a 2", "stop / 1 shutdown"],
        never=["start a 3"],
    ),
    named(
        "DYN-017",
        "and ends after that",
        sup("dynamic", intensity=1, period=5),
        [["start_child", "", _A], crash("a"), ["advance", 6], crash("a")],
        shows=["start a 2", "start a 3", "end"],
    ),
    named(
        "DYN-018 TRAP-15",
        "terminate_child: once ok, then not found",
        sup("dynamic"),
        [
            ["start_child", "", _A],
            ["terminate_child", "", "a"],
            ["terminate_child", "", "a"],
            ["count", ""],
        ],
        shows=[
            "stop a 1 shutdown",
            "reply 1 ok",
            'reply 2 ["error", "not_found"]',
            "reply 3 " + _COUNT % (0, 0, 0, 0),
        ],
    ),
    named(
        "DYN-019 DYN-020",
        "all children are asked at once, each with its own shutdown value",
        sup("dynamic"),
        [
            ["start_child", "", child("a", shutdown="infinity", stop="trap")],
            ["start_child", "", child("b", shutdown=15, stop="stubborn")],
            ["start_child", "", child("c", shutdown="brutal_kill", stop="trap")],
            ["start_child", "", child("d", stop=["slow", 15])],
            ["stop_root"],
        ],
        shows=[
            "stop a 1 shutdown",
            "stop b 1 killed",
            "stop c 1 killed",
            "stop d 1 shutdown",
            "stop / 1 shutdown",
        ],
    ),
    named(
        "DYN-021",
        "a restarting child has nothing to stop",
        sup("dynamic", intensity=1),
        [
            ["start_child", "", _A],
            ["start_child", "", {"id": "b"}],
            ["queue", "", [["exit", "a", CRASH], ["exit", "b", CRASH]]],
        ],
        plans={"a": ["ok", FAIL]},
        shows=["start_failed a 2", "stop / 1 shutdown", "reply 2"],
        never=["start a 3", "start b 2"],
    ),
    named(
        "DYN-023",
        "count_children by kind; a restarting child is not active",
        sup("dynamic", intensity=3),
        [
            ["start_child", "", _A],
            ["start_child", "", {"id": "s", "tree": sup("one_for_one", "x")}],
            ["queue", "", [["exit", "a", CRASH], ["count"]]],
        ],
        plans={"a": ["ok", FAIL]},
        shows=[f'reply 2 ["ok", {_COUNT % (1, 2, 1, 1)}]'],
    ),
    named(
        "DYN-024",
        "which_children shows a restarting child without its identity",
        sup("dynamic", intensity=3),
        [["start_child", "", _A], ["queue", "", [["exit", "a", CRASH], ["which"]]]],
        plans={"a": ["ok", FAIL]},
        shows=['reply 1 ["ok", [[null, "restarting", "worker"]]]'],
    ),
    named(
        "DYN-030",
        "children are lost when the dynamic supervisor itself restarts",
        sup("one_for_one", child("d", tree=sup("dynamic", intensity=0))),
        [["start_child", "d", _A], crash("d/a"), ["which", "d"]],
        shows=["stop d 1 shutdown", "start d 2", "reply 2 []"],
        never=["start d/a 2"],
    ),
    named(
        "DYN-018",
        "a supervisor as a dynamic child restarts as a whole",
        sup("dynamic", intensity=2),
        [
            ["start_child", "", {"id": "s", "tree": sup("one_for_all", "x", "y")}],
            crash("s/x"),
            crash("s/y"),
            ["terminate_child", "", "s"],
        ],
        shows=["start s/y 2", "stop s 1 shutdown", "start s 2", "stop s 2", "reply 3"],
    ),
    named(
        "DYN-031",
        "a request that is still queued when the supervisor gives up",
        sup("dynamic", intensity=0),
        [
            ["start_child", "", _A],
            ["start_child", "", {"id": "b"}],
            ["queue", "", [["exit", "a", CRASH], ["terminate_child", "b"]]],
        ],
        shows=["stop b 1 shutdown", "stop / 1 shutdown", 'reply 2 ["ok", "down"]'],
    ),
    named(
        "DYN-031",
        "a supervisor is started wholly before the retry that ends its own",
        sup("dynamic"),
        [
            ["start_child", "", _A],
            [
                "queue",
                "",
                [
                    ["exit", "a", CRASH],
                    ["start_child", {"id": "s", "tree": sup("one_for_one", "x", "y")}],
                ],
            ],
        ],
        plans={"a": ["ok", FAIL]},
        shows=["start_failed a 2", "start s/y 1", "stop s/y 1", "stop / 1 shutdown"],
        never=["start a 3"],
    ),
    named(
        "DYN-018 DYN-031",
        "a place is free again for the next request in line",
        sup("dynamic", max_children=1),
        [
            ["start_child", "", _A],
            ["queue", "", [["terminate_child", "a"], ["start_child", {"id": "b"}]]],
        ],
        shows=["stop a 1", "start b 1", 'reply 1 ["ok", ["ok", 1]]'],
    ),
)

NAMED = DYNAMIC
