"""Start and restart types: rows SUP-009 to SUP-047 and SUP-064."""

from tests.proof.supervisors.named.write import CRASH, child, crash, named, sup

FAIL = ["error", "start"]

STARTING = (
    named(
        "SUP-009",
        "two children of one id: nothing starts",
        sup("one_for_one", "a", "b", "a"),
        shows=[
            'stop / 1 ["bad_spec", ["duplicate", "a"]]',
            'root ["error", ["bad_spec", ["duplicate", "a"]]]',
        ],
        never=["start a", "start b"],
    ),
    named(
        "SUP-024",
        "children start in list order, depth first",
        sup("one_for_all", "a", child("s", tree=sup("one_for_one", "x", "y")), "b"),
        shows=["start /", "start a", "start s", "start s/x", "start s/y", "start b"],
    ),
    named(
        "SUP-025 TRAP-10",
        "a failed start stops the ones before in reverse and starts none after",
        sup("one_for_one", "a", child("b", stop="trap"), "c", "d", intensity=5),
        plans={"c": [FAIL]},
        shows=[
            "start a 1",
            "start b 1",
            'start_failed c 1 ["error", "start"]',
            "stop b 1 shutdown",
            "stop a 1 shutdown",
            'stop / 1 ["shutdown", ["failed_to_start_child", "c", ["error", "start"]]]',
            'root ["error", ["shutdown", ["failed_to_start_child", "c",'
            ' ["error", "start"]]]]',
        ],
        never=["start d", "start c 2"],
    ),
    named(
        "SUP-025",
        "the rollback honours shutdown values",
        sup("one_for_one", child("a", shutdown="brutal_kill", stop="trap"), "b"),
        plans={"b": [FAIL]},
        shows=["stop a 1 killed"],
    ),
    named(
        "SUP-027",
        "ignore keeps the spec, except of a temporary child, and others go on",
        sup("one_for_one", "a", child("b", "transient"), child("c", "temporary"), "d"),
        [["which", ""], ["count", ""]],
        plans={"a": ["ignore"], "b": ["ignore"], "c": ["ignore"]},
        shows=[
            "start_ignored a 1",
            "start_ignored c 1",
            "start d 1",
            'reply 0 [["d", 1, "worker"], ["b", null, "worker"],'
            ' ["a", null, "worker"]]',
            'reply 1 {"active": 1, "specs": 3, "supervisors": 0, "workers": 3}',
        ],
    ),
    named(
        "SUP-034",
        "the failed start of a nested supervisor is reported level by level",
        sup("one_for_one", "a", child("s", tree=sup("one_for_one", "x", "y"))),
        plans={"s/y": [FAIL]},
        shows=[
            "stop s/x 1 shutdown",
            'stop s 1 ["shutdown", ["failed_to_start_child", "y", ["error", "start"]]]',
            "stop a 1 shutdown",
            'root ["error", ["shutdown", ["failed_to_start_child", "s", ["shutdown",'
            ' ["failed_to_start_child", "y", ["error", "start"]]]]]]',
        ],
    ),
    named(
        "SUP-035 TRAP-9",
        "a death during start-up is handled after it",
        sup("one_for_all", "a", "b", intensity=2),
        plans={"a": [["then", CRASH]]},
        shows=["stop a 1", "start b 1", "stop b 1 shutdown", "start a 2", "start b 2"],
    ),
    named(
        "SUP-036",
        "a dead child is skipped in the rollback and does not change the reason",
        sup("one_for_one", "a", "b"),
        plans={"a": [["then", CRASH]], "b": [FAIL]},
        shows=[
            "stop a 1",
            "start_failed b 1",
            'stop / 1 ["shutdown", ["failed_to_start_child", "b", ["error", "start"]]]',
        ],
        never=["start a 2", "stop a 1 shutdown"],
    ),
    named(
        "SUP-037",
        "a child that starts and ends at once: the start succeeds, then giving up",
        sup("one_for_one", "a", intensity=2),
        plans={"a": [["then", "normal"]] * 4},
        shows=["start a 3", "stop a 3 normal", "stop / 1 shutdown", "root ok"],
        never=["start a 4"],
    ),
    named(
        "SUP-124",
        "a supervisor without children stays alive",
        sup("one_for_one"),
        [["count", ""]],
        shows=[
            'reply 0 {"active": 0, "specs": 0, "supervisors": 0, "workers": 0}',
            "end",
            "stop / 1 shutdown",
        ],
    ),
)

_ENDS = ["normal", "shutdown", ["shutdown", "done"], CRASH]

RESTART_TYPES = (
    named(
        "SUP-040",
        "permanent: restarted whatever the reason",
        sup("one_for_one", "a", intensity=5),
        [*(["exit", "a", reason] for reason in _ENDS), ["kill", "a"]],
        shows=[f"start a {n}" for n in (2, 3, 4, 5, 6)],
    ),
    named(
        "SUP-041",
        "transient: restarted after an error or a kill",
        sup("one_for_one", child("a", "transient"), intensity=5),
        [crash("a"), ["kill", "a"]],
        shows=["start a 2", "stop a 2 killed", "start a 3"],
    ),
    *(
        named(
            "SUP-041 SUP-043",
            f"transient: stays down after {reason}, its spec kept",
            sup("one_for_one", child("a", "transient")),
            [["exit", "a", reason], ["which", ""], ["start_child", "", {"id": "a"}]],
            shows=[
                'reply 1 [["a", null, "worker"]]',
                'reply 2 ["error", "already_present"]',
            ],
            never=["start a 2"],
        )
        for reason in _ENDS[:3]
    ),
    *(
        named(
            "SUP-042 SUP-044 SUP-016",
            f"temporary: gone after {reason}, its id free",
            sup("one_for_one", child("a", "temporary"), intensity=0),
            [["exit", "a", reason], ["which", ""], ["start_child", "", {"id": "a"}]],
            shows=["reply 1 []", "start a 2", 'reply 2 ["ok", 2]'],
        )
        for reason in _ENDS
    ),
    named(
        "SUP-045",
        "ends that need no restart use no intensity and touch no sibling",
        sup(
            "one_for_all",
            child("a", "transient"),
            child("b", "temporary"),
            "c",
            intensity=0,
        ),
        [["exit", "a", "normal"], crash("b"), ["count", ""]],
        shows=['reply 2 {"active": 1, "specs": 2, "supervisors": 0, "workers": 2}'],
        never=["start a 2", "start c 2"],
    ),
    named(
        "SUP-046",
        "the normal end of a permanent child counts",
        sup("one_for_one", "a", "b", intensity=0),
        [["exit", "a", "normal"]],
        shows=["stop a 1 normal", "stop b 1 shutdown", "stop / 1 shutdown", "reply 0"],
    ),
    *(
        named(
            "SUP-047 TRAP-1",
            f"a {restart} supervisor that gave up: {outcome}",
            sup("one_for_one", child("s", restart, tree=sup("one_for_one", "x"))),
            [crash("s/x"), crash("s/x"), ["which", ""]],
            shows=["stop s 1 shutdown", f"reply 2 {which}"],
            never=[] if restart == "permanent" else ["start s 2"],
        )
        for restart, outcome, which in (
            ("permanent", "started anew", '[["s", 2, "supervisor"]]'),
            ("transient", "stays down", '[["s", null, "supervisor"]]'),
            ("temporary", "gone", "[]"),
        )
    ),
    named(
        "SUP-064",
        "a restarted supervisor has only the children of its specification",
        sup("one_for_one", child("s", tree=sup("one_for_one", "x", intensity=0))),
        [["start_child", "s", {"id": "y"}], crash("s/x"), ["which", "s"]],
        shows=["start s 2", 'reply 2 [["x", 2, "worker"]]'],
        never=["start s/y 2"],
    ),
)

NAMED = STARTING + RESTART_TYPES
