"""``python -m tests.proof.servers``: record, check, ask, fuzz against live OTP."""

import sys

from tests.proof import commands
from tests.proof.servers.subject import TRIO_SUP
from tests.proof.servers.suite import SERVERS


def main() -> int:
    """Runs one command."""
    return commands.main(SERVERS, {TRIO_SUP.name: TRIO_SUP})


if __name__ == "__main__":
    sys.exit(main())
