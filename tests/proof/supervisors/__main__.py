"""``python -m tests.proof.supervisors``: record, check, ask, fuzz against live OTP."""

import sys

from tests.proof import commands
from tests.proof.supervisors.subject import MODEL, TRIO_SUP
from tests.proof.supervisors.suite import SUPERVISORS


def main() -> int:
    """Runs one command; the model is asked, unless it says otherwise."""
    return commands.main(SUPERVISORS, {s.name: s for s in (MODEL, TRIO_SUP)})


if __name__ == "__main__":
    sys.exit(main())
