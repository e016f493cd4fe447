"""Requests: rows SUP-090 to SUP-104."""

from tests.proof.supervisors.named.write import CRASH, child, crash, named, sup

FAIL = ["error", "start"]

ADMINISTRATION = (
    named(
        "SUP-090",
        "start_child with the id of a running child",
        sup("one_for_one", "a"),
        [["start_child", "", {"id": "a", "restart": "temporary"}]],
        shows=['reply 0 ["error", "already_started"]'],
        never=["start a 2"],
    ),
    named(
        "SUP-091 TRAP-15",
        "start_child with the id of a stopped child",
        sup("one_for_one", "a"),
        [["terminate_child", "", "a"], ["start_child", "", {"id": "a"}]],
        shows=['reply 1 ["error", "already_present"]'],
        never=["start a 2"],
    ),
    named(
        "SUP-092",
        "start_child that fails: an error, no spec, no retry, no intensity",
        sup("one_for_one", "a", intensity=0),
        [["start_child", "", {"id": "b"}], ["which", ""]],
        plans={"b": [FAIL]},
        shows=['reply 0 ["error", ["error", "start"]]', 'reply 1 [["a", 1, "worker"]]'],
        never=["start b 2"],
    ),
    named(
        "SUP-092",
        "start_child of a supervisor that fails: what it started is stopped again",
        sup("one_for_one", "a"),
        [
            ["start_child", "", {"id": "s", "tree": sup("one_for_one", "x", "y")}],
            ["which", ""],
        ],
        plans={"s/y": [FAIL]},
        shows=[
            "stop s/x 1 shutdown",
            'reply 0 ["error", ["shutdown", ["failed_to_start_child", "y",'
            ' ["error", "start"]]]]',
            'reply 1 [["a", 1, "worker"]]',
        ],
    ),
    named(
        "SUP-094",
        "start_child that is ignored: the spec stays unless temporary",
        sup("one_for_one"),
        [
            ["start_child", "", {"id": "a"}],
            ["start_child", "", {"id": "b", "restart": "temporary"}],
            ["which", ""],
        ],
        plans={"a": ["ignore"], "b": ["ignore"]},
        shows=["reply 0 ignore", "reply 1 ignore", 'reply 2 [["a", null, "worker"]]'],
    ),
    named(
        "SUP-095 TRAP-15",
        "terminate_child keeps the spec, unless temporary, and may be repeated",
        sup("one_for_one", "a", child("b", "temporary")),
        [
            ["terminate_child", "", "a"],
            ["terminate_child", "", "a"],
            ["terminate_child", "", "b"],
            ["terminate_child", "", "b"],
            ["which", ""],
        ],
        shows=[
            "stop a 1 shutdown",
            "reply 0 ok",
            "reply 1 ok",
            "reply 2 ok",
            'reply 3 ["error", "not_found"]',
            'reply 4 [["a", null, "worker"]]',
        ],
    ),
    named(
        "SUP-095",
        "terminate_child of a supervisor stops its tree",
        sup("one_for_one", child("s", tree=sup("one_for_one", "x", "y"))),
        [["terminate_child", "", "s"], ["restart_child", "", "s"]],
        shows=["stop s/y 1", "stop s/x 1", "stop s 1", "start s 2", "start s/y 2"],
    ),
    named(
        "SUP-097",
        "restart_child works only for a stopped child that exists",
        sup("one_for_one", "a"),
        [
            ["restart_child", "", "a"],
            ["restart_child", "", "b"],
            ["terminate_child", "", "a"],
            ["restart_child", "", "a"],
        ],
        shows=[
            'reply 0 ["error", "running"]',
            'reply 1 ["error", "not_found"]',
            'reply 3 ["ok", 2]',
        ],
    ),
    named(
        "SUP-097",
        "restart_child that fails: an error, the spec stays, no retry",
        sup("one_for_one", "a", intensity=0),
        [["terminate_child", "", "a"], ["restart_child", "", "a"], ["which", ""]],
        plans={"a": ["ok", FAIL]},
        shows=[
            'reply 1 ["error", ["error", "start"]]',
            'reply 2 [["a", null, "worker"]]',
        ],
        never=["start a 3"],
    ),
    named(
        "SUP-098",
        "delete_child works only for a stopped child",
        sup("one_for_one", "a"),
        [
            ["delete_child", "", "a"],
            ["terminate_child", "", "a"],
            ["delete_child", "", "a"],
            ["delete_child", "", "a"],
            ["start_child", "", {"id": "a"}],
        ],
        shows=[
            'reply 0 ["error", "running"]',
            "reply 2 ok",
            'reply 3 ["error", "not_found"]',
            'reply 4 ["ok", 2]',
        ],
    ),
    named(
        "SUP-099",
        "requests and exits are handled one at a time, in their order",
        sup("one_for_one", "a", "b", intensity=2),
        [
            [
                "queue",
                "",
                [
                    ["terminate_child", "a"],
                    ["exit", "b", CRASH],
                    ["restart_child", "a"],
                    ["which"],
                ],
            ]
        ],
        shows=[
            "stop b 1",
            "stop a 1 shutdown",
            "start b 2",
            "start a 2",
            'reply 0 ["ok", "ok", ["ok", 2], [["b", 2, "worker"], ["a", 2, "worker"]]]',
        ],
    ),
    named(
        "SUP-100",
        "a request to a supervisor that is gone",
        sup("one_for_one", "a"),
        [["stop_root"], ["which", ""], ["start_child", "", {"id": "b"}]],
        shows=["stop / 1", "reply 1 noproc", "reply 2 noproc"],
    ),
    named(
        "SUP-100",
        "a request that is still queued when the supervisor gives up",
        sup("one_for_one", "a", intensity=0),
        [["queue", "", [["exit", "a", CRASH], ["start_child", {"id": "b"}]]]],
        shows=["stop / 1 shutdown", 'reply 0 ["ok", "down"]'],
        never=["start b 1"],
    ),
    named(
        "SUP-100",
        "a queued request about an unknown child is not answered either",
        sup("one_for_one", "a", intensity=0),
        [["queue", "", [["exit", "a", CRASH], ["terminate_child", "nobody"]]]],
        shows=["stop / 1 shutdown", 'reply 0 ["ok", "down"]'],
    ),
    named(
        "SUP-102",
        "which_children: the latest in start order comes first",
        sup("one_for_one", "a", child("s", tree=sup("one_for_one"))),
        [["start_child", "", {"id": "c"}], crash("a"), ["which", ""]],
        shows=[
            'reply 2 [["c", 1, "worker"], ["s", 1, "supervisor"], ["a", 2, "worker"]]'
        ],
    ),
    named(
        "SUP-104",
        "count_children: active are the live ones, kinds count dead ones too",
        sup(
            "one_for_one",
            "a",
            child("s", tree=sup("one_for_one")),
            child("t", tree=sup("one_for_one")),
        ),
        [
            ["terminate_child", "", "a"],
            ["terminate_child", "", "t"],
            ["count", ""],
        ],
        shows=['reply 2 {"active": 1, "specs": 3, "supervisors": 2, "workers": 1}'],
    ),
)

NAMED = ADMINISTRATION
