"""Several nodes: names, calls and supervision beyond one process.

An engine that people run already holds names and leases and carries messages; this
package adds supervision. Rule: nothing below imports this room.

    `_rules`      decisions, pure
    `_backends`   engines, and how a node reaches one
    `_nodes`      one node: its lease, its names, its messages
"""

from trio_sup.cluster._backends.link import Backend as Backend, Link as Link
from trio_sup.cluster._backends.local import LocalBackend as LocalBackend
